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

  /// a * b, exactly unless it underflows.
  void add_product(double a, double b) {
    const DoubleDouble product = two_product(a, b);
    add(product.hi);
    add(product.lo);
  }

  /// The sum to 2^-102; 0 only when it is 0.
  [[nodiscard]] DoubleDouble value() const {
    if (special_ != 0) return {special_, 0};
    DoubleDouble sum;
    for (std::size_t i = parts_.size(); i-- > 0;) sum = sum + parts_[i];
    return sum;
  }

 private:
  std::vector<double> parts_;  // increasing in magnitude
  double special_ = 0;         // 0, or the infinity or NaN that the sum is
};

}  // namespace lossaudit::fast
