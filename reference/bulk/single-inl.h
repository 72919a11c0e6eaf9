// The number type for the narrow formats: one double a lane. + − × ÷ exp log1p, each with a bound on its relative error.
//
// u = 2^-53. Bounds count every multiply-add as two roundings, since not every target fuses them.
#if defined(LOSSAUDIT_REFERENCE_BULK_SINGLE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_REFERENCE_BULK_SINGLE_INL_H_
#undef LOSSAUDIT_REFERENCE_BULK_SINGLE_INL_H_
#else
#define LOSSAUDIT_REFERENCE_BULK_SINGLE_INL_H_
#endif

#include "reference/bulk/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::bulk::HWY_NAMESPACE {

struct Single {
  static constexpr double kArithmetic = kRoundoff;  ///< +, − (of the result), ×, ÷: correctly rounded
  static constexpr double kExp = 16 * kRoundoff;
  static constexpr double kLog1p = 10 * kRoundoff;
  static constexpr double kLogOdds = 10 * kRoundoff;
  /// Below this Exp gives 0: e^-700 < 2^-1009.
  static constexpr double kLeastExponent = -700;
  /// Bound on what Exp leaves out there, and on the underflows of products: far below every narrow format.
  static constexpr double kFloor = 0x1p-1000;
  /// A power of 2 above every radius near 1 (see Edges in functions-inl.h).
  static constexpr double kEdge = 0x1p-47;

  static constexpr bool kHasLow = false;

  V v;

  static HWY_INLINE Single Of(V x) { return {x}; }
  static HWY_INLINE Single Of(double x) { return {Constant(x)}; }
  /// c + δ.
  static HWY_INLINE Single Beside(V c, V delta) { return {hn::Add(c, delta)}; }
  /// a − b.
  static HWY_INLINE Single Difference(V a, V b) { return {hn::Sub(a, b)}; }

  [[nodiscard]] HWY_INLINE V High() const { return v; }
  /// NaN where the low part is not a number, else 0.
  [[nodiscard]] HWY_INLINE V UnknownLow() const { return hn::Zero(D()); }
  /// The number − c, to a rounding.
  [[nodiscard]] HWY_INLINE V Above(V c) const { return hn::Sub(v, c); }
  static HWY_INLINE Single Load(Part part, const double* value, const double* /*low*/) { return {part.Load(value, 0)}; }
  HWY_INLINE void Store(Part part, double* value, double* /*low*/) const { part.Store(v, value); }

  friend HWY_INLINE Single operator-(Single a) { return {hn::Neg(a.v)}; }
  friend HWY_INLINE Single operator+(Single a, Single b) { return {hn::Add(a.v, b.v)}; }
  friend HWY_INLINE Single operator-(Single a, Single b) { return {hn::Sub(a.v, b.v)}; }
  friend HWY_INLINE Single operator*(Single a, Single b) { return {hn::Mul(a.v, b.v)}; }
  friend HWY_INLINE Single operator*(Single a, V b) { return {hn::Mul(a.v, b)}; }
  friend HWY_INLINE Single operator/(Single a, Single b) { return {hn::Div(a.v, b.v)}; }
  friend HWY_INLINE Single IfThenElse(M m, Single a, Single b) { return {hn::IfThenElse(m, a.v, b.v)}; }
};

/// e^(x.hi + x.lo) for an exact x.hi + x.lo ≤ 709, to 16 u relative; 0 below kLeastExponent; NaN for NaN.
///
/// n = round(x / ln 2), so |n| ≤ 1023 and r = x − n ln 2 has |r| ≤ 0.3466 (+ 2^-40, from rounding x / ln 2). ln 2 =
/// 0x1.62e42fep-1 + 0x1.f473de6af278fp-30 + [−2^-83, 2^-83], the first with 29 bits, so that n times it is exact.
/// r's error: the subtraction of that product rounds once at |r| ≤ 0.35 (0.35 u), so do the product with the low part
/// and its subtraction, and the addition of x.lo (|x.lo| ≤ 2^-44); ln 2's own part is below 2^-73: under 1.5 u in all,
/// which is also its relative effect on e^r. Taylor of degree 13: remainder 0.3466^14 e^0.35 / 14! < 2^-56 = u / 8.
/// Horner's step q_k = 1/k! + r q_(k+1) errs by at most (|r q_(k+1)| + |q_k| + 1/k!) u ≤ 3.1 u, passed on with a
/// factor |r|: 3.1 / (1 − 0.35) < 4.8 u; over e^r ≥ 0.707 that is 6.8 u. Sum: below 9 u and second order < 16 u.
HWY_INLINE Single ExpSingle(ExactSum x) {
  const V n = Nearest(hn::Mul(x.hi, Constant(0x1.71547652b82fep+0)));
  V r = hn::NegMulAdd(n, Constant(0x1.62e42fep-1), x.hi);
  r = hn::Add(hn::NegMulAdd(n, Constant(0x1.f473de6af278fp-30), r), x.lo);
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
  q = hn::MulAdd(q, r, Constant(0.5));
  q = hn::MulAdd(q, r, Constant(1.0));
  q = hn::MulAdd(q, r, Constant(1.0));
  // Below the limit n means nothing, so those lanes are replaced; NaN is not below and comes out of r.
  return {hn::IfThenZeroElse(hn::Lt(x.hi, Constant(Single::kLeastExponent)), hn::Mul(q, PowerOfTwo(n)))};
}

/// k ln 2 + 2 atanh(s) for |s| ≤ 0.1716 (+ 2^-50).
///
/// 2 atanh(s) = 2 s P(s²), P(z) = Σ z^j / (2j + 1), j ≤ 10, z ≤ 0.02945: remainder z^11 / 23 / (1 − z) < 2^-60 (P ≥ 1).
/// Horner's last step rounds its product (0.01 u) and its sum (1.01 u), the step before counts 0.03 times, z's rounding
/// moves P by z P′ u < 0.02 u, and 2 s P rounds once: 2.2 u relative, beside 1.03 times the relative error of s
/// (s / ((1 − s²) atanh s) ≤ 1.0203). For k = 0 nothing else happens. Otherwise k times the high part of ln 2 is exact
/// for |k| < 2^24, the inner sum rounds twice at ≤ 0.35 (0.4 u absolute), the outer one once, and ln 2's own part is
/// k 2^-83.
HWY_INLINE V LogOf(V k, V s) {
  const V z = hn::Mul(s, s);
  V p = Constant(1.0 / 21);
  p = hn::MulAdd(p, z, Constant(1.0 / 19));
  p = hn::MulAdd(p, z, Constant(1.0 / 17));
  p = hn::MulAdd(p, z, Constant(1.0 / 15));
  p = hn::MulAdd(p, z, Constant(1.0 / 13));
  p = hn::MulAdd(p, z, Constant(1.0 / 11));
  p = hn::MulAdd(p, z, Constant(1.0 / 9));
  p = hn::MulAdd(p, z, Constant(1.0 / 7));
  p = hn::MulAdd(p, z, Constant(1.0 / 5));
  p = hn::MulAdd(p, z, Constant(1.0 / 3));
  p = hn::MulAdd(p, z, Constant(1.0));
  const V atanh = hn::Mul(hn::Add(s, s), p);
  return hn::MulAdd(k, Constant(0x1.62e42fep-1), hn::MulAdd(k, Constant(0x1.f473de6af278fp-30), atanh));
}

/// The k with x / 2^k in [√½, √2) (to a rounding), for positive normal x; and x / 2^k.
struct Scaled {
  V k, m;
};
HWY_INLINE Scaled ScaledToOne(V x) {
  const hn::RebindToUnsigned<D> du;
  const auto bits = hn::BitCast(du, x);
  // In integers: adding bits(1) − bits(√½) carries into the exponent exactly where m reaches its upper bound.
  const auto biased = hn::ShiftRight<52>(hn::Add(bits, hn::Set(du, 0x3ff0000000000000u - 0x3fe6a09e667f3bcdu)));
  const V k = hn::Sub(hn::BitCast(D(), hn::Or(biased, hn::Set(du, 0x4330000000000000u))), Constant(0x1p52 + 1023));
  return {k, hn::BitCast(D(), hn::Sub(bits, hn::ShiftLeft<52>(hn::Sub(biased, hn::Set(du, 1023)))))};
}

/// ln(1 + y) for 0 ≤ y < 2^1000, to 10 u relative; some number for any other y.
///
/// 1 + y = 2^k m. For k = 0, s = y / (2 + y) rounds twice: 2.2 u + 2.06 u. For k > 0, 1 + y rounds once (u absolute in
/// the logarithm), m − 1 is exact, (m − 1) / (m + 1) rounds twice: 0.3466 · 4.3 u = 1.5 u; with LogOf's 0.4 u that is
/// 2.9 u absolute, over a logarithm of at least 0.3465: 8.4 u, and its last rounding. Second order is far below.
HWY_INLINE Single Log1pSingle(V y) {
  const Scaled scaled = ScaledToOne(hn::Add(y, Constant(1)));
  const M small = hn::Eq(scaled.k, hn::Zero(D()));
  const V numerator = hn::IfThenElse(small, y, hn::Sub(scaled.m, Constant(1)));
  const V denominator = hn::Add(hn::IfThenElse(small, y, scaled.m), hn::IfThenElse(small, Constant(2), Constant(1)));
  return {LogOf(scaled.k, hn::Div(numerator, denominator))};
}

/// ln(p / (1 − p)) for 2^-1000 ≤ p < 1, to 10 u relative; some number for any other p.
///
/// = k ln 2 + 2 atanh(s) with s = (p − 2^k q) / (p + 2^k q), q = 1 − p = q.hi + q.lo exactly, and k such that p / (2^k
/// q) lies in [√½, √2] (to a few roundings of the comparison's operands). p − 2^k q.hi is exact (within a factor 2), its
/// sum with q.lo rounds once; p + 2^k q.hi misses q.lo (u) and rounds once; the quotient rounds: s is good to 4.1 u.
/// k = 0: 2.2 u + 4.3 u. Otherwise 0.3466 · 6.5 u = 2.3 u absolute, 0.4 u in LogOf, over at least 0.3465: 7.8 u, and
/// its last rounding.
HWY_INLINE Single LogOddsSingle(V p) {
  const ExactSum q = TwoDifference(Constant(1), p);
  const hn::RebindToUnsigned<D> du;
  const auto fraction = hn::Set(du, 0x000fffffffffffffu);
  const auto one = hn::Set(du, 0x3ff0000000000000u);
  const auto p_bits = hn::BitCast(du, p);
  const auto q_bits = hn::BitCast(du, q.hi);
  const V p_significand = hn::BitCast(D(), hn::Or(hn::And(p_bits, fraction), one));
  const V q_significand = hn::BitCast(D(), hn::Or(hn::And(q_bits, fraction), one));
  const auto exponent = [&](auto bits) {
    return hn::Sub(hn::BitCast(D(), hn::Or(hn::ShiftRight<52>(bits), hn::Set(du, 0x4330000000000000u))),
                   Constant(0x1p52));
  };
  const V root = Constant(0x1.6a09e667f3bcdp+0);
  V k = hn::Sub(exponent(p_bits), exponent(q_bits));
  k = hn::Add(k, hn::IfThenElseZero(hn::Gt(p_significand, hn::Mul(root, q_significand)), Constant(1)));
  k = hn::Sub(k, hn::IfThenElseZero(hn::Gt(q_significand, hn::Mul(root, p_significand)), Constant(1)));
  const V scale = PowerOfTwo(k);
  const V scaled = hn::Mul(q.hi, scale);
  const V numerator = hn::NegMulAdd(q.lo, scale, hn::Sub(p, scaled));
  return {LogOf(k, hn::Div(numerator, hn::Add(p, scaled)))};
}

HWY_INLINE Single ExpOf(Single /*type*/, ExactSum x) { return ExpSingle(x); }
HWY_INLINE Single Log1pOf(Single y) { return Log1pSingle(y.v); }
HWY_INLINE Single LogOddsOf(Single /*type*/, V p) { return LogOddsSingle(p); }

}  // namespace lossaudit::bulk::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
