#include "fast/entropy_rows.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/entropy_rows.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/entropy-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

void EntropyRows(const LossTask& task, const RowBatch& batch, LossEstimate* out) {
  switch (task.probabilities) {
    case Probabilities::from_logits:
      return EstimateRows<Probabilities::from_logits>(task, batch, out);
    case Probabilities::normalised:
      return EstimateRows<Probabilities::normalised>(task, batch, out);
    case Probabilities::normalised_clipped:
      return EstimateRows<Probabilities::normalised_clipped>(task, batch, out);
    case Probabilities::clipped_normalised:
      return EstimateRows<Probabilities::clipped_normalised>(task, batch, out);
    default:
      return EstimateRows<Probabilities::plain>(task, batch, out);
  }
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(EntropyRows);

void estimate_entropy_rows(const LossTask& task, const RowBatch& batch, LossEstimate* out) {
  HWY_DYNAMIC_DISPATCH(EntropyRows)(task, batch, out);
}

}  // namespace lossaudit::fast
#endif
