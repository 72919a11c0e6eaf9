// Sums of doubles without any rounding.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "fast/double_double.hpp"

namespace lossaudit::fast {

/// An exact sum, kept as doubles that do not overlap (Shewchuk, "Adaptive precision floating-point arithmetic and fast
/// robust geometric predicates", 1997, "Grow-Expansion"). Infinities and NaNs are summed apart.
class ExactSum {
 public:
  void add(double x) {
    if (!std::isfinite(x)) {
      special_ += x;
      return;
    }
    std::size_t kept = 0;
    for (const double part : parts_) {
      const DoubleDouble sum = two_sum(x, part);
      if (sum.lo != 0) parts_[kept++] = sum.lo;
      x = sum.hi;
    }
    parts_.resize(kept);
    if (x != 0) parts_.push_back(x);
  }

  void add(DoubleDouble x) {
    add(x.hi);
    add(x.lo);
  }

  /// a * b, exactly unless it underflows.
  void add_product(double a, double b) { add(two_product(a, b)); }

  /// The product of two double-doubles, exactly.
  void add_product(DoubleDouble a, DoubleDouble b) {
    add_product(a.hi, b.hi);
    if (!std::isfinite(a.hi * b.hi)) return;
    if (b.lo != 0) add_product(a.hi, b.lo);
    if (a.lo != 0) add_product(a.lo, b.hi);
    if (a.lo != 0 && b.lo != 0) add_product(a.lo, b.lo);
  }

  /// The sum to 2^-102; 0 only when it is 0.
  [[nodiscard]] DoubleDouble value() const {
    if (special_ != 0) return {special_, 0};
    DoubleDouble sum;
    for (std::size_t i = parts_.size(); i-- > 0;) sum = sum + DoubleDouble{parts_[i], 0};
    return sum;
  }

 private:
  std::vector<double> parts_;  // increasing in magnitude
  double special_ = 0;         // 0, or the infinity or NaN that the sum is
};

}  // namespace lossaudit::fast
