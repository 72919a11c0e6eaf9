#include <cstdint>

#include "fast/losses.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/sigmoid.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/float_blocks-inl.h"
#include "fast/float_lanes-inl.h"
#include "fast/lanes-inl.h"
#include "fast/results-inl.h"
#include "fast/softplus-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// 2^(j/16) / (1 + K), K = 8678448 * 2^-33, rounded to float. K was searched for among the 2^17 that SigmoidLanes can
/// use: with this one no entry's rounding exceeds 0.27 ulp of the sigmoid, so that there is no need of a second table.
HWY_ALIGN_MAX inline constexpr float kShrunkRootsOfTwo[16] = {
    0x1.ff7bb6p-1f, 0x1.0b1074p+0f, 0x1.16e362p+0f, 0x1.233c54p+0f, 0x1.302138p+0f, 0x1.3d9840p+0f,
    0x1.4ba7e6p+0f, 0x1.5a56eap+0f, 0x1.69ac5cp+0f, 0x1.79af98p+0f, 0x1.8a6852p+0f, 0x1.9bde92p+0f,
    0x1.ae1abcp+0f, 0x1.c12594p+0f, 0x1.d5083ep+0f, 0x1.e9cc4cp+0f};

/// 1 / (1 + e^-x) in float lanes.
///
/// -x = n (ln 2) / 16 + r, n = 16 k + j, and e^-x = T (1 + p) with T = 2^k times entry j and p = (1 + K) e^r - 1, a
/// cubic in r. The low part of n (ln 2) / 16, n times 1.02 * 2^-33, is n * 2^-33 well enough; kShift + n is a float
/// whose bits, scaled by 2^-33, are that and K, so both cost one subtraction of integers. Then A = 1 + T and u = T p +
/// what A's rounding lost have A + u = 1 + e^-x, and q = 1 / (A + u), rounded twice, is corrected once by 1 - q A - q
/// u.
///
/// Error: T's 0.27 ulp at most, p's 2^-28 relatively, the residual's 2^-30, and the last rounding. Found over all
/// floats: at most 0.94 ulp, far out, where n * 2^-33 is least exact and a subnormal result is rounded twice.
class SigmoidLanes {
 public:
  HWY_INLINE SigmoidLanes() : powers_([](std::size_t first) HWY_ATTR { return Powers(first); }) {}

  static constexpr std::size_t kAtOnce = HWY_TARGET == HWY_AVX2 ? 2 : 4;  // of 16 or 32 registers

  /// The sigmoids of kN vectors. `bits` gathers shifted's bits less the window's: the low eleven count n from -1072 to
  /// 975, and only an x outside (-42.2, 46.4), or a NaN, changes others.
  ///
  /// kWide takes every x: above 80 the result is 1, below -104.5 it is 0. Where it is subnormal, the 1 is nothing
  /// beside T and T 2^-80 stands for T; there the result is rounded by an addition to 2^23, which leaves its bits in
  /// the sum's, because operations on subnormals are slow. Elsewhere it does what the other kind does.
  template <std::size_t kN, bool kWide, bool kStreamed>
  HWY_INLINE VI Several(const float* from, float* to, VI bits) const {
    const FD d;
    VF x[kN];
    VF shifted[kN];
    VF one[kN];
    VF t[kN];
    VF p[kN];
    VF a[kN];
    VF q[kN];
    MF is_low[kN];
    Each<kN>([&](std::size_t i) HWY_ATTR { x[i] = Passage<kStreamed>::Load(from + i * hn::Lanes(d)); });
    Each<kN>([&](std::size_t i) HWY_ATTR { one[i] = Floats(1); });
    if constexpr (kWide) {
      // A NaN comes through: the second argument is given back.
      Each<kN>([&](std::size_t i) HWY_ATTR { x[i] = hn::Min(Floats(80), hn::Max(Floats(-104.5F), x[i])); });
    }
    Each<kN>([&](std::size_t i) HWY_ATTR { shifted[i] = Shifted(x[i]); });
    Each<kN>([&](std::size_t i) HWY_ATTR { bits = OrXor(bits, BitsOf(shifted[i]), Integers(kWindow)); });
    ExpMinus(x, shifted, t, p);
    if constexpr (kWide) {
      Each<kN>([&](std::size_t i) HWY_ATTR {
        is_low[i] = hn::Lt(x[i], Floats(kLow));
        t[i] = FloatOf(hn::Sub(BitsOf(t[i]), BitsOf(hn::IfThenElseZero(is_low[i], FloatOf(Integers(80 << 23))))));
        one[i] = hn::IfThenZeroElse(is_low[i], one[i]);
      });
    }
    Each<kN>([&](std::size_t i) HWY_ATTR {
      a[i] = hn::Add(t[i], one[i]);
      // As integers, because those comparisons wait for no multiplier or adder; both are positive.
      const VF larger = FloatOf(hn::Max(BitsOf(t[i]), BitsOf(one[i])));
      const VF smaller = FloatOf(hn::Min(BitsOf(t[i]), BitsOf(one[i])));
      q[i] = hn::Sub(smaller, hn::Sub(a[i], larger));
    });
    Each<kN>([&](std::size_t i) HWY_ATTR { p[i] = hn::MulAdd(t[i], p[i], q[i]); });
    Each<kN>([&](std::size_t i) HWY_ATTR { q[i] = hn::Add(a[i], p[i]); });
    Each<kN>([&](std::size_t i) HWY_ATTR { q[i] = hn::Div(Floats(1), q[i]); });
    Each<kN>([&](std::size_t i) HWY_ATTR { a[i] = hn::NegMulAdd(q[i], a[i], Floats(1)); });
    Each<kN>([&](std::size_t i) HWY_ATTR { a[i] = hn::NegMulAdd(q[i], p[i], a[i]); });
    Each<kN>([&](std::size_t i) HWY_ATTR { q[i] = hn::MulAdd(q[i], a[i], q[i]); });
    if constexpr (kWide) {
      Each<kN>([&](std::size_t i) HWY_ATTR {
        const VF sum = hn::MulAdd(q[i], Floats(0x1p69f), Floats(0x1p23f));
        q[i] = hn::IfThenElse(is_low[i], FloatOf(hn::Sub(BitsOf(sum), BitsOf(Floats(0x1p23f)))), q[i]);
      });
    }
    Each<kN>([&](std::size_t i) HWY_ATTR { Passage<kStreamed>::Store(q[i], to + i * hn::Lanes(d)); });
    return bits;
  }

  /// `bits` without a vector, and whether one held an x outside (-42.2, 46.4), or a NaN.
  static HWY_INLINE VI NoFlags() { return Integers(0); }
  static HWY_INLINE bool IsOutside(VI bits) {
    return !hn::AllTrue(ID(), hn::Eq(hn::And(bits, Integers(~2047)), Integers(0)));
  }

 private:
  static constexpr float kShift = 0x1.08d860p+23f;  // 0x1p23 + 141 * 2048 + 67 * 16
  static constexpr std::int32_t kWindow = 0x4b000000 + 141 * 2048;

  static constexpr float kLow = -0x1.5d589ep+6f;  // e^x is above 2^-126 down to here

  static HWY_INLINE VF Shifted(VF x) { return hn::MulAdd(x, Floats(-0x1.715476p+4f), Floats(kShift)); }

  /// e^-x = t (1 + p) for x and Shifted(x).
  template <std::size_t kN>
  HWY_INLINE void ExpMinus(const VF (&x)[kN], const VF (&shifted)[kN], VF (&t)[kN], VF (&p)[kN]) const {
    VF r[kN];
    Each<kN>([&](std::size_t i) HWY_ATTR { r[i] = hn::Sub(shifted[i], Floats(kShift)); });
    Each<kN>([&](std::size_t i) HWY_ATTR { t[i] = powers_[BitsOf(shifted[i])]; });
    Each<kN>([&](std::size_t i) HWY_ATTR { r[i] = hn::NegMulSub(r[i], Floats(0x1.62e430p-5f), x[i]); });
    Each<kN>([&](std::size_t i)
                 HWY_ATTR { t[i] = FloatOf(hn::Add(BitsOf(t[i]), hn::ShiftLeft<19>(BitsOf(shifted[i])))); });
    Each<kN>([&](std::size_t i) HWY_ATTR { p[i] = hn::MulAdd(r[i], Floats(0x1.55b088p-3f), Floats(0x1.00445ap-1f)); });
    Each<kN>([&](std::size_t i) HWY_ATTR { p[i] = hn::MulAdd(p[i], r[i], Floats(0x1.004236p+0f)); });
    Each<kN>([&](std::size_t i)
                 HWY_ATTR { p[i] = hn::MulAdd(p[i], r[i], FloatOf(hn::Sub(BitsOf(shifted[i]), Integers(33 << 23)))); });
  }

  /// The entries' bits less what shifted's bits, shifted, have beside k.
  static HWY_INLINE VF Powers(std::size_t first) {
    const VI j = hn::Iota(ID(), static_cast<std::int32_t>(first));
    const VI beside = hn::ShiftLeft<19>(hn::Add(j, BitsOf(Floats(kShift))));
    return FloatOf(hn::Sub(BitsOf(hn::Load(FD(), kShrunkRootsOfTwo + first)), beside));
  }

  Table16 powers_;
};

/// In double lanes, where multiplications and additions are not fused.
struct SigmoidOf {
  HWY_INLINE V operator()(V x) const {
    const V from[] = {x};
    V result[1];
    SigmoidInDoubles(from, result);
    return result[0];
  }
};

HWY_FLATTEN void Sigmoid(const float* x, float* result, std::size_t n) {
  if constexpr (kFused) {
    MapBlocks(TwoKinds<SigmoidLanes>(), x, result, n);
  } else {
    MapElements(SigmoidOf(), x, result, n);
  }
}

/// s (1 - s) as e / (1 + e)^2 with e = e^-abs(x), which cancels nowhere: the exponential's 2^-51 and three roundings.
struct SigmoidDerivative {
  template <std::size_t kN>
  HWY_INLINE void operator()(V (&x)[kN]) const {
    V e[kN];
    Each<kN>([&](std::size_t i) HWY_ATTR { x[i] = hn::Neg(BoundedMagnitude(x[i])); });
    ExpNonPositive(x, e);
    Each<kN>([&](std::size_t i) HWY_ATTR {
      const V sum = hn::Add(Constant(1), e[i]);
      x[i] = hn::Div(e[i], hn::Mul(sum, sum));
    });
  }
};

HWY_FLATTEN void SigmoidGradient(const float* x, const float* upstream, float* gradient, std::size_t n) {
  MapGradient<kExponentialsAtOnce>(SigmoidDerivative(), x, upstream, gradient, n);
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(Sigmoid);
HWY_EXPORT(SigmoidGradient);

void sigmoid(const float* x, float* result, std::size_t n) { HWY_DYNAMIC_DISPATCH(Sigmoid)(x, result, n); }

void sigmoid_gradient(const float* x, const float* upstream, float* gradient, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(SigmoidGradient)(x, upstream, gradient, n);
}

}  // namespace lossaudit::fast
#endif
