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
#include "fast/binary_sum-inl.h"
#include "fast/logit_gradient-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// The losses of all elements, each times its sample weight.
void BinaryLosses(const LossTask& task, float* result) {
  WithBinaryTerms<true>(task, [&](const auto& terms) HWY_ATTR {
    const std::size_t lanes = hn::Lanes(D());
    const std::size_t n = task.rows.outer;
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes) StoreFloats(terms.Whole(i).Weighted(), result + i);
    if (i < n) StoreFirst(terms.First(i, n - i).Weighted(), result + i, n - i);
  });
}

template <Probabilities kKind, class Best, class Good>
HWY_INLINE void AddCommonLosses(const LossTask& task, std::size_t first, std::size_t last, LossSum& losses) {
  const BinaryTerms<kKind, false> terms(task);
  BinarySumPass general(terms, losses);
  AddBinaryBlocks<Best, Good>(task, general, first, last, losses);
}

/// Adds up those of [first, last).
void BinarySum(const LossTask& task, std::size_t first, std::size_t last, LossSum& losses) {
  const bool is_common = task.is_common_binary();
  if (is_common && task.probabilities == Probabilities::from_logits) {
    return AddCommonLosses<Probabilities::from_logits, BestLogitSum, LogitSum>(task, first, last, losses);
  }
  if (is_common && task.probabilities == Probabilities::plain) {
    return AddCommonLosses<Probabilities::plain, ProbabilitySum<ProductOf::sides>,
                           SoftProbabilitySum<ProductOf::sides>>(task, first, last, losses);
  }
  // A clip that lets a 0 through leaves an infinite loss to the general way.
  if (is_common && task.probabilities == Probabilities::clipped && task.clip_low > 0 && task.clip_high < 1) {
    return AddCommonLosses<Probabilities::clipped, ProbabilitySum<ProductOf::clipped_sides>,
                           SoftProbabilitySum<ProductOf::clipped_sides>>(task, first, last, losses);
  }
  WithBinaryTerms<false>(task, [&](const auto& terms) HWY_ATTR {
    BinarySumPass pass(terms, losses);
    WalkBlocks(pass, first, last);
  });
}

/// The gradients of a common task from logits; false, and nothing is done, where the target has no fast way to them.
bool LogitGradient(const GradientTask& task, float* gradient, LossSum* losses) {
#if HWY_NATIVE_FMA
  LossSum none;
  if (losses != nullptr) {
    LogitGradients<true>(task, gradient, *losses);
  } else {
    LogitGradients<false>(task, gradient, none);
  }
  return true;
#else
  (void)task, (void)gradient, (void)losses;
  return false;
#endif
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(BinaryLosses);
HWY_EXPORT(BinarySum);
HWY_EXPORT(LogitGradient);

LossCall binary_crossentropy_call(const float* target, const float* output, std::size_t n, const LossOptions& options) {
  const auto add = [](const LossCall& call, std::size_t first, std::size_t last, LossSum& sum) {
    HWY_DYNAMIC_DISPATCH(BinarySum)(call.task, first, last, sum);
  };
  return {binary_crossentropy_task(target, output, n, options), options, n, sum_block, add};
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
  const GradientTask derivative = gradient_of(task, options, upstream);
  const bool has_one_factor = derivative.reduces || upstream == nullptr;
  if (task.is_common_binary() && options.from_logits && has_one_factor && n != 0) {
    // The loss comes from the same pass, unless its own inputs are overwritten on the way.
    const bool sums = loss != nullptr && derivative.reduces && gradient != target && gradient != output;
    LossSum losses;
    if (loss != nullptr && !sums) binary_crossentropy(target, output, loss, n, options);
    if (HWY_DYNAMIC_DISPATCH(LogitGradient)(derivative, gradient, sums ? &losses : nullptr)) {
      if (sums) loss[0] = losses.result(options, task);
      return;
    }
  }
  if (loss != nullptr) binary_crossentropy(target, output, loss, n, options);
  compute_binary_gradient(derivative, gradient);
}

}  // namespace lossaudit::fast
#endif
