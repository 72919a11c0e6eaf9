#pragma once

#include "reference/row.hpp"

namespace lossaudit {

/// e^(x_i) / Σ_j e^(x_j) over a row.
template <typename T>
void softmax(RowView x, std::vector<T>& out) {
  softmax_row(x, out);
}

/// The incoming gradient g pulled back: s_i (g_i − Σ_j g_j s_j).
template <typename T>
void softmax_gradient(RowView x, const std::vector<T>& g, std::vector<T>& out) {
  softmax_row(x, out);
  // Shifting g by a constant changes nothing; taking g_0 off makes a constant g exactly 0.
  Sum<T> sum;
  for (std::size_t j = 0; j < x.size; ++j) sum.add(term(g[j] - g[0], out[j]));
  const T mean = sum.value();
  for (std::size_t i = 0; i < x.size; ++i) out[i] = out[i] * ((g[i] - g[0]) - mean);
}

}  // namespace lossaudit
