// Sums of doubles without any rounding, the same whatever the order.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "fast/double_double.hpp"

namespace lossaudit::fast {

/// An exact sum: a fixed-point number that reaches over all doubles, in digits of 32 bits held in 64-bit integers, so
/// that nothing carries until the end (the "small superaccumulator" of Neal, "Fast exact summation using small and large
/// superaccumulators", 2015). Infinities and NaNs are summed apart. Good for 2^30 terms between two merges.
class ExactSum {
 public:
  ExactSum() {}  // NOLINT: digits are set when they are reached
  ExactSum(const ExactSum& other) { *this = other; }
  ExactSum& operator=(const ExactSum& other);

  void add(double x);
  void add(const ExactSum& other);

  /// a * b, exactly unless it underflows.
  void add_product(double a, double b) {
    const DoubleDouble product = two_product(a, b);
    add(product.hi);
    add(product.lo);
  }

  /// The sum to 2^-95, a function of the exact sum alone; 0 only when it is 0.
  [[nodiscard]] DoubleDouble value() const;

 private:
  static constexpr std::size_t digits = 68;  // 2098 bits of doubles and two digits for carries

  /// Makes [first, last) a part of the digits that are set.
  void reach(std::size_t first, std::size_t last) {
    if (first_ == last_) first_ = last_ = first;
    while (first_ > first) digit_[--first_] = 0;
    while (last_ < last) digit_[last_++] = 0;
  }
  void carry();

  std::array<std::int64_t, digits>
      digit_;  // digit i counts 2^(32 i - 1074); those outside [first_, last_) are 0, unset
  std::size_t first_ = 0, last_ = 0;
  std::uint32_t uncarried_ = 0;  // terms since the last carry
  double special_ = 0;           // 0, or the infinity or NaN that the sum is
};

}  // namespace lossaudit::fast
