#pragma once

#include <cstdint>
#include <limits>

#include "reference/categorical_crossentropy.hpp"

namespace lossaudit {

/// categorical_crossentropy of the label's one-hot vector, by the dialect's own steps. NaN for a label that is no
/// class.
template <typename T>
T sparse_categorical_crossentropy(const Problem& problem, std::int64_t label, RowView o) {
  if (label < 0 || static_cast<std::uint64_t>(label) >= o.size) return T(std::numeric_limits<double>::quiet_NaN());
  const std::vector<T> log_p = log_probabilities<T>(problem, o, traits(problem.contract.dialect).sparse_steps);
  return weighted_entropy(problem, log_p,
                          [label](std::size_t i) { return i == static_cast<std::size_t>(label) ? 1.0 : 0.0; });
}

}  // namespace lossaudit
