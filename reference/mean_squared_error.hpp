#pragma once

#include <vector>

#include "reference/problem.hpp"

namespace lossaudit {

/// Σ_i (t_i − o_i)² / n of a row of n.
template <typename T>
T mean_squared_error(RowView target, RowView o) {
  Sum<T> sum;
  for (std::size_t i = 0; i < o.size; ++i) {
    const T difference = T(target[i]) - T(o[i]);
    sum.add(difference * difference);
  }
  return sum.value() / T(static_cast<double>(o.size));
}

/// Its gradient with respect to o, scaled: 2 (o_i − t_i) / n.
template <typename T>
void mean_squared_error_gradient(RowView target, RowView o, const Scale<T>& scale, std::vector<T>& out) {
  out.clear();
  for (std::size_t i = 0; i < o.size; ++i) {
    out.push_back(scale.of(T(2) * (T(o[i]) - T(target[i])), T(static_cast<double>(o.size))));
  }
}

}  // namespace lossaudit
