// From losses to what the caller asked for: none, their sum, or their mean.
#pragma once

#include <cstddef>
#include <functional>

#include "fast/double_double.hpp"
#include "fast/loss_task.hpp"
#include "fast/losses.hpp"

namespace lossaudit::fast {

/// Σ s_r L_r and the denominator of the mean, with the magnitudes that were added up in them.
class LossSum {
 public:
  /// Adds s L and s c. `units` losses with a weight that is not 0 may come already summed, with s = 1.
  void add(const LossEstimate& estimate, double s, std::size_t units);

  /// A loss and what it counts, in double-doubles, and its sample weight; a loss that counts nowhere has 0.
  struct Exact {
    DoubleDouble loss, weight;
    double sample_weight = 0;
  };
  using Again = std::function<Exact(std::size_t)>;

  /// The sum or mean of n losses. Where the sum or the denominator cancels, every loss is taken from `again`.
  [[nodiscard]] float result(const LossOptions& options, std::size_t n, const Again& again) const;

 private:
  DoubleDouble loss_, weight_;
  double loss_magnitude_ = 0;
  double weight_magnitude_ = 0;
  std::size_t units_ = 0;
};

}  // namespace lossaudit::fast
