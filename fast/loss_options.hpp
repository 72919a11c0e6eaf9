// From the caller's tensors and options to a task with every constant set: here stands which options each loss takes, and the way
// from its outputs to probabilities.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fast/loss_task.hpp"
#include "fast/losses.hpp"

namespace lossaudit::fast {

// All throw std::invalid_argument naming the loss and the option at fault. V is float or double.

template <class V>
LossTaskOf<V> binary_crossentropy_task(const V* target, const V* output, std::size_t n,
                                       const LossOptionsOf<V>& options);
template <class V>
LossTaskOf<V> categorical_crossentropy_task(const V* target, const V* output, const Rows& rows,
                                            const LossOptionsOf<V>& options);
template <class V>
LossTaskOf<V> sparse_categorical_crossentropy_task(const std::int64_t* labels, const V* output, const Rows& rows,
                                                   const LossOptionsOf<V>& options);
template <class V>
LossTaskOf<V> cross_entropy_error_task(const V* target, const V* p, const Rows& rows, const LossOptionsOf<V>& options);
template <class V>
LossTaskOf<V> mean_squared_error_task(const V* target, const V* output, const Rows& rows,
                                      const LossOptionsOf<V>& options);

}  // namespace lossaudit::fast
