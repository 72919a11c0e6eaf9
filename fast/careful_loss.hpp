// The losses in a type T of many digits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "fast/careful_row.hpp"
#include "fast/loss_task.hpp"
#include "fast/magnified.hpp"

namespace lossaudit::fast::careful {

/// w ((1 - a) t + a / K), the smoothed and weighted target. Zero and sign are exact in Wide: only the last step
/// divides.
template <class T, class V>
Magnified<T> coefficient(const LossTaskOf<V>& task, double w, double t, std::size_t classes) {
  const T smoothed =
      task.smoothing == 0
          ? T(t)
          : T(((T(1.0) - T(task.smoothing)) * (T(t) * T(static_cast<double>(classes))) + T(task.smoothing)) /
              T(static_cast<double>(classes)));
  return {T(w) * smoothed, std::abs(w) * (std::abs(t) + task.smoothing)};
}

template <class T, class V>
Magnified<T> binary_crossentropy(const LossTaskOf<V>& task, double t, double output) {
  if (std::isnan(output) || !std::isfinite(t)) return {T(not_a_number)};
  const Magnified<T> positive = coefficient<T>(task, task.pos_weight, t, 2);
  // 1 - t' is the smoothed 1 - t, which T holds exactly or nearly so.
  Magnified<T> negative;
  negative.value = (T(1.0) - T(task.smoothing)) * (T(1.0) - T(t)) + T(task.smoothing / 2);
  negative.magnitude = 1 + std::abs(t);
  Magnified<T> loss;
  if (task.probabilities == Probabilities::from_logits) {
    const double size = std::abs(output);
    const T tail = std::isinf(size) ? T(0.0) : T(log1p(exp(-T(size))));
    const T far = T(size) + tail;
    add_term(loss, positive, output > 0 ? tail : far);
    add_term(loss, negative, output > 0 ? far : tail);
    return loss;
  }
  double p = output;
  if (task.probabilities == Probabilities::clipped) {
    p = std::clamp(p, task.clip_low, task.clip_high);
  } else if (!(p >= 0 && p <= 1)) {
    return {T(not_a_number)};
  }
  add_term(loss, positive, minus_log(T(p)));
  add_term(loss, negative, p == 1 ? T(infinity) : T(-log1p(-T(p))));
  return loss;
}

template <class T, class V>
Magnified<T> entropy(const LossTaskOf<V>& task, std::size_t row) {
  const RowViewOf<V> output = row_of(task.rows, task.output, row);
  const std::int64_t label = task.labels == nullptr ? 0 : task.labels[row];
  if (task.labels != nullptr && !is_class(label, output.size)) return {T(not_a_number)};
  const Surprises<T> surprises = surprises_of<T>(task, output);
  if (surprises.empty()) return {T(not_a_number)};
  Magnified<T> loss;
  for (std::size_t i = 0; i < output.size; ++i) {
    const double one_hot = static_cast<std::uint64_t>(label) == i ? 1 : 0;
    const double t = task.labels != nullptr ? one_hot : row_of(task.rows, task.target, row)[i];
    if (!std::isfinite(t)) return {T(not_a_number)};
    add_term(loss, coefficient<T>(task, task.class_weight(i), t, output.size), surprises[i]);
  }
  return loss;
}

template <class T, class V>
Magnified<T> squared_error(const LossTaskOf<V>& task, std::size_t row) {
  const RowViewOf<V> output = row_of(task.rows, task.output, row);
  const RowViewOf<V> target = row_of(task.rows, task.target, row);
  T sum(0.0);
  for (std::size_t i = 0; i < output.size; ++i) {
    const T difference = T(target[i]) - T(output[i]);
    sum = sum + difference * difference;
  }
  const T mean = sum / T(static_cast<double>(output.size));
  return {mean, to_double(mean)};
}

/// The loss of that index before its sample weight.
template <class T, class V>
Magnified<T> loss_of(const LossTaskOf<V>& task, std::size_t index) {
  switch (task.kind) {
    case LossKind::binary:
      return binary_crossentropy<T>(task, task.target[index], task.output[index]);
    case LossKind::squares:
      return squared_error<T>(task, index);
    default:
      return entropy<T>(task, index);
  }
}

/// Σ s_r L_r of the losses that count.
template <class T, class V>
Magnified<T> sum_of_losses(const LossTaskOf<V>& task) {
  Magnified<T> sum;
  for (std::size_t i = 0; i < task.losses(); ++i) {
    if (task.ignores(i)) continue;
    const Magnified<T> loss = loss_of<T>(task, i);
    const double s = task.sample_weight(i);
    const double size = to_double(loss.value);
    if (s == 0 && !std::isnan(size)) continue;
    sum.value = sum.value + T(s) * loss.value;
    sum.magnitude += std::abs(s) * loss.magnitude;
    sum.is_certain = sum.is_certain && loss.is_certain;
  }
  return sum;
}

}  // namespace lossaudit::fast::careful
