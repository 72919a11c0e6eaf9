// A row of logits in doubles, and what its losses need of it.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "fast/double_double.hpp"
#include "fast/losses.hpp"

namespace lossaudit::fast {

/// A contiguous row and its reduction.
class DoubleRow {
 public:
  DoubleRow(const double* x, std::size_t n);

  [[nodiscard]] bool is_finite() const { return std::isfinite(maximum_) && !std::isnan(others_.hi); }

  /// One +inf, whose limit takes all, and no NaN.
  [[nodiscard]] bool has_limit() const;

  /// Σ e^(x_j - maximum)
  [[nodiscard]] DoubleDouble sum() const {
    return DoubleDouble(1) + DoubleDouble{others_.hi * sum_unit, others_.lo * sum_unit};
  }

  /// Its logarithm, rounded once if it is subnormal.
  [[nodiscard]] DoubleDouble log_of_sum() const {
    const double high = others_.hi * sum_unit;
    if (high < 0x1p-960) return {high, 0};
    return log1p(DoubleDouble{high, others_.lo * sum_unit});
  }

  [[nodiscard]] double operator[](std::size_t i) const { return x_[i]; }
  [[nodiscard]] const double* data() const { return x_; }
  [[nodiscard]] std::size_t size() const { return n_; }
  [[nodiscard]] double maximum() const { return maximum_; }

 private:
  static constexpr double sum_unit = 0x1p-512;

  const double* x_;
  std::size_t n_;
  double maximum_;
  DoubleDouble others_;  ///< Σ of all but one that holds the maximum, in units of 2^-512
};

/// The classes of a row, rows being numbered outer-major: in place, or copied to `scratch`.
const double* contiguous(const double* tensor, const Rows& rows, std::size_t row, std::vector<double>& scratch);

}  // namespace lossaudit::fast
