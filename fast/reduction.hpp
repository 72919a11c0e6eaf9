// From losses to what the caller asked for: their sum or their mean.
#pragma once

#include <cstddef>

#include "fast/double_double.hpp"
#include "fast/loss_task.hpp"
#include "fast/losses.hpp"

namespace lossaudit::fast {

/// Σ s_r L_r and the denominator of the mean, with the magnitudes that were added up in them.
class LossSum {
 public:
  /// Adds s L and s c. `units` losses with a weight that is not 0 may come already summed, with s = 1.
  void add(const LossEstimate& estimate, double s, std::size_t units);

  /// The sum or mean of a task's losses. Where the sum or the denominator cancels, it is taken anew with care.
  [[nodiscard]] float result(const LossOptions& options, const LossTask& task) const;

 private:
  DoubleDouble loss_, weight_;
  double loss_magnitude_ = 0;
  double weight_magnitude_ = 0;
  std::size_t units_ = 0;
};

}  // namespace lossaudit::fast
