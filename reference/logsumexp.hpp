#pragma once

#include <algorithm>

#include "reference/row.hpp"

namespace lossaudit {

/// ln Σ_j e^(x_j) of a row, as m + log1p(Σ_{j ≠ argmax} e^(x_j − m)). Its limits are unique: −inf when all are −inf,
/// +inf with any +inf.
template <typename T>
T logsumexp(RowView x) {
  if (has_nan(x)) return T(std::numeric_limits<double>::quiet_NaN());
  if (limits_of(x).kind != RowKind::finite) {
    double maximum = x[0];
    for (std::size_t i = 1; i < x.size; ++i) maximum = std::max(maximum, x[i]);
    return T(maximum);
  }
  const ShiftedRow<T> row(x);
  return T(row.maximum) + row.log_of_sum;
}

/// Its gradient softmax(x), times the incoming gradient g of the row.
template <typename T>
void logsumexp_gradient(RowView x, const T& g, std::vector<T>& out) {
  softmax_row(x, out);
  for (T& s : out) s = g * s;
}

}  // namespace lossaudit
