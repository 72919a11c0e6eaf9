// Cross-entropies of hard labels from logits, in float lanes: what most calls are. Everything else, and every row that
// is not finite, goes the general way (entropy_rows.hpp, loss_gradient.hpp).
#pragma once

#include "fast/gradient_task.hpp"
#include "fast/loss_task.hpp"
#include "fast/losses.hpp"
#include "fast/reduction.hpp"
#include "fast/row_losses.hpp"

namespace lossaudit::fast {

/// How a task's rows are estimated: by logit_batch.hpp and soft_batch.hpp where it is from logits, has no class weights
/// nor smoothed labels, and no weights of both signs cancel in its reduction.
EstimateRow* cross_entropy_rows(const LossTask& task, const LossOptions& options);

/// The losses of a cross-entropy, or what they are reduced to.
void compute_cross_entropy(const LossCall& call, float* loss);

/// The gradient of a cross-entropy, and its losses where `loss` is not nullptr. `gradient` may be a tensor of the call.
void compute_cross_entropy_gradient(const LossCall& call, const float* upstream, float* gradient, float* loss);

}  // namespace lossaudit::fast
