#include "fast/loss_options.hpp"
#include "fast/losses.hpp"
#include "fast/row_losses.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/cross_entropy_error.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/entropy-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

void PlainEntropyRows(const LossTask& task, const RowBatch& batch, LossEstimate* out) {
  EstimateRows<Probabilities::plain>(task, batch, out);
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(PlainEntropyRows);

void cross_entropy_error(const float* target, const float* p, float* result, const Rows& rows,
                         const LossOptions& options) {
  LossTask task = make_task("cross_entropy_error", {.class_weights = true}, options, rows, rows.classes);
  task.target = target;
  task.output = p;
  compute_row_losses(HWY_DYNAMIC_DISPATCH(PlainEntropyRows), task, options, result);
}

}  // namespace lossaudit::fast
#endif
