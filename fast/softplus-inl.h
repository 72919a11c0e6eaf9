// The two parts of softplus, shared with log_sigmoid and binary_crossentropy.
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

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
