#include "fast/soft_completion.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "fast/double_double.hpp"
#include "fast/double_row.hpp"

namespace lossaudit::fast {
namespace {

/// Σ keep t_i + share, of terms rounded once, within 2^-90 of what they add up to: every one of 16 lanes keeps its
/// rounding errors.
DoubleDouble sum_of_coefficients(const float* target, std::size_t n, double keep, double share) {
  constexpr std::size_t lanes = 16;
  double high[lanes] = {};
  double low[lanes] = {};
  const auto take = [&](std::size_t i, std::size_t count) {
    for (std::size_t l = 0; l < count; ++l) {
      const double c = keep * static_cast<double>(target[i + l]) + share;
      const double sum = high[l] + c;
      const double part = sum - high[l];
      low[l] += (high[l] - (sum - part)) + (c - part);
      high[l] = sum;
    }
  };
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) take(i, lanes);
  take(i, n - i);
  DoubleDouble sum = 0;
  for (std::size_t l = 0; l < lanes; ++l) sum = sum + two_sum(high[l], low[l]);
  return sum;
}

}  // namespace

bool complete_soft_gradient(const SoftBatch& batch, std::size_t row) {
  const std::size_t n = batch.classes;
  const float* target = batch.target + row * n;
  float* gradient = batch.gradient + row * n;
  const double factor = batch.factors == nullptr ? 1 : batch.factors[row];
  const std::vector<double> logits(batch.x + row * n, batch.x + (row + 1) * n);
  const DoubleRow reduced(logits.data(), n);
  if (!reduced.is_finite()) return false;
  const DoubleDouble ratio = sum_of_coefficients(target, n, batch.keep, batch.share) / reduced.sum();
  // The sum of the exponentials is good to 2^-54. A smoothed coefficient is rounded twice, and its share once before.
  const bool is_smoothed = batch.keep != 1 || batch.share != 0;
  const double cancels = is_smoothed ? 0x1p-25 : 0x1p-27;
  bool is_complete = true;
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isnan(gradient[i])) continue;
    const double c = batch.keep * static_cast<double>(target[i]) + batch.share;
    const DoubleDouble distance = DoubleDouble(logits[i]) - DoubleDouble(reduced.maximum());
    const DoubleDouble value = exp(distance) * ratio - DoubleDouble(c);
    if (std::abs(value.hi) >= cancels * c) {
      gradient[i] = static_cast<float>(value.hi * factor);
    } else {
      is_complete = false;
    }
  }
  return is_complete;
}

}  // namespace lossaudit::fast
