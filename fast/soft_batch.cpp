#include "fast/soft_batch.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/soft_batch.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/short_soft_rows-inl.h"
#include "fast/soft_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

SoftOutcome RunSoftBatch(const SoftBatch& batch) {
#if HWY_NATIVE_FMA
  if (batch.classes <= SoftBatch::short_row) return ShortSoftRows(batch).Run();
#endif
  SoftOutcome outcome;
  for (std::size_t r = 0; r < batch.count; ++r) {
    SoftRow row(batch, r);
    const double factor = batch.factors == nullptr ? 1 : batch.factors[r];
    if (!(HWY_MAX(factor, -factor) <= kMostFactor) || !row.Reduce()) {
      outcome.left |= std::uint32_t{1} << r;
      continue;
    }
    if (batch.losses != nullptr) batch.losses[r] = row.loss();
    if (batch.gradient != nullptr && !row.Write(factor, batch.gradient + r * batch.classes)) {
      outcome.incomplete |= std::uint32_t{1} << r;
    }
  }
  return outcome;
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(RunSoftBatch);

SoftOutcome compute_soft_batch(const SoftBatch& batch) { return HWY_DYNAMIC_DISPATCH(RunSoftBatch)(batch); }

}  // namespace lossaudit::fast
#endif
