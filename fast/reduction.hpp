// From losses to what the caller asked for: their sum or their mean.
#pragma once

#include <cstddef>

#include "fast/exact_sum.hpp"
#include "fast/loss_task.hpp"
#include "fast/losses.hpp"

namespace lossaudit::fast {

/// Σ s_r L_r and the denominator of the mean, with the magnitudes that were added up in them. All four are summed
/// exactly, so the order in which losses and other sums come does not matter.
class LossSum {
 public:
  /// Adds s L and s c. `units` losses with a weight that is not 0 may come already summed, with s = 1.
  void add(const LossEstimate& estimate, double s, std::size_t units);

  /// Adds `count` losses of weight 1 whose sum this is, to 2^-26; none of them is negative.
  void add_plain(double sum, std::size_t count);

  void add(const LossSum& other);

  /// Whether result() needs nothing of its task.
  [[nodiscard]] bool is_settled(const LossOptions& options) const;

  /// The sum or mean of a task's losses. Where the sum or the denominator cancels, it is taken anew with care.
  [[nodiscard]] float result(const LossOptions& options, const LossTask& task) const;

 private:
  [[nodiscard]] double denominator(const LossOptions& options, const LossTask& task) const;

  ExactSum loss_, loss_magnitude_;
  ExactSum weight_, weight_magnitude_;  // of the losses that are not plain
  std::size_t units_ = 0;               // of them, too
  std::size_t plain_ = 0;               // how many plain losses
  bool is_plain_ = true;                // there are no others
};

/// A call of a loss that is to be reduced: what is added up, and by what.
struct LossCall {
  LossTask task;
  LossOptions options;
  std::size_t size = 0;  ///< the elements or rows that it goes over
  std::size_t step = 1;  ///< parts of it begin at multiples of this
  /// Adds the losses of [first, last).
  void (*add)(const LossCall& call, std::size_t first, std::size_t last, LossSum& sum) = nullptr;
  /// For losses by rows: their estimates.
  void (*estimate_rows)(const LossTask& task, const RowBatch& batch, LossEstimate* out) = nullptr;

  [[nodiscard]] float result() const;
};

/// How many rows begin among the elements [first, last) of a tensor: what a part of its elements counts in the mean.
inline std::size_t rows_begun(const Rows& rows, std::size_t first, std::size_t last) {
  return (last + rows.classes - 1) / rows.classes - (first + rows.classes - 1) / rows.classes;
}

LossCall binary_crossentropy_call(const float* target, const float* output, std::size_t n, const LossOptions& options);
LossCall categorical_crossentropy_call(const float* target, const float* output, const Rows& rows,
                                       const LossOptions& options);
LossCall sparse_categorical_crossentropy_call(const std::int64_t* labels, const float* output, const Rows& rows,
                                              const LossOptions& options);
LossCall mean_squared_error_call(const float* target, const float* output, const Rows& rows,
                                 const LossOptions& options);
LossCall cross_entropy_error_call(const float* target, const float* p, const Rows& rows, const LossOptions& options);

}  // namespace lossaudit::fast
