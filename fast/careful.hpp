// The slow way to every result that double lanes cannot be trusted with: values that cancel, and limits at infinities.
//
// A kernel computes in double with a bound on its error (Estimate), and calls these where the bound is too large. They
// follow reference/semantics.md to the letter: first in double-doubles, with such a bound again, at a tenth of a
// microsecond to a few for each class; and where even those cancel (to below 2^-64 of what was added up), in floating
// point of 1200 bits, which no finite input exhausts, at some tens of
// microseconds.
#pragma once

#include <cstddef>

#include "fast/loss_task.hpp"

namespace lossaudit::fast::careful {

/// A row's results where its maximum is infinite or it holds a NaN: one +inf takes all, otherwise NaN.
void softmax_limits(const float* x, float* result, std::size_t n);
void log_softmax_limits(const float* x, float* result, std::size_t n);

/// Those elements of s_i (g_i - Σ g_j s_j), s being softmax(x), that are NaN in `gradient`.
void complete_softmax_gradient(const float* x, const float* g, float* gradient, std::size_t n);

/// ln Σ e^x_j of any row.
double logsumexp(const float* x, std::size_t n);

/// One loss before its sample weight. Not for a row that is ignored.
double loss(const LossTask& task, std::size_t index);

/// Σ s_r L_r, and the denominator Σ s_r c_r of dialect exact, over the losses that count.
double sum_of_losses(const LossTask& task);
double sum_of_weights(const LossTask& task);

}  // namespace lossaudit::fast::careful
