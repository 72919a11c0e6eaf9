#include <cstddef>

#include "fast/loss_options.hpp"
#include "fast/losses.hpp"
#include "fast/reduction.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/binary_crossentropy.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/binary-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// The losses of all elements, each times its sample weight.
void BinaryLosses(const LossTask& task, float* result) {
  WithBinaryTerms(task, [&](const auto& terms) HWY_ATTR {
    const std::size_t lanes = hn::Lanes(D());
    const std::size_t n = task.rows.outer;
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes) StoreFloats(terms.Whole(i).Weighted(), result + i);
    if (i < n) StoreFirst(terms.First(i, n - i).Weighted(), result + i, n - i);
  });
}

/// Their sum.
void BinarySum(const LossTask& task, LossEstimate* sum, std::size_t* units) {
  WithBinaryTerms(task, [&](const auto& terms) HWY_ATTR {
    BinarySumPass pass(terms);
    Walk(pass, task.rows.outer);
    *sum = pass.Total();
    *units = pass.Units();
  });
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(BinaryLosses);
HWY_EXPORT(BinarySum);

void binary_crossentropy(const float* target, const float* output, float* result, std::size_t n,
                         const LossOptions& options) {
  constexpr Takes takes = {.keras1 = true, .from_logits = true, .label_smoothing = true, .pos_weight = true};
  LossTask task = make_task("binary_crossentropy", takes, options, {n, 1, 1}, 2);
  task.kind = LossKind::binary;
  task.target = target;
  task.output = output;
  task.probabilities = probabilities_of(options, Probabilities::plain, Probabilities::clipped);
  if (options.reduction == Reduction::none) return HWY_DYNAMIC_DISPATCH(BinaryLosses)(task, result);
  LossEstimate estimate;
  std::size_t units = 0;
  HWY_DYNAMIC_DISPATCH(BinarySum)(task, &estimate, &units);
  LossSum sum;
  sum.add(estimate, 1, units);
  result[0] = sum.result(options, task);
}

}  // namespace lossaudit::fast
#endif
