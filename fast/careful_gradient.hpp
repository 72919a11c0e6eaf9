// The slow way to every element of a gradient that double lanes cannot be trusted with: what cancels, poles, limits at
// infinities. As careful.hpp: first in double-doubles, then in 1200 bits.
#pragma once

#include <cstddef>

#include "fast/gradient_task.hpp"

namespace lossaudit::fast::careful {

/// Computes those elements of a row's gradient that are NaN in `gradient` (contiguous). Not for a row that is ignored.
void complete_gradient(const GradientTask& task, std::size_t row, float* gradient);

/// One element of the gradient of the binary loss.
float binary_gradient(const GradientTask& task, std::size_t index);

}  // namespace lossaudit::fast::careful
