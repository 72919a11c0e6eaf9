#pragma once

#include "reference/row.hpp"

namespace lossaudit {

/// x_i − ln Σ_j e^(x_j) over a row, as (x_i − m) − log1p(Σ_{j ≠ argmax} e^(x_j − m)).
template <typename T>
void log_softmax(RowView x, std::vector<T>& out) {
  log_softmax_row(x, out);
}

/// The incoming gradient g pulled back: g_i − s_i Σ_j g_j.
template <typename T>
void log_softmax_gradient(RowView x, const std::vector<T>& g, std::vector<T>& out) {
  softmax_row(x, out);
  Sum<T> total;
  for (const T& part : g) total.add(part);
  const T sum = total.value();
  for (std::size_t i = 0; i < x.size; ++i) out[i] = g[i] - out[i] * sum;
}

}  // namespace lossaudit
