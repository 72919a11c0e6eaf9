// Every loss that gives one value a row: estimates from a kernel, care where they are not enough, then the reduction.
#pragma once

#include "fast/loss_task.hpp"
#include "fast/losses.hpp"
#include "fast/reduction.hpp"

namespace lossaudit::fast {

/// Estimates of a batch's losses, one a row.
using EstimateRow = void(const LossTask& task, const RowBatch& batch, LossEstimate* out);

/// The call of a loss over the task's rows.
LossCall row_loss_call(EstimateRow& estimate_rows, const LossTask& task, const LossOptions& options);

/// Of a loss within 2^-26 of itself, or one that is NaN where a logit is.
inline LossEstimate near_estimate(double loss) {
  constexpr double magnitude = 0x1.8p18;  // that an Estimate gives to such a loss
  return {loss != loss ? Estimate::nan() : Estimate{loss, loss * magnitude}, {1, 1}};
}

/// Takes the losses of a call one by one, in any order, and writes one a row, or their reduction at the end.
class RowLosses {
 public:
  RowLosses(const LossCall& call, float* result)
      : call_(call),
        result_(result),
        is_bare_(call.options.reduction == Reduction::none && !call.task.ignore_index &&
                 call.task.sample_weights == nullptr) {}
  /// A row that is ignored, or one whose loss this is: taken anew where the estimate is not to be trusted.
  void take(std::size_t row, const LossEstimate& estimate) {
    if (is_bare_ && estimate.loss.is_trusted()) {
      result_[row] = static_cast<float>(estimate.loss.value);
    } else {
      take_any(row, estimate);
    }
  }
  /// The losses of rows of weight 1 from `first` on: each is NaN, or finite, not negative and within 2^-26 of itself.
  void take_near(std::size_t first, const double* losses, std::size_t count) {
    if (is_bare_) {
      for (std::size_t r = 0; r < count; ++r) result_[first + r] = static_cast<float>(losses[r]);
    } else {
      for (std::size_t r = 0; r < count; ++r) take_any(first + r, near_estimate(losses[r]));
    }
  }
  void finish();

 private:
  void take_any(std::size_t row, const LossEstimate& estimate);

  const LossCall& call_;
  float* result_;
  bool is_bare_;
  LossSum sum_;
};

/// Writes one loss a row, or their reduction.
void compute_row_losses(const LossCall& call, float* result);

}  // namespace lossaudit::fast
