// The slow way to every result that double lanes cannot be trusted with: values that cancel, and limits at infinities.
//
// A kernel computes in double with a bound on its error (Estimate), and calls these where the bound is too large. They
// follow reference/semantics.md to the letter, in double-double arithmetic with exact sums, so their results carry
// about 2^-90 of what cancels. A tenth of a microsecond to a few for each class.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fast/double_double.hpp"
#include "fast/loss_task.hpp"

namespace lossaudit::fast::careful {

/// A row's results where its maximum is infinite or it holds a NaN: one +inf takes all, otherwise NaN.
void softmax_limits(const float* x, float* result, std::size_t n);
void log_softmax_limits(const float* x, float* result, std::size_t n);

/// ln Σ e^x_j of any row.
DoubleDouble logsumexp(const float* x, std::size_t n);

/// One loss before its sample weight.
DoubleDouble binary_crossentropy(const LossTask& task, float target, float output);
DoubleDouble entropy(const LossTask& task, RowView target, std::int64_t label, RowView output);
DoubleDouble squared_error(RowView target, RowView output);

/// What a row counts in the mean of dialect exact when there are class weights: Σ w_i t_i.
DoubleDouble class_weight(const LossTask& task, RowView target, std::int64_t label);

}  // namespace lossaudit::fast::careful
