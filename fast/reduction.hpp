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

  /// The same sums once more, from this function of the loss's index: s_r L_r and s_r c_r in double-doubles.
  struct Exact {
    DoubleDouble loss, weight;
  };
  using Again = std::function<Exact(std::size_t)>;

  /// The sum or mean of n losses. Where the sum or the denominator cancels, every loss is computed `again`.
  [[nodiscard]] float result(const LossOptions& options, std::size_t n, const Again& again) const;

 private:
  DoubleDouble loss_, weight_;
  double loss_magnitude_ = 0;
  double weight_magnitude_ = 0;
  std::size_t units_ = 0;
};

}  // namespace lossaudit::fast
