// One call of a loss's gradient: the loss, and what its derivatives are multiplied by.
#pragma once

#include <cmath>

#include "fast/loss_task.hpp"
#include "fast/losses.hpp"

namespace lossaudit::fast {

struct GradientTask : LossTask {
  const float* upstream = nullptr;  ///< one value when the losses are reduced, else one for each loss; nullptr: ones
  bool reduces = false;
  double divisor = 1;  ///< what the mean divides by

  /// What the derivative of that loss is multiplied by, and then divided by `divisor`: the product of two floats is
  /// exact in double.
  [[nodiscard]] double weight(std::size_t index) const {
    return scaled(upstream == nullptr ? 1 : upstream[reduces ? 0 : index], sample_weight(index));
  }

  /// Both in one, to 2^-53: with no divisor below 2^-447 the quotient neither overflows nor underflows.
  [[nodiscard]] double factor(std::size_t index) const { return weight(index) / divisor; }

  /// A factor times any coefficient that reaches this goes to careful.hpp's widest numbers: an exponential that a double
  /// flushes to 0 may count then.
  static constexpr double extreme = 0x1p300;
  /// Of two derivatives whose products with the factor are both below this, neither is told from 0 in float.
  static constexpr double negligible = 0x1p-130;
};

/// A task with its options' constants and the divisor of their mean. `task` has all its tensors.
GradientTask gradient_of(const LossTask& task, const LossOptions& options, const float* upstream);

}  // namespace lossaudit::fast
