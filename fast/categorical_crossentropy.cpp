#include "fast/loss_options.hpp"
#include "fast/losses.hpp"
#include "fast/row_losses.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/categorical_crossentropy.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/entropy-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

void CategoricalRows(const LossTask& task, const RowBatch& batch, LossEstimate* out) {
  switch (task.probabilities) {
    case Probabilities::from_logits:
      return EstimateRows<Probabilities::from_logits>(task, batch, out);
    case Probabilities::normalised_clipped:
      return EstimateRows<Probabilities::normalised_clipped>(task, batch, out);
    default:
      return EstimateRows<Probabilities::normalised>(task, batch, out);
  }
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(CategoricalRows);

void categorical_crossentropy(const float* target, const float* output, float* result, const Rows& rows,
                              const LossOptions& options) {
  constexpr Takes takes = {.keras1 = true, .from_logits = true, .label_smoothing = true, .class_weights = true};
  LossTask task = make_task("categorical_crossentropy", takes, options, rows, rows.classes);
  task.target = target;
  task.output = output;
  const bool clips = options.dialect == Dialect::keras1;
  task.probabilities = options.from_logits ? Probabilities::from_logits
                       : clips             ? Probabilities::normalised_clipped
                                           : Probabilities::normalised;
  compute_row_losses(HWY_DYNAMIC_DISPATCH(CategoricalRows), task, options, result);
}

}  // namespace lossaudit::fast
#endif
