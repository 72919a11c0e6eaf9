// What double lanes leave of the gradient of a row of logits with soft targets: elements whose target is nearly the
// probability.
#pragma once

#include <cstddef>

#include "fast/soft_batch.hpp"

namespace lossaudit::fast {

/// Computes those elements of row `row`'s gradient in the batch that are NaN, as long as what is left of the difference is
/// at least 2^-25 of the coefficient, without smoothing 2^-27. False if others stay NaN. A nanosecond or two for each
/// class, and a microsecond for each of those elements.
bool complete_soft_gradient(const SoftBatch& batch, std::size_t row);

}  // namespace lossaudit::fast
