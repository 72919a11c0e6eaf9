#include <algorithm>
#include <cmath>
#include <limits>

#include "fast/careful.hpp"
#include "fast/exact_sum.hpp"

namespace lossaudit::fast::careful {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr DoubleDouble nan_value = {std::numeric_limits<double>::quiet_NaN(), 0};

/// The coefficients of -ln p and -ln(1 - p), and their sum: w t', 1 - t', w t' + 1 - t' with t' = (1 - a) t + a / 2.
/// The sum is taken apart because it is 1 for w = 1 however large t is.
struct Coefficients {
  DoubleDouble positive, negative, both;
};

Coefficients coefficients(const LossTask& task, double t) {
  const double a = task.smoothing;
  ExactSum smoothed;
  smoothed.add(t);
  smoothed.add_product(-a, t);
  smoothed.add(a / 2);
  const DoubleDouble positive = DoubleDouble{task.pos_weight, 0} * smoothed.value();
  ExactSum rest;
  rest.add(1);
  rest.add(-t);
  rest.add_product(a, t);
  rest.add(-a / 2);
  ExactSum both = rest;
  both.add_product(t, task.pos_weight);
  both.add_product(two_product(-a, t), {task.pos_weight, 0});
  both.add_product(a / 2, task.pos_weight);
  return {positive, rest.value(), both.value()};
}

DoubleDouble term(DoubleDouble coefficient, DoubleDouble y) {
  return coefficient.hi == 0 ? DoubleDouble{} : coefficient * y;
}

}  // namespace

DoubleDouble binary_crossentropy(const LossTask& task, float target, float output) {
  if (std::isnan(output) || !std::isfinite(target)) return nan_value;
  const Coefficients c = coefficients(task, target);
  if (task.probabilities == Probabilities::from_logits) {
    // The linear parts of softplus(-x) and softplus(x), and the part that they share.
    const double x = output;
    const DoubleDouble tail = log1p(exp({-std::abs(x), 0}));
    const DoubleDouble linear = x > 0 ? term(c.negative, {x, 0}) : term(c.positive, {-x, 0});
    return term(c.both, tail) + linear;
  }
  double p = output;
  if (task.probabilities == Probabilities::clipped) {
    p = std::min(std::max(p, task.clip_low), task.clip_high);
  } else if (!(p >= 0 && p <= 1)) {
    return nan_value;
  }
  if (p == 0) return term(c.positive, {infinity, 0});
  if (p == 1) return term(c.negative, {infinity, 0});
  // Whichever of ln p and ln(1 - p) is larger is taken out, so that nothing cancels near 1/2 when t is large, nor at
  // the ends.
  const DoubleDouble one_minus_p = two_sum(1, -p);
  const DoubleDouble odds = log(DoubleDouble{p, 0} / one_minus_p);
  if (p <= 0.5) return -(c.both * log1p({-p, 0}) + c.positive * odds);
  return -(c.both * log({p, 0}) - c.negative * odds);
}

}  // namespace lossaudit::fast::careful
