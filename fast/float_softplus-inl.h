// softplus in float lanes, shared by softplus and log_sigmoid.
#if defined(LOSSAUDIT_FAST_FLOAT_SOFTPLUS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_FLOAT_SOFTPLUS_INL_H_
#undef LOSSAUDIT_FAST_FLOAT_SOFTPLUS_INL_H_
#else
#define LOSSAUDIT_FAST_FLOAT_SOFTPLUS_INL_H_
#endif

#include "fast/float_blocks-inl.h"
#include "fast/float_exp-inl.h"
#include "fast/float_lanes-inl.h"
#include "fast/float_log-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// ln(1 + e^x), or with kMirrored -ln(1 + e^-x), for TwoKinds.
///
/// max(x, 0) + ln(1 + u + v) with u + v = e^-abs(x) = t (1 + p), u its rounding and v the rest. The three parts of the
/// sum are rounded once: the larger two to a sum and what that lost, to which the third is added before.
///
/// Error: 2^-27.4 of the exponential, 2^-24.8 of the logarithm (float_exp-inl.h, float_log-inl.h), and the last
/// rounding. Found over all floats: at most 0.79 ulp.
template <bool kMirrored>
class SoftplusLanes {
 public:
  HWY_INLINE SoftplusLanes() {}

  // More than registers hold: what waits between two steps waits in memory next to them, and the steps stay full.
  static constexpr std::size_t kAtOnce = 8;

  /// `smallest` gathers -abs(x).
  ///
  /// kWide takes every x. Below -40 the logarithm is nothing beside x, or is e^-abs(x) itself: t (1 + p), and where
  /// that is subnormal t 2^80 (1 + p), rounded by an addition to 2^23, which leaves its bits in the sum's. The
  /// logarithm's steps have 1 for t there, because operations with subnormal results are slow.
  template <std::size_t kN, bool kWide, bool kStreamed>
  HWY_INLINE VF Several(const float* from, float* to, VF smallest) const {
    const FD d;
    VF x[kN];
    VF y[kN];
    ExpTable::Reduced reduced[kN];
    Exponential e[kN];
    VF u[kN];
    VF v[kN];
    FloatSum log[kN];
    VF far[kN];
    Each<kN>([&](std::size_t i) HWY_ATTR {
      x[i] = Passage<kStreamed>::Load(from + i * hn::Lanes(d));
      if (kMirrored) x[i] = hn::Neg(x[i]);
      y[i] = hn::Or(x[i], Floats(-0.0F));
      smallest = hn::Min(y[i], smallest);                // a NaN is passed over
      if (kWide) y[i] = hn::Max(Floats(-104.5F), y[i]);  // and here comes through
    });
    Each<kN>([&](std::size_t i) HWY_ATTR { reduced[i] = ExpTable::Reduce(y[i]); });
    Each<kN>([&](std::size_t i) HWY_ATTR { e[i] = exp_.Raise(reduced[i]); });
    if constexpr (kWide) {
      Each<kN>([&](std::size_t i) HWY_ATTR {
        const MF is_subnormal = hn::Lt(y[i], Floats(kSubnormal));
        const VI to_normal = BitsOf(hn::IfThenElseZero(is_subnormal, FloatOf(Integers(80 << 23))));
        const VF t = FloatOf(hn::Add(BitsOf(e[i].t), to_normal));
        const VF normal = hn::MulAdd(t, e[i].p, t);
        const VF shifted = hn::MulAdd(normal, Floats(0x1p69f), Floats(0x1p23f));
        const VF subnormal = FloatOf(hn::Sub(BitsOf(shifted), BitsOf(Floats(0x1p23f))));
        far[i] = hn::IfThenElse(hn::Gt(x[i], Floats(0)), x[i], hn::IfThenElse(is_subnormal, subnormal, normal));
        e[i].t = hn::IfThenElse(hn::Lt(y[i], Floats(kFar)), Floats(1), t);
      });
    }
    Each<kN>([&](std::size_t i) HWY_ATTR { u[i] = hn::MulAdd(e[i].t, e[i].p, e[i].t); });
    Each<kN>([&](std::size_t i) HWY_ATTR { v[i] = hn::MulAdd(e[i].t, e[i].p, hn::Sub(e[i].t, u[i])); });
    Each<kN>([&](std::size_t i) HWY_ATTR { log[i] = log1p_(u[i], v[i]); });
    Each<kN>([&](std::size_t i) HWY_ATTR {
      const VF positive = hn::Max(x[i], Floats(0));
      const FloatSum sum = SumOf(hn::Max(positive, log[i].high), hn::Min(positive, log[i].high));
      VF result = hn::Add(sum.high, hn::Add(sum.low, log[i].low));
      if constexpr (kWide) result = hn::IfThenElse(hn::Lt(y[i], Floats(kFar)), far[i], result);
      Passage<kStreamed>::Store(kMirrored ? hn::Neg(result) : result, to + i * hn::Lanes(d));
    });
    return smallest;
  }

  static HWY_INLINE VF NoFlags() { return Floats(0); }
  static HWY_INLINE bool IsOutside(VF smallest) { return !hn::AllFalse(FD(), hn::Lt(smallest, Floats(kFar))); }

 private:
  static constexpr float kFar = -40;
  static constexpr float kSubnormal = -0x1.5d589ep+6f;  // e^y is above 2^-126 down to here

  ExpTable exp_;
  Log1pTable log1p_;
};

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
