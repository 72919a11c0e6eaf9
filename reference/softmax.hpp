#pragma once

#include "reference/row.hpp"

namespace lossaudit {

/// e^(x_i) / Σ_j e^(x_j) over a row.
template <typename T>
void softmax(RowView x, std::vector<T>& out) {
  const RowLimits limits = limits_of(x);
  out.assign(x.size, T(std::numeric_limits<double>::quiet_NaN()));
  if (limits.kind == RowKind::finite) {
    const ShiftedRow<T> row(x);
    for (std::size_t i = 0; i < x.size; ++i) out[i] = row.softmax(i);
  } else if (limits.kind == RowKind::one_infinity) {
    for (std::size_t i = 0; i < x.size; ++i) out[i] = T(i == limits.at ? 1 : 0);
  }
}

}  // namespace lossaudit
