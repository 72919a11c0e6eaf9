// e^x for x <= 0, in double lanes.
#if defined(LOSSAUDIT_FAST_EXP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_EXP_INL_H_
#undef LOSSAUDIT_FAST_EXP_INL_H_
#else
#define LOSSAUDIT_FAST_EXP_INL_H_
#endif

#include "fast/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// (e^r - 1 - r) / r^2 by its Taylor polynomial: that of e^r to degree 13, whose remainder is below r^14 / 14! * e^r.
HWY_INLINE V ExpTail(V r) {
  V q = Constant(1.0 / 6227020800);
  q = hn::MulAdd(q, r, Constant(1.0 / 479001600));
  q = hn::MulAdd(q, r, Constant(1.0 / 39916800));
  q = hn::MulAdd(q, r, Constant(1.0 / 3628800));
  q = hn::MulAdd(q, r, Constant(1.0 / 362880));
  q = hn::MulAdd(q, r, Constant(1.0 / 40320));
  q = hn::MulAdd(q, r, Constant(1.0 / 5040));
  q = hn::MulAdd(q, r, Constant(1.0 / 720));
  q = hn::MulAdd(q, r, Constant(1.0 / 120));
  q = hn::MulAdd(q, r, Constant(1.0 / 24));
  q = hn::MulAdd(q, r, Constant(1.0 / 6));
  return hn::MulAdd(q, r, Constant(0.5));
}

/// e^x for x <= 0, within 2^-51 of it relatively; 0 below -708 (e^-708 = 2^-1021.4 is beneath any float by far), NaN
/// for NaN.
///
/// x = k ln 2 + r with k an integer and abs(r) <= (ln 2) / 2 + 2^-40. ln 2 is split as in fdlibm's e_exp.c: the high
/// part has 21 zero bits at its end, so k times it is exact and so is the first difference (its operands are within a
/// factor 2, or k is 0); the low part adds a relative 2^-53 of r. e^r is the Taylor polynomial of degree 13, whose
/// remainder is below r^14 / 14! * e^r = 2^-57; Horner's scheme with abs(r) < 0.35 rounds by at most 0.5 + 0.2 units of
/// 2^-53 in its last step. 2^k is exact.
HWY_INLINE V ExpNonPositive(V x) {
  const D d;
  const hn::RebindToUnsigned<D> du;
  // Adding 1.5 * 2^52 leaves the nearest integer in the low bits of the sum.
  const V shift = Constant(0x1.8p52);
  const V shifted = hn::Add(hn::Mul(x, Constant(0x1.71547652b82fep0)), shift);
  const V k = hn::Sub(shifted, shift);
  V r = hn::NegMulAdd(k, Constant(0x1.62e42feep-1), x);
  r = hn::NegMulAdd(k, Constant(0x1.a39ef35793c76p-33), r);
  V p = hn::MulAdd(ExpTail(r), r, Constant(1.0));
  p = hn::MulAdd(p, r, Constant(1.0));
  const auto exponent = hn::ShiftLeft<52>(hn::Add(hn::BitCast(du, shifted), hn::Set(du, 1023)));
  // Below the limit k means nothing, so those lanes are replaced; NaN is not below and comes out of r.
  return hn::IfThenZeroElse(hn::Lt(x, Constant(-708)), hn::Mul(p, hn::BitCast(d, exponent)));
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
