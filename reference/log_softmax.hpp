#pragma once

#include "reference/row.hpp"

namespace lossaudit {

/// x_i − ln Σ_j e^(x_j) over a row, as (x_i − m) − log1p(Σ_{j ≠ argmax} e^(x_j − m)).
template <typename T>
void log_softmax(RowView x, std::vector<T>& out) {
  log_softmax_row(x, out);
}

}  // namespace lossaudit
