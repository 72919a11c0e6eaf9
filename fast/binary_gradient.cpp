#include <cstddef>

#include "fast/loss_gradient.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/binary_gradient.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/binary_gradient-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

template <Probabilities kKind, bool kPlain>
HWY_INLINE void BinaryGradientOf(const GradientTask& task, float* gradient) {
  const BinaryDerivative<kKind, kPlain> derivative(task);
  const std::size_t lanes = hn::Lanes(D());
  const std::size_t n = task.rows.outer;
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) StoreFloats(derivative.Whole(i), gradient + i);
  if (i < n) StoreFirst(derivative.First(i, n - i), gradient + i, n - i);
}

template <Probabilities kKind>
HWY_INLINE void BinaryGradientOfKind(const GradientTask& task, float* gradient) {
  if (task.pos_weight == 1 && task.smoothing == 0) return BinaryGradientOf<kKind, true>(task, gradient);
  BinaryGradientOf<kKind, false>(task, gradient);
}

void BinaryGradient(const GradientTask& task, float* gradient) {
  switch (task.probabilities) {
    case Probabilities::from_logits:
      return BinaryGradientOfKind<Probabilities::from_logits>(task, gradient);
    case Probabilities::clipped:
      return BinaryGradientOfKind<Probabilities::clipped>(task, gradient);
    default:
      return BinaryGradientOfKind<Probabilities::plain>(task, gradient);
  }
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(BinaryGradient);

void compute_binary_gradient(const GradientTask& task, float* gradient) {
  HWY_DYNAMIC_DISPATCH(BinaryGradient)(task, gradient);
}

}  // namespace lossaudit::fast
#endif
