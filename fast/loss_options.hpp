// From the caller's options to the constants of a task.
#pragma once

#include "fast/loss_task.hpp"
#include "fast/losses.hpp"

namespace lossaudit::fast {

/// Which options a loss takes.
struct Takes {
  bool keras1 = false, from_logits = false, label_smoothing = false, pos_weight = false;
  bool class_weights = false, ignore_index = false;
};

/// A task with every constant set and no tensor. `smoothed_classes` is the K of label smoothing. Throws
/// std::invalid_argument naming the loss and the option at fault.
template <class V>
LossTaskOf<V> make_task(const char* loss, const Takes& takes, const LossOptionsOf<V>& options, const Rows& rows,
                        std::size_t smoothed_classes);

/// Logits when the options say so, else the way of their dialect.
template <class V>
Probabilities probabilities_of(const LossOptionsOf<V>& options, Probabilities exact, Probabilities keras1) {
  if (options.from_logits) return Probabilities::from_logits;
  return options.dialect == Dialect::keras1 ? keras1 : exact;
}

}  // namespace lossaudit::fast
