#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "reference/probabilities.hpp"
#include "reference/row.hpp"

namespace lossaudit {

/// ln of the probabilities of a row of outputs, by the dialect's steps, or log_softmax when they are logits.
template <typename T>
std::vector<T> log_probabilities(const Problem& problem, RowView o) {
  std::vector<T> logs;
  if (problem.contract.options.from_logits && problem.path.steps.empty()) {
    log_softmax_row(o, logs);
  } else if (!problem.path.steps.empty() && problem.path.steps.front() == Step::softmax) {
    // Then a clip: it is taken of the logarithm, which exists where the probability underflows any precision.
    log_softmax_row(o, logs);
    for (T& l : logs) l = min(max(l, log(T(problem.clip_low))), log(T(problem.clip_high)));
  } else {
    prepared_probabilities(problem, o, problem.path.steps, logs);
    for (T& p : logs) p = log(p);
  }
  return logs;
}

/// −Σ_i w_i t_i ln p_i over a row, with t smoothed and w the class weights. Target is a function of the class index.
template <typename T, typename Target>
T weighted_entropy(const Problem& problem, const std::vector<T>& log_p, Target target) {
  Sum<T> sum;
  for (std::size_t i = 0; i < log_p.size(); ++i) {
    if (is_nan(log_p[i])) return log_p[i];
    const T coefficient = T(problem.class_weight(i)) * smoothed<T>(problem, target(i), log_p.size());
    sum.add(term(coefficient, log_p[i]));
  }
  return -sum.value();
}

/// The gradient of weighted_entropy with respect to the outputs, scaled, for any target: from logits s_i Σ_j c_j − c_i
/// with c_i = w_i t_i; from probabilities by the dialect's steps. Both are linear in c, which is K times as large here
/// for K smoothed classes.
template <typename T, typename Target>
void weighted_entropy_gradient(const Problem& problem, RowView o, Target target, const Scale<T>& given,
                               std::vector<T>& out) {
  const bool smooths = problem.label_smoothing != 0;
  const T multiple(smooths ? static_cast<double>(o.size) : 1);
  const Scale<T> scale{given.factor, given.divisor * multiple};
  std::vector<T> coefficient;
  for (std::size_t i = 0; i < o.size; ++i) {
    const T t = smooths ? smoothed_times_classes<T>(problem, target(i), o.size) : T(target(i));
    coefficient.push_back(T(problem.class_weight(i)) * t);
    if (std::isnan(problem.class_weight(i))) return out.assign(o.size, coefficient[i]);
  }
  if (!problem.contract.options.from_logits || !problem.path.steps.empty()) {
    return entropy_gradient(problem, o, problem.path.steps, coefficient, scale, out);
  }
  Sum<T> sum;
  if (problem.path.slope == Slope::softmax_minus_target) {
    sum.add(multiple);
  } else {
    for (const T& c : coefficient) sum.add(c);
  }
  softmax_row(o, out);
  for (std::size_t i = 0; i < o.size; ++i) out[i] = scale.of(out[i] * sum.value() - coefficient[i]);
}

/// Whether the dialect multiplies a coefficient of 0 by a logarithm of −inf and gets NaN.
template <typename T>
bool loses_zero_terms(const Problem& problem, RowView target, RowView o) {
  if (!problem.path.zero_times_infinity_is_nan) return false;
  const RowLimits limits = limits_of(o);
  for (std::size_t i = 0; i < o.size; ++i) {
    const bool is_infinite = limits.kind == RowKind::one_infinity ? i != limits.at : std::isinf(o[i]);
    if (is_infinite && is_zero(T(problem.class_weight(i)) * smoothed<T>(problem, target[i], o.size))) return true;
  }
  return false;
}

/// −Σ_i w_i t_i ln(o_i / Σ o) of a row; from logits Σ_i w_i t_i (logsumexp(x) − x_i).
template <typename T>
T categorical_crossentropy(const Problem& problem, RowView target, RowView o) {
  if (!is_target(target)) return T(std::numeric_limits<double>::quiet_NaN());
  if (loses_zero_terms<T>(problem, target, o)) return T(std::numeric_limits<double>::quiet_NaN());
  const std::vector<T> log_p = log_probabilities<T>(problem, o);
  return weighted_entropy(problem, log_p, [target](std::size_t i) { return target[i]; });
}

/// Its gradient with respect to o, scaled.
template <typename T>
void categorical_crossentropy_gradient(const Problem& problem, RowView target, RowView o, const Scale<T>& scale,
                                       std::vector<T>& out) {
  if (!is_target(target) || loses_zero_terms<T>(problem, target, o)) {
    return out.assign(o.size, T(std::numeric_limits<double>::quiet_NaN()));
  }
  weighted_entropy_gradient(
      problem, o, [target](std::size_t i) { return target[i]; }, scale, out);
}

}  // namespace lossaudit
