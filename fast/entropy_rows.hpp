// The rows of every cross-entropy.
#pragma once

#include "fast/loss_task.hpp"

namespace lossaudit::fast {

/// Estimates of a batch's cross-entropies, by the task's way to its probabilities; rows whose label is no class are
/// passed over.
void estimate_entropy_rows(const LossTask& task, const RowBatch& batch, LossEstimate* out);

}  // namespace lossaudit::fast
