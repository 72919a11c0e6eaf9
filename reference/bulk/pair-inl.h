// The number type for binary64: double-double lanes. + − × ÷ exp log1p, each with a bound on its relative error.
//
// u = 2^-53, so u² = 2^-106. The arithmetic is that of Joldes, Muller and Popescu, "Tight and rigorous error bounds for
// basic building blocks of double-word arithmetic" (ACM TOMS 44, 2017), whose bounds hold where nothing overflows or
// underflows; what underflows below 2^-960 stays far beneath kFloor. Everything else is derived here.
#if defined(LOSSAUDIT_REFERENCE_BULK_PAIR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_REFERENCE_BULK_PAIR_INL_H_
#undef LOSSAUDIT_REFERENCE_BULK_PAIR_INL_H_
#else
#define LOSSAUDIT_REFERENCE_BULK_PAIR_INL_H_
#endif

#include "reference/bulk/single-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::bulk::HWY_NAMESPACE {

struct Pair {
  /// AccurateDWPlusDW: 3 u² + 13 u³; DWTimesDW1: 5 u²; DWTimesFP1: 2 u²; DWDivDW2: 15 u² + 56 u³. All below 2^-101.
  static constexpr double kArithmetic = 0x1p-101;
  static constexpr double kExp = 0x1p-94;
  static constexpr double kLog1p = 0x1p-94;
  static constexpr double kLogOdds = 0x1p-93;
  /// Below this Exp gives 0: e^-600 < 2^-865. Down to it no low part is subnormal.
  static constexpr double kLeastExponent = -600;
  static constexpr double kFloor = 0x1p-860;
  static constexpr double kEdge = 0x1p-90;

  static constexpr bool kHasLow = true;

  V hi, lo;

  Pair() = default;
  HWY_INLINE Pair(V high, V low) : hi(high), lo(low) {}
  HWY_INLINE explicit Pair(ExactSum sum) : hi(sum.hi), lo(sum.lo) {}

  static HWY_INLINE Pair Of(V x) { return {x, hn::Zero(D())}; }
  static HWY_INLINE Pair Of(double x) { return Of(Constant(x)); }
  /// c + δ, for |δ| ≤ ulp(c) / 4.
  static HWY_INLINE Pair Beside(V c, V delta) { return {c, delta}; }
  /// a − b, exactly.
  static HWY_INLINE Pair Difference(V a, V b) { return Pair(TwoDifference(a, b)); }

  [[nodiscard]] HWY_INLINE V High() const { return hi; }
  /// NaN where the low part is not a number, else 0.
  [[nodiscard]] HWY_INLINE V UnknownLow() const { return hn::Sub(lo, lo); }
  /// The number − c, to a rounding of the low part's size where the number is near c.
  [[nodiscard]] HWY_INLINE V Above(V c) const { return hn::Add(hn::Sub(hi, c), lo); }
  static HWY_INLINE Pair Load(Part part, const double* value, const double* low) {
    return {part.Load(value, 0), part.Load(low, 0)};
  }
  HWY_INLINE void Store(Part part, double* value, double* low) const {
    part.Store(hi, value);
    part.Store(lo, low);
  }

  friend HWY_INLINE Pair operator-(Pair a) { return {hn::Neg(a.hi), hn::Neg(a.lo)}; }
  friend HWY_INLINE Pair operator+(Pair a, Pair b) {
    const ExactSum s = TwoSum(a.hi, b.hi);
    const ExactSum t = TwoSum(a.lo, b.lo);
    const ExactSum v = FastTwoSum(s.hi, hn::Add(s.lo, t.hi));
    return Pair(FastTwoSum(v.hi, hn::Add(t.lo, v.lo)));
  }
  friend HWY_INLINE Pair operator-(Pair a, Pair b) { return a + (-b); }
  friend HWY_INLINE Pair operator*(Pair a, Pair b) {
    const ExactSum c = TwoProduct(a.hi, b.hi);
    return Pair(FastTwoSum(c.hi, hn::Add(c.lo, hn::MulAdd(a.hi, b.lo, hn::Mul(a.lo, b.hi)))));
  }
  friend HWY_INLINE Pair operator*(Pair a, V b) {
    const ExactSum c = TwoProduct(a.hi, b);
    const ExactSum t = FastTwoSum(c.hi, hn::Mul(a.lo, b));
    return Pair(FastTwoSum(t.hi, hn::Add(t.lo, c.lo)));
  }
  friend HWY_INLINE Pair operator/(Pair a, Pair b) {
    const V quotient = hn::Div(a.hi, b.hi);
    const Pair product = b * quotient;
    const V rest = hn::Add(hn::Sub(a.hi, product.hi), hn::Sub(a.lo, product.lo));
    return Pair(FastTwoSum(quotient, hn::Div(rest, b.hi)));
  }
  friend HWY_INLINE Pair IfThenElse(M m, Pair a, Pair b) {
    return {hn::IfThenElse(m, a.hi, b.hi), hn::IfThenElse(m, a.lo, b.lo)};
  }
};

/// c + b for a constant c that exceeds |b| at least fivefold, to 4 u² relative: FastTwoSum of the high parts is exact,
/// the two additions of low parts (each below 1.3 u |c| of magnitude) round to 2 · 1.3 u² |c| ≤ 3.3 u² of the result.
HWY_INLINE Pair AddToConstant(double c_high, double c_low, Pair b) {
  const ExactSum s = FastTwoSum(Constant(c_high), b.hi);
  return Pair(FastTwoSum(s.hi, hn::Add(s.lo, hn::Add(b.lo, Constant(c_low)))));
}

/// 2^(j/32), j = 0 … 31, as the nearest double-doubles.
HWY_ALIGN inline constexpr double kRootsHigh[32] = {
    0x1.0000000000000p+0, 0x1.059b0d3158574p+0, 0x1.0b5586cf9890fp+0, 0x1.11301d0125b51p+0, 0x1.172b83c7d517bp+0,
    0x1.1d4873168b9aap+0, 0x1.2387a6e756238p+0, 0x1.29e9df51fdee1p+0, 0x1.306fe0a31b715p+0, 0x1.371a7373aa9cbp+0,
    0x1.3dea64c123422p+0, 0x1.44e086061892dp+0, 0x1.4bfdad5362a27p+0, 0x1.5342b569d4f82p+0, 0x1.5ab07dd485429p+0,
    0x1.6247eb03a5585p+0, 0x1.6a09e667f3bcdp+0, 0x1.71f75e8ec5f74p+0, 0x1.7a11473eb0187p+0, 0x1.82589994cce13p+0,
    0x1.8ace5422aa0dbp+0, 0x1.93737b0cdc5e5p+0, 0x1.9c49182a3f090p+0, 0x1.a5503b23e255dp+0, 0x1.ae89f995ad3adp+0,
    0x1.b7f76f2fb5e47p+0, 0x1.c199bdd85529cp+0, 0x1.cb720dcef9069p+0, 0x1.d5818dcfba487p+0, 0x1.dfc97337b9b5fp+0,
    0x1.ea4afa2a490dap+0, 0x1.f50765b6e4540p+0};
HWY_ALIGN inline constexpr double kRootsLow[32] = {0x0.0p+0,
                                                   0x1.d73e2a475b465p-55,
                                                   0x1.8a62e4adc610bp-54,
                                                   -0x1.6c51039449b3ap-54,
                                                   -0x1.19041b9d78a76p-55,
                                                   0x1.e016e00a2643cp-54,
                                                   0x1.9b07eb6c70573p-54,
                                                   0x1.612e8afad1255p-55,
                                                   0x1.6f46ad23182e4p-55,
                                                   -0x1.63aeabf42eae2p-54,
                                                   0x1.ada0911f09ebcp-55,
                                                   0x1.89b7a04ef80d0p-59,
                                                   0x1.d4397afec42e2p-56,
                                                   -0x1.07abe1db13cadp-55,
                                                   0x1.6324c054647adp-54,
                                                   -0x1.383c17e40b497p-54,
                                                   -0x1.bdd3413b26456p-54,
                                                   -0x1.16e4786887a99p-55,
                                                   -0x1.41577ee04992fp-55,
                                                   -0x1.d4c1dd41532d8p-54,
                                                   0x1.6e9f156864b27p-54,
                                                   -0x1.75fc781b57ebcp-57,
                                                   0x1.c7c46b071f2bep-56,
                                                   -0x1.d2f6edb8d41e1p-54,
                                                   0x1.7a1cd345dcc81p-54,
                                                   -0x1.5584f7e54ac3bp-56,
                                                   0x1.11065895048ddp-55,
                                                   0x1.503cbd1e949dbp-56,
                                                   0x1.2ed02d75b3707p-55,
                                                   -0x1.1a5cd4f184b5cp-54,
                                                   -0x1.e9c23179c2893p-54,
                                                   0x1.9d3e12dd8a18bp-54};

/// e^x = 2^exponent · root · (1 + rest).
struct ExpParts {
  V exponent;
  Pair root, rest;
};

/// The parts of e^x for |x| ≤ 710.
///
/// n = round(32 x / ln 2), |n| < 2^15.1, r = x − n (ln 2) / 32 with |r| ≤ 0.0109. (ln 2) / 32 = c1 + c2 + c3 (+ 2^-152),
/// where c1 has 37 bits: n c1 is exact, and so is x.hi − n c1 (both are multiples of 2^-59 when n ≠ 0, and their
/// difference is below 2^-6). n c2 is an exact product, taken from there by TwoSum. What is left, e − p + x.lo − n c3
/// (below 2^-60, 2^-82, 2^-44, 2^-83), rounds three times: 3 · 2^-97 absolute, or 3 · 2^-113 when x.lo = 0; for n = 0,
/// r is x itself.
///
/// rest = e^r − 1 = r + r² (1/2 + r (1/6 + r (1/24 + r (1/120 + r (1/720 + r Q))))), Q = 1/5040 + … + r⁴/11! in double.
/// Relative to r: the remainder r^11 / 12! is below 2^-100; Q's and its product's 6 u weigh r^6 / 5040: 2^-102; each step
/// outward multiplies (5 u²) and adds (4 u²) and passes inner errors on with a factor below |r| / 2: 1/2 + … is good to 5 u²; r² times that
/// (10 u² more) weighs |r|: 0.2 u²; the last sum 3 u². Together below 2^-99 of r, so of rest.
HWY_INLINE ExpParts ExpPartsOf(ExactSum x) {
  const hn::RebindToSigned<D> di;
  const V n = Nearest(hn::Mul(x.hi, Constant(0x1.71547652b82fep+5)));
  const V exponent = hn::Floor(hn::Mul(n, Constant(0x1p-5)));
  const V index = hn::NegMulAdd(exponent, Constant(32), n);
  const auto place = hn::And(hn::BitCast(di, hn::Add(index, Constant(0x1p52))), hn::Set(di, 31));
  const V t = hn::NegMulAdd(n, Constant(0x1.62e42fefap-6), x.hi);
  const ExactSum product = TwoProduct(n, Constant(0x1.cf79abc9e3b3ap-45));
  const ExactSum difference = TwoDifference(t, product.hi);
  const V below =
      hn::Sub(hn::Add(hn::Sub(difference.lo, product.lo), x.lo), hn::Mul(n, Constant(-0x1.ff0342542fc33p-99)));
  const Pair r(TwoSum(difference.hi, below));
  V q = Constant(1.0 / 39916800);
  q = hn::MulAdd(q, r.hi, Constant(1.0 / 3628800));
  q = hn::MulAdd(q, r.hi, Constant(1.0 / 362880));
  q = hn::MulAdd(q, r.hi, Constant(1.0 / 40320));
  q = hn::MulAdd(q, r.hi, Constant(1.0 / 5040));
  Pair s = AddToConstant(0x1.6c16c16c16c17p-10, -0x1.f49f49f49f49fp-65, Pair::Of(hn::Mul(q, r.hi)));
  s = AddToConstant(0x1.1111111111111p-7, 0x1.1111111111111p-63, r * s);
  s = AddToConstant(0x1.5555555555555p-5, 0x1.5555555555555p-59, r * s);
  s = AddToConstant(0x1.5555555555555p-3, 0x1.5555555555555p-57, r * s);
  s = AddToConstant(0.5, 0, r * s);
  return {exponent, Pair(hn::GatherIndex(D(), kRootsHigh, place), hn::GatherIndex(D(), kRootsLow, place)),
          r + (r * r) * s};
}

/// e^x for an exact sum x ≤ 709, to 2^-94 relative; 0 below kLeastExponent; NaN for NaN.
///
/// root is good to 2^-107, root · rest to 6 u² and 2^-99 of itself, and that is 0.011 of root: 2^-103 with the sum's 3 u²;
/// what r misses, 2^-95.4, counts in full. 2^exponent is exact.
HWY_INLINE Pair ExpPair(ExactSum x) {
  const ExpParts parts = ExpPartsOf(x);
  const Pair e = parts.root + parts.root * parts.rest;
  const V scale = PowerOfTwo(parts.exponent);
  const M below = hn::Lt(x.hi, Constant(Pair::kLeastExponent));
  return {hn::IfThenZeroElse(below, hn::Mul(e.hi, scale)), hn::IfThenZeroElse(below, hn::Mul(e.lo, scale))};
}

/// e^x and e^x − 1 for a double |x| ≤ 709, both to 2^-96 relative.
///
/// r is good to 2^-111 here. e^x − 1 = (2^k root − 1) + 2^k root rest: for n = 0 it is rest. Otherwise it is at least
/// 0.0107 of max(1, 2^k root): root's 2^-107, the product's 2^-105 and two sums' 3 u² are below 2^-103 of that maximum,
/// hence below 2^-96 of the result.
struct ExpAndBelowOne {
  Pair exp, below_one;
};
HWY_INLINE ExpAndBelowOne ExpBothOf(V x) {
  const ExpParts parts = ExpPartsOf({x, hn::Zero(D())});
  const V scale = PowerOfTwo(parts.exponent);
  const Pair root(hn::Mul(parts.root.hi, scale), hn::Mul(parts.root.lo, scale));
  const Pair product = root * parts.rest;
  return {root + product, (root - Pair::Of(1)) + product};
}

/// L0 + ln(1 + d) for |d| ≤ 12 u |L0|, |L0| < 2^10: d − d²/2 misses d³/3, below 2^-128 of L0.
HWY_INLINE Pair Corrected(V log, Pair d) {
  const V half_square = hn::Mul(hn::Mul(d.hi, d.hi), Constant(0.5));
  return Pair(FastTwoSum(log, hn::Add(d.hi, hn::Sub(d.lo, half_square))));
}

/// ln(1 + y) for 0 ≤ y < 2^600, to 2^-94 relative; some number for any other y.
///
/// One Newton step from Single's L0 (10 u relative, and y.lo missed, u): L0 + ln(1 + d) with 1 + d = (1 + y) e^-L0, so
/// |d| ≤ 11.1 u L0.
/// For y ≤ 1, d = y + (1 + y)(e^-L0 − 1), whose two terms are nearly opposite: the second is good to 2^-96 + 8 u², so d
/// is good to 2^-95.9 y + 3 u² d, where y ≤ 1.45 ln(1 + y): 2^-95.3 of the result. For y > 1, d = (1 + y) e^-L0 − 1 is good
/// to 2^-95.9, the result is at least 0.69: 2^-95.3. d and its square in double add u |d| ≤ 2^-102 L0 each.
HWY_INLINE Pair Log1pPair(Pair y) {
  const V start = Log1pSingle(y.hi).v;
  const ExpAndBelowOne e = ExpBothOf(hn::Neg(start));
  const Pair sum = Pair::Of(1) + y;
  const M large = hn::Gt(y.hi, Constant(1));
  const Pair d = IfThenElse(large, Pair::Of(-1), y) + sum * IfThenElse(large, e.exp, e.below_one);
  return Corrected(start, d);
}

/// ln(p / (1 − p)) for 2^-1000 ≤ p < 1, to 2^-93 relative; some number for any other p.
///
/// By symmetry p ≤ 1/2, where q = 1 − p is an exact sum above 1/2 (for p > 1/2, 1 − p is a double). One Newton step from
/// Single's L0 (10 u): 1 + d = (p / q) e^-L0, so d = (p (e^-L0 − 1) + (p − q)) / q with p − q = 2p − 1 an exact sum. The
/// first term is good to 2^-96 + 2 u², and is at most q − p + 2^-49: below 2^-95.8 (1 − 2p). So is their sum, beside 3 u² of itself; divided by q ≥
/// 1/2 it is twice that. |ln(p / q)| ≥ 2 (1 − 2p): 2^-95.8 of the result. In double, d adds 4 u |d| ≤ 2^-100.
HWY_INLINE Pair LogOddsPair(V p) {
  const M above = hn::Gt(p, Constant(0.5));
  const V smaller = hn::IfThenElse(above, hn::Sub(Constant(1), p), p);
  const Pair q(TwoDifference(Constant(1), smaller));
  const V start = LogOddsSingle(smaller).v;
  const ExpAndBelowOne e = ExpBothOf(hn::Neg(start));
  const Pair excess = e.below_one * smaller + Pair(TwoDifference(hn::Add(smaller, smaller), Constant(1)));
  const Pair log = Corrected(start, Pair::Of(hn::Div(excess.hi, q.hi)));
  return IfThenElse(above, -log, log);
}

HWY_INLINE Pair ExpOf(Pair /*type*/, ExactSum x) { return ExpPair(x); }
HWY_INLINE Pair Log1pOf(Pair y) { return Log1pPair(y); }
HWY_INLINE Pair LogOddsOf(Pair /*type*/, V p) { return LogOddsPair(p); }

}  // namespace lossaudit::bulk::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
