// Every loss that gives one value a row: estimates from a kernel, care where they are not enough, then the reduction.
#pragma once

#include <cstddef>
#include <functional>

#include "fast/double_double.hpp"
#include "fast/loss_task.hpp"
#include "fast/losses.hpp"

namespace lossaudit::fast {

struct RowLoss {
  /// Estimates of a batch's losses, one a row.
  std::function<void(const LossTask&, const RowBatch&, LossEstimate*)> estimate;
  /// The loss of one row, and what it counts in the mean, whatever it takes.
  std::function<DoubleDouble(const LossTask&, std::size_t row)> careful_loss, careful_weight;
};

/// Writes one loss a row, or their reduction.
void compute_row_loss(const RowLoss& loss, const LossTask& task, const LossOptions& options, float* result);

/// The cross-entropies' careful functions over a task's own tensors.
DoubleDouble careful_entropy_of_row(const LossTask& task, std::size_t row);
DoubleDouble careful_weight_of_row(const LossTask& task, std::size_t row);

}  // namespace lossaudit::fast
