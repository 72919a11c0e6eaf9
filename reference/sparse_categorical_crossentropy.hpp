#pragma once

#include <cstdint>
#include <limits>

#include "reference/categorical_crossentropy.hpp"

namespace lossaudit {

inline bool is_class(std::int64_t label, std::size_t classes) {
  return label >= 0 && static_cast<std::uint64_t>(label) < classes;
}

/// The target that a label stands for.
inline auto one_hot(std::int64_t label) {
  return [label](std::size_t i) { return i == static_cast<std::size_t>(label) ? 1.0 : 0.0; };
}

/// categorical_crossentropy of the label's one-hot vector, by the dialect's own steps. NaN for a label that is no
/// class.
template <typename T>
T sparse_categorical_crossentropy(const Problem& problem, std::int64_t label, RowView o) {
  if (!is_class(label, o.size)) return T(std::numeric_limits<double>::quiet_NaN());
  const std::vector<T> log_p = log_probabilities<T>(problem, o);
  return weighted_entropy(problem, log_p, one_hot(label));
}

/// Its gradient with respect to o, scaled.
template <typename T>
void sparse_categorical_crossentropy_gradient(const Problem& problem, std::int64_t label, RowView o,
                                              const Scale<T>& scale, std::vector<T>& out) {
  if (!is_class(label, o.size)) return out.assign(o.size, T(std::numeric_limits<double>::quiet_NaN()));
  weighted_entropy_gradient(problem, o, one_hot(label), scale, out);
}

}  // namespace lossaudit
