// ln y and ln(1 + u), in double lanes.
#if defined(LOSSAUDIT_FAST_LOG_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_LOG_INL_H_
#undef LOSSAUDIT_FAST_LOG_INL_H_
#else
#define LOSSAUDIT_FAST_LOG_INL_H_
#endif

#include "fast/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// 2 atanh(s) = ln((1 + s) / (1 - s)) for abs(s) <= 0.1716, within 2^-52 of it relatively, beside what s itself
/// carries.
///
/// The series Σ s^(2j+1) / (2j+1) to j = 10; the rest is below s^22 / 23 / (1 - s^2) = 2^-60 of the sum. Everything but
/// the leading 2 s is at most 0.01 of it, so the last addition's rounding is nearly the whole error.
HWY_INLINE V TwiceAtanh(V s) {
  const V z = hn::Mul(s, s);
  V p = Constant(2.0 / 21);
  p = hn::MulAdd(p, z, Constant(2.0 / 19));
  p = hn::MulAdd(p, z, Constant(2.0 / 17));
  p = hn::MulAdd(p, z, Constant(2.0 / 15));
  p = hn::MulAdd(p, z, Constant(2.0 / 13));
  p = hn::MulAdd(p, z, Constant(2.0 / 11));
  p = hn::MulAdd(p, z, Constant(2.0 / 9));
  p = hn::MulAdd(p, z, Constant(2.0 / 7));
  p = hn::MulAdd(p, z, Constant(2.0 / 5));
  p = hn::MulAdd(p, z, Constant(2.0 / 3));
  return hn::MulAdd(hn::Mul(p, z), s, hn::Add(s, s));
}

/// The same within 2^-37: a degree 4 in s^2, fitted to atanh(s) / s relatively.
HWY_INLINE V BriefTwiceAtanh(V s) {
  const V z = hn::Mul(s, s);
  V p = Constant(0x1.e2f371a306e08p-4);
  p = hn::MulAdd(p, z, Constant(0x1.2438ed7999652p-3));
  p = hn::MulAdd(p, z, Constant(0x1.999a7a28bbbf2p-3));
  p = hn::MulAdd(p, z, Constant(0x1.555554fddb536p-2));
  const V twice = hn::Add(s, s);
  return hn::MulAdd(hn::Mul(p, z), twice, twice);
}

/// ln(y + e) for a normal y and abs(e) <= ulp(y) / 2, within 2^-50.5 of it relatively (brief: 2^-37). -inf at 0, NaN
/// below and for NaN, +inf at +inf.
///
/// y = 2^k m with m in [sqrt(1/2), sqrt(2)); ln(y + e) = k ln 2 + 2 atanh(f / (2 + f)) with f = m - 1 + e / 2^k, where
/// m - 1 is exact. The quotient carries three roundings. k ln 2 does not cancel: where k is not 0 it is at least twice
/// the other term. fdlibm's split of ln 2 (e_log.c) makes k times its high part exact.
template <bool kHasTail, bool kBrief = false>
HWY_INLINE V LogOfSum(V y, V e) {
  const D d;
  const hn::RebindToUnsigned<D> du;
  // In integers: adding bits(1) - bits(sqrt(1/2)) carries into the exponent exactly where m reaches its upper bound.
  const auto bits = hn::BitCast(du, y);
  const auto biased = hn::ShiftRight<52>(hn::Add(bits, hn::Set(du, 0x3ff0000000000000u - 0x3fe6a09e667f3bcdu)));
  const V k = hn::Sub(hn::BitCast(d, hn::Or(biased, hn::Set(du, 0x4330000000000000u))), Constant(0x1p52 + 1023));
  const auto scaled = hn::Sub(bits, hn::ShiftLeft<52>(hn::Sub(biased, hn::Set(du, 1023))));
  V f = hn::Sub(hn::BitCast(d, scaled), Constant(1));
  if (kHasTail) {
    const V inverse_scale = hn::BitCast(d, hn::ShiftLeft<52>(hn::Sub(hn::Set(du, 2046), biased)));
    f = hn::MulAdd(e, inverse_scale, f);
  }
  const V s = hn::Div(f, hn::Add(Constant(2), f));
  const V atanh = kBrief ? BriefTwiceAtanh(s) : TwiceAtanh(s);
  V log = hn::MulAdd(k, Constant(0x1.a39ef35793c76p-33), atanh);
  log = hn::MulAdd(k, Constant(0x1.62e42feep-1), log);
  log = hn::IfThenElse(hn::Gt(y, Constant(0)), log,
                       hn::IfThenElse(hn::Eq(y, Constant(0)), Constant(-kInfinity), Constant(kNaN)));
  return hn::IfThenElse(hn::Eq(y, Constant(kInfinity)), y, log);
}

/// ln y for a y that is not subnormal, as LogOfSum.
HWY_INLINE V Log(V y) { return LogOfSum<false>(y, y); }

/// ln(1 + u) for u >= -1 (NaN below), relatively as exact as LogOfSum, also where it is nearly u: 1 + u is taken as the
/// rounded sum y and its exact remainder (for u > 1 the remainder is only good to an ulp, where nothing is tiny).
HWY_INLINE V Log1p(V u) {
  const V y = hn::Add(Constant(1), u);
  return LogOfSum<true>(y, hn::Sub(u, hn::Sub(y, Constant(1))));
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
