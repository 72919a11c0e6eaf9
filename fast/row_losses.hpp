// Every loss that gives one value a row: estimates from a kernel, care where they are not enough, then the reduction.
#pragma once

#include "fast/loss_task.hpp"
#include "fast/losses.hpp"

namespace lossaudit::fast {

/// Estimates of a batch's losses, one a row.
using EstimateRow = void(const LossTask& task, const RowBatch& batch, LossEstimate* out);

/// Writes one loss a row, or their reduction.
void compute_row_losses(EstimateRow& estimate_rows, const LossTask& task, const LossOptions& options, float* result);

}  // namespace lossaudit::fast
