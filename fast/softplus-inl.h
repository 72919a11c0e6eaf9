// The two parts of softplus, shared with log_sigmoid and binary_crossentropy, and its derivative, the sigmoid.
#if defined(LOSSAUDIT_FAST_SOFTPLUS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_SOFTPLUS_INL_H_
#undef LOSSAUDIT_FAST_SOFTPLUS_INL_H_
#else
#define LOSSAUDIT_FAST_SOFTPLUS_INL_H_
#endif

#include "fast/exp-inl.h"
#include "fast/lanes-inl.h"
#include "fast/log-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// ln(1 + e^-abs(x)), within 2^-50 of it relatively; softplus(x) is max(x, 0) more. Never negative; NaN for NaN.
HWY_INLINE V SoftplusTail(V x) { return Log1p(ExpNonPositive(hn::Neg(hn::Abs(x)))); }

/// max(x, 0), and NaN for NaN.
HWY_INLINE V Positive(V x) { return hn::IfThenZeroElse(hn::Le(x, Constant(0)), x); }

/// abs(x), and 700 for a finite x beyond: e^-700, 2^-1009, is nothing to any float, but not 0 to an infinite one.
HWY_INLINE V BoundedMagnitude(V x) {
  const V magnitude = hn::Abs(x);
  const M is_far = hn::And(hn::Gt(magnitude, Constant(700)), hn::Lt(magnitude, Constant(kInfinity)));
  return hn::IfThenElse(is_far, Constant(700), magnitude);
}

/// 1 / (1 + e^-x) as 1 / (1 + e) or e / (1 + e) with e = e^-abs(x): the exponential's 2^-51 and two roundings.
template <std::size_t kN>
HWY_INLINE void SigmoidInDoubles(const V (&x)[kN], V (&result)[kN]) {
  V exponent[kN];
  V e[kN];
  Each<kN>([&](std::size_t i) HWY_ATTR { exponent[i] = hn::Neg(BoundedMagnitude(x[i])); });
  ExpNonPositive(exponent, e);
  Each<kN>([&](std::size_t i) HWY_ATTR {
    const V numerator = hn::IfThenElse(hn::Lt(x[i], Constant(0)), e[i], Constant(1));
    result[i] = hn::Div(numerator, hn::Add(Constant(1), e[i]));
  });
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
