#include "fast/reduction.hpp"

#include <cmath>
#include <limits>

#include "fast/exact_sum.hpp"

namespace lossaudit::fast {
namespace {

/// Good enough as it is: trusted, or an infinity or NaN that no better arithmetic would change.
bool is_final(DoubleDouble sum, double magnitude) {
  return Estimate{sum.hi, magnitude}.is_trusted() || !std::isfinite(magnitude);
}

}  // namespace

void LossSum::add(const LossEstimate& estimate, double s, std::size_t units) {
  loss_ = loss_ + DoubleDouble{weighted(s, estimate.loss.value), 0};
  loss_magnitude_ += weighted(std::abs(s), estimate.loss.magnitude);
  weight_ = weight_ + DoubleDouble{s * estimate.weight.value, 0};
  weight_magnitude_ += std::abs(s) * estimate.weight.magnitude;
  units_ += units;
}

float LossSum::result(const LossOptions& options, std::size_t n, const Again& again) const {
  const bool is_mean = options.reduction == Reduction::mean;
  const bool counts_units = options.dialect == Dialect::keras1;
  DoubleDouble loss = loss_;
  DoubleDouble weight = counts_units ? DoubleDouble{static_cast<double>(units_), 0} : weight_;
  const bool loss_is_final = is_final(loss_, loss_magnitude_);
  const bool weight_is_final = !is_mean || counts_units || is_final(weight_, weight_magnitude_);
  if (!loss_is_final || !weight_is_final) {
    ExactSum losses;
    ExactSum weights;
    for (std::size_t i = 0; i < n; ++i) {
      const Exact one = again(i);
      losses.add_product(one.loss, {one.sample_weight, 0});
      weights.add_product(one.weight, {one.sample_weight, 0});
    }
    if (!loss_is_final) loss = losses.value();
    if (!weight_is_final) weight = weights.value();
  }
  if (!is_mean) return static_cast<float>(loss.hi);
  if (weight.hi == 0) return std::numeric_limits<float>::quiet_NaN();
  return static_cast<float>((loss / weight).hi);
}

}  // namespace lossaudit::fast
