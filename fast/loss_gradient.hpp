// The gradients of the losses with every option: double lanes, care where they are not enough.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fast/gradient_task.hpp"
#include "fast/loss_task.hpp"
#include "fast/losses.hpp"

namespace lossaudit::fast {

/// Contiguous rows, and where their gradients go.
struct GradientBatch : RowBatch {
  std::size_t first = 0;                ///< the number of the first row
  float* gradient = nullptr;            ///< contiguous; NaN in every element that is left to careful.hpp
  std::uint8_t* is_complete = nullptr;  ///< one a row: 0 where an element is left, and for rows that were passed over
};

/// Gradients of a batch of cross-entropies; rows that are ignored or whose label is no class are passed over.
void entropy_gradient_rows(const GradientTask& task, const GradientBatch& batch);

/// The same with nothing left to anybody; `batch.gradient` must not lie in the task's tensors.
void complete_entropy_gradient(const GradientTask& task, GradientBatch batch);

/// The gradients of a cross-entropy's rows, in the shape of the output. `gradient` may be the task's target or output.
void compute_entropy_gradient(const GradientTask& task, float* gradient);

/// The gradient of the binary loss, elementwise. `gradient` may be the task's target or output.
void compute_binary_gradient(const GradientTask& task, float* gradient);

}  // namespace lossaudit::fast
