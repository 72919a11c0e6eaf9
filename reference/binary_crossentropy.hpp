#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "reference/problem.hpp"
#include "reference/sigmoid.hpp"
#include "reference/softplus.hpp"

namespace lossaudit {

/// −c ln p − d ln(1 − p) is the loss: c = w t and d = 1 − t, with t smoothed and w the pos_weight.
template <typename T>
struct BinaryCoefficients {
  BinaryCoefficients(const Problem& problem, double target) {
    const T t = smoothed<T>(problem, target, 2);
    positive = T(problem.pos_weight) * t;
    negative = T(1) - t;
  }
  T positive, negative;
};

/// Whether the loss of this target and output is not a number, nor its derivative.
inline bool is_undefined(const Problem& problem, double target, double output) {
  return std::isnan(output) || !std::isfinite(target) || problem.out_of_domain(output);
}

/// The dialect's ln p and ln(1 − p).
template <typename T>
struct LogPair {
  T of_p, of_rest;
};

template <typename T>
LogPair<T> log_pair(const Problem& problem, const T& p) {
  const T epsilon(problem.clip_low);
  const T floor(-100);
  switch (problem.path.logarithm) {
    case Logarithm::plus_epsilon:
      return {log(p + epsilon), log(T(1) - p + epsilon)};
    case Logarithm::floored:
      return {max(log(p), floor), max(log1p(-p), floor)};
    case Logarithm::plain:
      break;
  }
  return {log(p), log1p(-p)};
}

/// −w t ln p − (1 − t) ln(1 − p), elementwise, with t smoothed, w the pos_weight, p the dialect's probability and ln
/// its logarithm; from logits the same at p = sigmoid(x), written w t softplus(−x) + (1 − t) softplus(x).
template <typename T>
T binary_crossentropy(const Problem& problem, double target, double output) {
  T undefined(std::numeric_limits<double>::quiet_NaN());
  if (is_undefined(problem, target, output)) return undefined;
  const auto [positive, negative] = BinaryCoefficients<T>(problem, target);
  if (problem.contract.options.from_logits) {
    const bool meets_zero = std::isinf(output) && is_zero(output < 0 ? positive : negative);
    if (meets_zero && problem.path.zero_times_infinity_is_nan) return undefined;
    const T tail = softplus_tail<T>(output);
    // The tail counts once, so that coefficients of opposite signs (t outside [0, 1]) do not hide its sign.
    return term(positive, T(std::max(-output, 0.0))) + term(negative, T(std::max(output, 0.0))) +
           term(positive + negative, tail);
  }
  const LogPair<T> logs = log_pair(problem, problem.path.clips() ? clipped(problem, T(output)) : T(output));
  return -(term(positive, logs.of_p) + term(negative, logs.of_rest));
}

/// The derivative, scaled, of −c ln p − d ln(1 − p) by the dialect's logarithms and slope: d / (1 − p) − c / p.
template <typename T>
T binary_slope(const Problem& problem, const T& positive, const T& negative, const T& p, const Scale<T>& scale) {
  const T rest = T(1) - p;
  const T infinity(std::numeric_limits<double>::infinity());
  if (problem.path.slope == Slope::bounded_quotient) {
    // PyTorch's constexpr float EPSILON: 1e-12 as f32 holds it, also where f64 is computed.
    const T bound(round_to(Format::f32, 1e-12));
    return scale.of(p - positive, max(rest * p, bound));
  }
  const T epsilon(problem.path.logarithm == Logarithm::plus_epsilon ? problem.clip_low : 0);
  const T below = p + epsilon;
  const T above = rest + epsilon;
  if (is_zero(below)) return scale.of(is_zero(positive) ? negative : -(positive * infinity));
  if (is_zero(above)) return scale.of(is_zero(negative) ? -positive : negative * infinity);
  return scale.of(negative * below - positive * above, below * above);
}

/// Its derivative with respect to the output, scaled: (1 − t) / (1 − p) − w t / p where the dialect's steps pass it, else 0;
/// from logits (1 − t) sigmoid(x) − w t sigmoid(−x).
template <typename T>
T binary_crossentropy_derivative(const Problem& problem, double target, double output, const Scale<T>& scale) {
  if (is_undefined(problem, target, output)) return T(std::numeric_limits<double>::quiet_NaN());
  const auto [positive, negative] = BinaryCoefficients<T>(problem, target);
  if (problem.contract.options.from_logits) {
    // sigmoid(x) + sigmoid(−x) = 1: the smaller of the two counts once, as the tail of the loss does.
    const T smaller = term(positive + negative, sigmoid<T>(-std::fabs(output)));
    return scale.of(output < 0 ? smaller - positive : negative - smaller);
  }
  if (!problem.path.clips()) return binary_slope(problem, positive, negative, T(output), scale);
  const T p = clipped(problem, T(output));
  return passed(T(output), T(problem.clip_low), T(problem.clip_high),
                binary_slope(problem, positive, negative, p, scale));
}

}  // namespace lossaudit
