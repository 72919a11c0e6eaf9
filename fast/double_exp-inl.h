// e^x in double lanes beyond a double's own precision, for results that are doubles themselves.
#if defined(LOSSAUDIT_FAST_DOUBLE_EXP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_DOUBLE_EXP_INL_H_
#undef LOSSAUDIT_FAST_DOUBLE_EXP_INL_H_
#else
#define LOSSAUDIT_FAST_DOUBLE_EXP_INL_H_
#endif

#include "fast/exp-inl.h"
#include "fast/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// e^x = 2^k (1 + r + w), k an integer, abs(r) <= 0.3466, abs(w) <= 0.0675: an unevaluated sum.
struct WideExponential {
  V k;
  V r;
  V w;
};

/// For abs(x) <= 1000, within 2^-56 of e^x relatively, with or without fused multiply-add; NaN for NaN.
///
/// x = k ln 2 + r as in ExpNonPositive, whose first difference is exact; what the second one's rounding loses goes to
/// w. w is that and the Taylor polynomial of e^r - 1 - r to degree 13, whose remainder is below r^14 / 14! * e^r =
/// 2^-57.2; its sum and product with r^2 round by at most 2^-57 together, where 1 + r is at least 0.65.
HWY_INLINE WideExponential WideExp(V x) {
  const V shift = Constant(0x1.8p52);
  const V k = hn::Sub(hn::Add(hn::Mul(x, Constant(0x1.71547652b82fep0)), shift), shift);
  const V first = hn::Sub(x, hn::Mul(k, Constant(0x1.62e42feep-1)));
  const V second = hn::Mul(k, Constant(0x1.a39ef35793c76p-33));
  const V r = hn::Sub(first, second);
  const V rest = hn::Sub(hn::Sub(first, r), second);
  return {k, r, hn::MulAdd(hn::Mul(r, r), ExpTail(r), rest)};
}

/// 2^k for an integer k in [-1022, 1023].
HWY_INLINE V PowerOfTwo(V k) {
  const hn::RebindToSigned<D> di;
  const auto biased = hn::BitCast(di, hn::Add(k, Constant(0x1.8p52 + 1023)));
  return hn::BitCast(D(), hn::ShiftLeft<52>(biased));
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
