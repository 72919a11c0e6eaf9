// Derivatives in double lanes, with the magnitudes that they were added up from.
#if defined(LOSSAUDIT_FAST_GRADIENT_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_GRADIENT_LANES_INL_H_
#undef LOSSAUDIT_FAST_GRADIENT_LANES_INL_H_
#else
#define LOSSAUDIT_FAST_GRADIENT_LANES_INL_H_
#endif

#include "fast/gradient_task.hpp"
#include "fast/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

struct GradientLanes {
  HWY_INLINE GradientLanes(V value_lanes, V magnitude_lanes) : value(value_lanes), magnitude(magnitude_lanes) {}
  V value, magnitude;

  /// Either the error, 2^-46.5 of the magnitude, is below 2^-27.5 of the value, or the product with the factor is too
  /// small for a float to tell its error from 0 (2^-176 beside 2^-149). Never so for NaNs and infinities.
  HWY_INLINE M IsTrusted(V factor) const {
    const M is_large = hn::Le(hn::Mul(Constant(0x1p-19), magnitude), hn::Abs(value));
    const M is_small = hn::Lt(hn::Mul(magnitude, hn::Abs(factor)), Constant(GradientTask::negligible));
    return hn::And(hn::Or(is_large, is_small), hn::Lt(hn::Abs(hn::Mul(value, factor)), Constant(kInfinity)));
  }

  /// Their product with the factor, and NaN where they are not trusted.
  HWY_INLINE V Trusted(V factor) const {
    return hn::IfThenElse(IsTrusted(factor), hn::Mul(value, factor), Constant(kNaN));
  }
};

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
