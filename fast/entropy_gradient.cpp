#include "fast/loss_gradient.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/entropy_gradient.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/entropy_gradient-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

void EntropyGradientRows(const GradientTask& task, const GradientBatch& batch) {
  switch (task.probabilities) {
    case Probabilities::from_logits:
      return GradientRowsOf<Probabilities::from_logits>(task, batch);
    case Probabilities::normalised:
      return GradientRowsOf<Probabilities::normalised>(task, batch);
    case Probabilities::normalised_clipped:
      return GradientRowsOf<Probabilities::normalised_clipped>(task, batch);
    case Probabilities::clipped_normalised:
      return GradientRowsOf<Probabilities::clipped_normalised>(task, batch);
    default:
      return GradientRowsOf<Probabilities::plain>(task, batch);
  }
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(EntropyGradientRows);

void entropy_gradient_rows(const GradientTask& task, const GradientBatch& batch) {
  HWY_DYNAMIC_DISPATCH(EntropyGradientRows)(task, batch);
}

}  // namespace lossaudit::fast
#endif
