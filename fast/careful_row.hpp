// A row of logits in double-double arithmetic.
#pragma once

#include <cstddef>

#include "fast/double_double.hpp"
#include "fast/loss_task.hpp"

namespace lossaudit::fast::careful {

/// What kind of row it is: its limits if its maximum is infinite.
struct RowKind {
  bool has_nan = false;
  std::size_t infinities = 0;  ///< how many are +inf
  std::size_t argmax = 0;
  float maximum = 0;
  [[nodiscard]] bool is_finite() const { return !has_nan && maximum - maximum == 0; }
  [[nodiscard]] bool has_one_infinity() const { return !has_nan && infinities == 1; }
};
RowKind kind_of(RowView x);

/// ln Σ e^(x_j - m) of a row whose maximum m, at argmax, is finite.
DoubleDouble log_of_sum(RowView x, const RowKind& kind);

}  // namespace lossaudit::fast::careful
