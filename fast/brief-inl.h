// e^x and logarithms in double lanes to 2^-33: shorter than exp-inl.h and log-inl.h, and enough for a result that is
// rounded to float and does not cancel.
#if defined(LOSSAUDIT_FAST_BRIEF_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_BRIEF_INL_H_
#undef LOSSAUDIT_FAST_BRIEF_INL_H_
#else
#define LOSSAUDIT_FAST_BRIEF_INL_H_
#endif

#include "fast/lanes-inl.h"
#include "fast/log-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// e^-abs(x), within 2^-34 of it relatively, as long as that is above e^-700 (which stands for all that is below, and
/// which no float reaches by far). Exactly 1 at 0. For NaN a number.
///
/// -abs(x) = k ln 2 + r; ln 2 in one double and its product with k <= 1010 leave r within 2^-43. e^r is 1 + r + r^2 q(r)
/// with q of degree 5, fitted to e^r relatively (a linear programme over 1500 nodes): 2^-34.17.
HWY_INLINE V BriefExpOfMinusAbs(V x) {
  const D d;
  const hn::RebindToUnsigned<D> du;
  const V a = hn::Max(hn::Or(x, Constant(-0.0)), Constant(-700));
  const V shift = Constant(0x1.8p52);
  const V shifted = hn::MulAdd(a, Constant(0x1.71547652b82fep0), shift);
  const V k = hn::Sub(shifted, shift);
  const V r = hn::NegMulAdd(k, Constant(0x1.62e42fefa39efp-1), a);
  const V r2 = hn::Mul(r, r);
  const V low = hn::MulAdd(r, Constant(0x1.555554436525ap-3), Constant(0x1.0000003a1abf3p-1));
  const V middle = hn::MulAdd(r, Constant(0x1.1112708fb5dd8p-7), Constant(0x1.55548dd8a6915p-5));
  const V high = hn::MulAdd(r, Constant(0x1.9f08a3eb19e3cp-13), Constant(0x1.6d8cf3f50d3b3p-10));
  const V q = hn::MulAdd(hn::MulAdd(high, r2, middle), r2, low);
  const V p = hn::MulAdd(q, r2, hn::Add(r, Constant(1)));
  // The exponent goes in by an integer addition; bits above its field wrap as they should.
  return hn::BitCast(d, hn::Add(hn::BitCast(du, p), hn::ShiftLeft<52>(hn::BitCast(du, shifted))));
}

/// ln(1 + e) for e in [0, 1], within 2^-38 of it relatively: 2 atanh(s) with s = e / (2 + e) <= 1/3.
HWY_INLINE V BriefLog1pOfUnit(V e) {
  const V s = hn::Div(e, hn::Add(e, Constant(2)));
  const V z = hn::Mul(s, s);
  V p = Constant(0x1.be17a15bc019cp-4);
  p = hn::MulAdd(p, z, Constant(0x1.5f423cedc1ed1p-4));
  p = hn::MulAdd(p, z, Constant(0x1.c8b9e174d8d75p-4));
  p = hn::MulAdd(p, z, Constant(0x1.248a65babdf61p-3));
  p = hn::MulAdd(p, z, Constant(0x1.9999bcca24a20p-3));
  p = hn::MulAdd(p, z, Constant(0x1.5555553b4bf2fp-2));
  const V twice = hn::Add(s, s);
  return hn::MulAdd(hn::Mul(p, z), twice, twice);
}

/// As Log and Log1p, within 2^-37 relatively.
HWY_INLINE V BriefLog(V y) { return LogOfSum<false, true>(y, y); }
HWY_INLINE V BriefLog1p(V u) {
  const V y = hn::Add(Constant(1), u);
  return LogOfSum<true, true>(y, hn::Sub(u, hn::Sub(y, Constant(1))));
}

/// The same of kN normal numbers y up to 1, given with y - 1, step by step: their latencies hide each other. For NaN a
/// number.
template <std::size_t kN>
HWY_INLINE void BriefUnitLogs(const V* y, const V* below_one, V* log) {
  const D d;
  const hn::RebindToUnsigned<D> du;
  V k[kN], f[kN];
#pragma GCC unroll 8
  for (std::size_t v = 0; v < kN; ++v) {
    // As in LogOfSum; the rounding of y counts only where the logarithm is near 0, and so k is.
    const auto raised = hn::Add(hn::BitCast(du, y[v]), hn::Set(du, 0x3ff0000000000000u - 0x3fe6a09e667f3bcdu));
    const auto biased = hn::Or(hn::ShiftRight<52>(raised), hn::Set(du, 0x4330000000000000u));
    k[v] = hn::Sub(hn::BitCast(d, biased), Constant(0x1p52 + 1023));
    const auto fraction = hn::And(raised, hn::Set(du, 0x000fffffffffffffu));
    const V scaled = hn::BitCast(d, hn::Add(fraction, hn::Set(du, 0x3fe6a09e667f3bcdu)));
    const M is_near_one = hn::Ge(y[v], Constant(0x1.6a09e667f3bcdp-1));
    f[v] = hn::IfThenElse(is_near_one, below_one[v], hn::Sub(scaled, Constant(1)));
  }
  V s[kN];
#pragma GCC unroll 8
  for (std::size_t v = 0; v < kN; ++v) s[v] = hn::Div(f[v], hn::Add(Constant(2), f[v]));
#pragma GCC unroll 8
  for (std::size_t v = 0; v < kN; ++v) log[v] = hn::MulAdd(k[v], Constant(0x1.62e42fefa39efp-1), BriefTwiceAtanh(s[v]));
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
