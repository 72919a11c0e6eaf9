#pragma once

#include <limits>

#include "reference/categorical_crossentropy.hpp"

namespace lossaudit {

/// −Σ_i w_i t_i ln p_i of a row: no clip, no normalisation.
template <typename T>
T cross_entropy_error(const Problem& problem, RowView target, RowView p) {
  if (!is_target(target)) return T(std::numeric_limits<double>::quiet_NaN());
  return weighted_entropy(problem, log_probabilities<T>(problem, p), [target](std::size_t i) { return target[i]; });
}

/// Its gradient with respect to p, scaled: −w_i t_i / p_i.
template <typename T>
void cross_entropy_error_gradient(const Problem& problem, RowView target, RowView p, const Scale<T>& scale,
                                  std::vector<T>& out) {
  if (!is_target(target)) return out.assign(p.size, T(std::numeric_limits<double>::quiet_NaN()));
  weighted_entropy_gradient<T>(
      problem, p, [target](std::size_t i) { return target[i]; }, scale, out);
}

}  // namespace lossaudit
