#include <cstddef>
#include <limits>

#include "fast/losses.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/logit.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/float_blocks-inl.h"
#include "fast/float_lanes-inl.h"
#include "fast/float_log-inl.h"
#include "fast/lanes-inl.h"
#include "fast/log-inl.h"
#include "fast/results-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// ln(p / (1 - p)) in float lanes, for MapBlocks.
///
/// It is ln(large / small), or minus that below 1/2, of p and 1 - p, where 1 - p is high + low exactly, and exactly
/// high where it is the small one. A p below 2^-64 is taken as p 2^64. large / small = 2^m y, y in [1, 2), and ln(large
/// / small) = m ln 2 - ln c_j + ln(1 + z) with c_j from Log1pTable and z = (c_j 2^-m large - small) / small, whose
/// numerator is exact near p = 1/2, where z is the result: there z's own rounding is taken along, elsewhere it is at
/// most 2^-30 beside 0.031. m times ln 2's high part is exact.
///
/// Found over all floats: at most 0.80 ulp.
class LogitLanes {
 public:
  HWY_INLINE LogitLanes() {}

  template <bool kStreamed>
  HWY_INLINE void Block(const float* from, float* to, std::size_t vectors) const {
    constexpr std::size_t kAtOnce = 4;
    const std::size_t lanes = hn::Lanes(FD());
    std::size_t v = 0;
    for (; v + kAtOnce <= vectors; v += kAtOnce) Several<kAtOnce, kStreamed>(from + v * lanes, to + v * lanes);
    for (; v < vectors; ++v) Several<1, kStreamed>(from + v * lanes, to + v * lanes);
  }

 private:
  template <std::size_t kN, bool kStreamed>
  HWY_INLINE void Several(const float* from, float* to) const {
    const FD d;
    const VF one = Floats(1);
    VF p[kN];
    VF large[kN];
    VF low[kN];
    VF small[kN];
    VF ratio[kN];
    VF m[kN];
    VI j[kN];
    VF c[kN];
    VF z[kN];
    Each<kN>([&](std::size_t i) HWY_ATTR {
      p[i] = Passage<kStreamed>::Load(from + i * hn::Lanes(d));
      const VF rest = hn::Sub(one, p[i]);
      const MF is_below_half = hn::Lt(p[i], Floats(0.5F));
      low[i] = hn::IfThenElseZero(is_below_half, hn::Sub(hn::Sub(one, rest), p[i]));
      const MF is_tiny = hn::Lt(p[i], Floats(0x1p-64f));
      const VF scaled = hn::Mul(p[i], hn::IfThenElse(is_tiny, Floats(0x1p64f), one));
      m[i] = hn::IfThenElseZero(is_tiny, Floats(64));
      large[i] = hn::IfThenElse(is_below_half, rest, p[i]);
      small[i] = hn::IfThenElse(is_below_half, scaled, rest);
    });
    Each<kN>([&](std::size_t i) HWY_ATTR { ratio[i] = hn::Div(large[i], small[i]); });
    Each<kN>([&](std::size_t i) HWY_ATTR {
      const VI bits = BitsOf(ratio[i]);
      const VF y = FloatOf(hn::Or(hn::And(bits, Integers(0x7fffff)), BitsOf(one)));
      const VI exponent = hn::Sub(hn::And(bits, Integers(0x7f800000)), BitsOf(one));
      m[i] = hn::Add(m[i], hn::ConvertTo(d, hn::ShiftRight<23>(exponent)));
      j[i] = Log1pTable::Index(hn::Sub(y, one));
      c[i] = FloatOf(hn::Sub(BitsOf(log1p_.Scale(j[i])), exponent));
    });
    Each<kN>([&](std::size_t i) HWY_ATTR {
      const VF numerator = hn::MulAdd(low[i], c[i], hn::MulSub(large[i], c[i], small[i]));
      z[i] = hn::Div(numerator, small[i]);
      low[i] = hn::NegMulAdd(z[i], small[i], numerator);
    });
    Each<kN>([&](std::size_t i) HWY_ATTR {
      // Twice the remainder: 1 / small is 2 near 1/2, and more where the remainder does not count.
      VF rest = hn::MulAdd(hn::Mul(z[i], z[i]), Log1pTable::Quotient(z[i]), hn::Add(low[i], low[i]));
      rest = hn::MulAdd(m[i], Floats(kLnTwoLow), rest);
      const FloatSum table = SumOf(hn::Mul(m[i], Floats(kLnTwoHigh)), log1p_.LogOfScale(j[i]));
      const FloatSum sum = SumOf(table.high, z[i]);
      const VF magnitude = hn::Add(sum.high, hn::Add(hn::Add(table.low, sum.low), rest));
      const VF infinite = hn::IfThenElse(hn::Eq(small[i], hn::Zero(d)), Floats(kInfiniteFloat), magnitude);
      const VF result = hn::IfThenElse(hn::Lt(p[i], Floats(0.5F)), hn::Neg(infinite), infinite);
      const MF is_probability = hn::And(hn::Ge(p[i], hn::Zero(d)), hn::Le(p[i], one));
      Passage<kStreamed>::Store(hn::IfThenElse(is_probability, result, Floats(kNaNFloat)), to + i * hn::Lanes(d));
    });
  }

  static constexpr float kLnTwoHigh = 0x1.62e4p-1f;
  static constexpr float kLnTwoLow = 0x1.7f7d1cp-20f;
  static constexpr float kInfiniteFloat = std::numeric_limits<float>::infinity();
  static constexpr float kNaNFloat = std::numeric_limits<float>::quiet_NaN();

  Log1pTable log1p_;
};

/// In double lanes, where multiplications and additions are not fused: near 1/2 it is 2 atanh(2 p - 1), whose argument
/// is exact; elsewhere ln(p / (1 - p)), which is beyond 0.34 there. 1 - p and the quotient are rounded to 2^-53.
/// Outside [0, 1] the quotient is negative.
struct LogitOf {
  HWY_INLINE V operator()(V p) const {
    const V twice_minus_one = hn::Sub(hn::Add(p, p), Constant(1));
    const M is_near_half = hn::Lt(hn::Abs(twice_minus_one), Constant(0.1716));
    return hn::IfThenElse(is_near_half, TwiceAtanh(twice_minus_one), Log(hn::Div(p, hn::Sub(Constant(1), p))));
  }
};

HWY_FLATTEN void Logit(const float* x, float* result, std::size_t n) {
  if constexpr (kFused) {
    MapBlocks(LogitLanes(), x, result, n);
  } else {
    MapElements(LogitOf(), x, result, n);
  }
}

/// 1 / (p (1 - p)): three roundings. NaN outside [0, 1], +inf at its ends, at -0 too.
struct LogitDerivative {
  template <std::size_t kN>
  HWY_INLINE void operator()(V (&p)[kN]) const {
    Each<kN>([&](std::size_t i) HWY_ATTR {
      const V derivative = hn::Div(Constant(1), hn::Mul(hn::Abs(p[i]), hn::Sub(Constant(1), p[i])));
      const M is_probability = hn::And(hn::Ge(p[i], Constant(0)), hn::Le(p[i], Constant(1)));
      p[i] = hn::IfThenElse(is_probability, derivative, Constant(kNaN));
    });
  }
};

HWY_FLATTEN void LogitGradient(const float* x, const float* upstream, float* gradient, std::size_t n) {
  MapGradient<4>(LogitDerivative(), x, upstream, gradient, n);
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(Logit);
HWY_EXPORT(LogitGradient);

void logit(const float* x, float* result, std::size_t n) { HWY_DYNAMIC_DISPATCH(Logit)(x, result, n); }

void logit_gradient(const float* x, const float* upstream, float* gradient, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(LogitGradient)(x, upstream, gradient, n);
}

}  // namespace lossaudit::fast
#endif
