#include <cstddef>

#include "fast/loss_gradient.hpp"
#include "fast/loss_options.hpp"
#include "fast/losses.hpp"
#include "fast/reduction.hpp"
#include "fast/sum_block.hpp"

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

/// Adds up those of [first, last).
void BinarySum(const LossTask& task, std::size_t first, std::size_t last, LossSum& sum) {
  WithBinaryTerms(task, [&](const auto& terms) HWY_ATTR {
    BinarySumPass pass(terms, sum);
    WalkBlocks(pass, first, last);
  });
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(BinaryLosses);
HWY_EXPORT(BinarySum);

LossCall binary_crossentropy_call(const float* target, const float* output, std::size_t n, const LossOptions& options) {
  constexpr Takes takes = {.keras1 = true, .from_logits = true, .label_smoothing = true, .pos_weight = true};
  LossTask task = make_task("binary_crossentropy", takes, options, {n, 1, 1}, 2);
  task.kind = LossKind::binary;
  task.target = target;
  task.output = output;
  task.probabilities = probabilities_of(options, Probabilities::plain, Probabilities::clipped);
  const auto add = [](const LossCall& call, std::size_t first, std::size_t last, LossSum& sum) {
    HWY_DYNAMIC_DISPATCH(BinarySum)(call.task, first, last, sum);
  };
  return {task, options, n, sum_block, add};
}

void binary_crossentropy(const float* target, const float* output, float* result, std::size_t n,
                         const LossOptions& options) {
  const LossCall call = binary_crossentropy_call(target, output, n, options);
  if (options.reduction == Reduction::none) return HWY_DYNAMIC_DISPATCH(BinaryLosses)(call.task, result);
  result[0] = call.result();
}

void binary_crossentropy_gradient(const float* target, const float* output, const float* upstream, float* gradient,
                                  std::size_t n, const LossOptions& options, float* loss) {
  const LossTask task = binary_crossentropy_call(target, output, n, options).task;
  if (loss != nullptr) binary_crossentropy(target, output, loss, n, options);
  compute_binary_gradient(gradient_of(task, options, upstream), gradient);
}

}  // namespace lossaudit::fast
#endif
