#include "fast/reduction.hpp"

#include <cmath>
#include <limits>

#include "fast/careful.hpp"

namespace lossaudit::fast {
namespace {

/// Good enough as it is: trusted, or an infinity or NaN that no better arithmetic would change.
bool is_final(DoubleDouble sum, double magnitude) {
  return Estimate{sum.hi, magnitude}.is_trusted() || !std::isfinite(magnitude);
}

}  // namespace

void LossSum::add(const LossEstimate& estimate, double s, std::size_t units) {
  loss_ = loss_ + weighted(s, estimate.loss.value);
  loss_magnitude_ += weighted(std::abs(s), estimate.loss.magnitude);
  weight_ = weight_ + s * estimate.weight.value;
  weight_magnitude_ += std::abs(s) * estimate.weight.magnitude;
  units_ += units;
}

float LossSum::result(const LossOptions& options, const LossTask& task) const {
  const double loss = is_final(loss_, loss_magnitude_) ? loss_.hi : careful::sum_of_losses(task);
  if (options.reduction == Reduction::sum) return static_cast<float>(loss);
  const double weight = options.dialect == Dialect::keras1     ? static_cast<double>(units_)
                        : is_final(weight_, weight_magnitude_) ? weight_.hi
                                                               : careful::sum_of_weights(task);
  return static_cast<float>(weight == 0 ? std::numeric_limits<double>::quiet_NaN() : loss / weight);
}

}  // namespace lossaudit::fast
