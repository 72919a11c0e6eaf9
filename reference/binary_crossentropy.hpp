#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "reference/problem.hpp"
#include "reference/sigmoid.hpp"
#include "reference/softplus.hpp"

namespace lossaudit {

/// −w t ln p − (1 − t) ln(1 − p), elementwise, with t smoothed, w the pos_weight and p the dialect's probability; from
/// logits the same at p = sigmoid(x), written w t softplus(−x) + (1 − t) softplus(x).
template <typename T>
T binary_crossentropy(const Problem& problem, double target, double output) {
  if (std::isnan(output) || !std::isfinite(target)) return T(std::numeric_limits<double>::quiet_NaN());
  const T t = smoothed<T>(problem, target, 2);
  const T positive = T(problem.pos_weight) * t;
  const T negative = T(1) - t;
  if (problem.contract.options.from_logits) {
    const T tail = softplus_tail<T>(output);
    // The tail counts once, so that coefficients of opposite signs (t outside [0, 1]) do not hide its sign.
    return term(positive, T(std::max(-output, 0.0))) + term(negative, T(std::max(output, 0.0))) +
           term(positive + negative, tail);
  }
  if (problem.out_of_domain(output)) return T(std::numeric_limits<double>::quiet_NaN());
  T p(output);
  for (const ProbabilityStep step : traits(problem.contract.dialect).binary_steps) {
    if (step == ProbabilityStep::clip) p = clipped(problem, p);
  }
  return -(term(positive, log(p)) + term(negative, log1p(-p)));
}

/// Its derivative with respect to the output: (1 − t) / (1 − p) − w t / p where the dialect's steps pass it, else 0;
/// from logits (1 − t) sigmoid(x) − w t sigmoid(−x).
template <typename T>
T binary_crossentropy_derivative(const Problem& problem, double target, double output) {
  if (std::isnan(output) || !std::isfinite(target)) return T(std::numeric_limits<double>::quiet_NaN());
  const T t = smoothed<T>(problem, target, 2);
  const T positive = T(problem.pos_weight) * t;
  const T negative = T(1) - t;
  if (problem.contract.options.from_logits) {
    return term(negative, sigmoid<T>(output)) - term(positive, sigmoid<T>(-output));
  }
  if (problem.out_of_domain(output)) return T(std::numeric_limits<double>::quiet_NaN());
  const T one(1);
  const T infinity(std::numeric_limits<double>::infinity());
  T p(output);
  T before = p;
  bool clips = false;
  for (const ProbabilityStep step : traits(problem.contract.dialect).binary_steps) {
    clips = step == ProbabilityStep::clip;
    if (clips) p = clipped(problem, p);
  }
  T slope;
  if (is_zero(p)) {
    slope = is_zero(positive) ? negative : -(positive * infinity);
  } else if (is_zero(one - p)) {
    slope = is_zero(negative) ? -positive : negative * infinity;
  } else {
    slope = (negative * p - positive * (one - p)) / (p * (one - p));
  }
  return clips ? passed(before, T(problem.clip_low), T(problem.clip_high), slope) : slope;
}

}  // namespace lossaudit
