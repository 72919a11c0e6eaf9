// The sum of a row's exponentials in float lanes. Where the target fuses (kFused) alone; the others take row-inl.h.
//
// Σ e^x_j is taken as Σ t_j + Σ t_j p_j (float_exp-inl.h): the t in double lanes, where they add up as well as exactly,
// the rests in float lanes, which are at most a 45th of them, flushed into the double lanes after 18 additions. So a sum
// is within 2^-27.5 (e^x) + 17/2 * 2^-24 / 45 (the rests) < 2^-26 of itself, and about 2^-28 in practice.
#if defined(LOSSAUDIT_FAST_EXP_SUM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_EXP_SUM_INL_H_
#undef LOSSAUDIT_FAST_EXP_SUM_INL_H_
#else
#define LOSSAUDIT_FAST_EXP_SUM_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "fast/float_exp-inl.h"
#include "fast/float_row-inl.h"
#include "fast/row_steps-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

#if HWY_NATIVE_FMA

/// Lanes added up by halves.
template <class Tag>
HWY_INLINE double SumByHalves(Tag d, hn::Vec<Tag> v) {
  if constexpr (hn::MaxLanes(Tag()) == 1) {
    return hn::GetLane(v);
  } else {
    const hn::Half<Tag> half;
    return SumByHalves(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

/// Room for a row's exponentials t (1 + p), in whole steps.
struct KeptTerms {
  float* t = nullptr;
  float* p = nullptr;
};

/// A sum of exponentials on its way: of all, perhaps (kSeeks) with the largest logit so far, passing over NaNs; or
/// (kBelow) of those below the scale's top, the maximum, with the number of maxima.
template <bool kBelow, bool kSeeks, bool kIsFar>
class ExpSum {
 public:
  HWY_INLINE explicit ExpSum(const RowScale& scale)
      : exp_(RowScale::kExponent - scale.binade),
        top_(Floats(scale.top)),
        shift_(Floats(scale.shift)),
        floor_(Floats(scale.floor)) {
#pragma GCC unroll 16
    for (std::size_t p = 0; p < kRowParts; ++p) {
      sum_[2 * p] = sum_[2 * p + 1] = hn::Zero(HD());
      rests_[0][p] = rests_[1][p] = hn::Zero(FD());
      maximum_[p] = Floats(kNoLogit);
      maxima_[p] = hn::Zero(ID());
    }
  }

  /// A step in two halves: Begin(), and later End(), which another step's Begin() follows. So an instruction stands far
  /// behind those that it waits for, and the processor's window, not its latencies, is what is kept full.
  HWY_INLINE void Begin(const float* from) {
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kStepVectors; ++v) {
      const VF x = hn::LoadU(FD(), from + v * kFloatLanes);
      if (kBelow) x_[v] = x;
      if (kSeeks) maximum_[v % kRowParts] = MaxOrNaN(maximum_[v % kRowParts], x);
      reduced_[v] = ExpTable::Reduce(MaxOrNaN(kIsFar ? hn::Sub(x, shift_) : x, floor_));
    }
  }

  /// With kKeeps, t and p go to the step of the terms there.
  template <bool kKeeps>
  HWY_INLINE void End(const KeptTerms& terms, std::size_t step) {
    const hn::Rebind<float, HD> half;
    Exponential e[kStepVectors];
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kStepVectors; ++v) e[v] = exp_.Raise(reduced_[v]);
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kStepVectors; ++v) {
      const std::size_t p = v % kRowParts;
      VF t = e[v].t;
      if (kKeeps) {
        hn::StoreU(t, FD(), terms.t + step * kStepFloats + v * kFloatLanes);
        hn::StoreU(e[v].p, FD(), terms.p + step * kStepFloats + v * kFloatLanes);
      }
      if (kBelow) {
        const MF is_maximum = hn::Eq(x_[v], top_);
        t = hn::IfThenZeroElse(is_maximum, t);
        maxima_[p] = hn::Sub(maxima_[p], hn::VecFromMask(ID(), hn::RebindMask(ID(), is_maximum)));
      }
      VF& rests = rests_[v / kRowParts % 2][p];
      rests = hn::MulAdd(t, e[v].p, rests);
      sum_[2 * p] = hn::Add(sum_[2 * p], hn::PromoteTo(HD(), hn::LowerHalf(half, t)));
      const auto upper = kSeeks ? UpperByMemory(t) : hn::UpperHalf(half, t);
      sum_[2 * p + 1] = hn::Add(sum_[2 * p + 1], hn::PromoteTo(HD(), upper));
    }
  }

  HWY_INLINE void Flush() {
    const hn::Rebind<float, HD> half;
#pragma GCC unroll 16
    for (std::size_t p = 0; p < kRowParts; ++p) {
#pragma GCC unroll 2
      for (std::size_t k = 0; k < 2; ++k) {
        sum_[2 * p] = hn::Add(sum_[2 * p], hn::PromoteTo(HD(), hn::LowerHalf(half, rests_[k][p])));
        sum_[2 * p + 1] = hn::Add(sum_[2 * p + 1], hn::PromoteTo(HD(), hn::UpperHalf(half, rests_[k][p])));
        rests_[k][p] = hn::Zero(FD());
      }
    }
  }

  HWY_INLINE double Total() const {
    VH sum[2 * kRowParts];
#pragma GCC unroll 16
    for (std::size_t p = 0; p < 2 * kRowParts; ++p) sum[p] = sum_[p];
#pragma GCC unroll 16
    for (std::size_t count = kRowParts; count > 0; count /= 2) {
#pragma GCC unroll 16
      for (std::size_t p = 0; p < count; ++p) sum[p] = hn::Add(sum[p], sum[p + count]);
    }
    return SumByHalves(HD(), sum[0]);
  }

  /// Whether a logit is already beyond what the scale reaches.
  HWY_INLINE bool IsBeyondReach() const {
    return kSeeks && !hn::AllFalse(FD(), hn::Gt(hn::Sub(Largest(), top_), Floats(RowScale::kReach)));
  }

  HWY_INLINE float Maximum() const { return hn::GetLane(hn::MaxOfLanes(FD(), Largest())); }

  HWY_INLINE std::int32_t Maxima() const {
    VI maxima = maxima_[0];
#pragma GCC unroll 16
    for (std::size_t p = 1; p < kRowParts; ++p) maxima = hn::Add(maxima, maxima_[p]);
    return hn::GetLane(hn::SumOfLanes(ID(), maxima));
  }

 private:
  using HD = hn::Repartition<double, FD>;
  using VH = hn::Vec<HD>;

  /// Where nothing else is stored there are loads and stores to spare, and no shuffles: 3 % of the time.
  static HWY_INLINE auto UpperByMemory(VF t) {
    HWY_ALIGN_MAX float lanes[kFloatLanes];
    hn::Store(t, FD(), lanes);
    asm volatile("" ::: "memory");  // or the compiler makes a shuffle of it
    return hn::Load(hn::Rebind<float, HD>(), lanes + kFloatLanes / 2);
  }

  HWY_INLINE VF Largest() const {
    VF maximum = maximum_[0];
#pragma GCC unroll 16
    for (std::size_t p = 1; p < kRowParts; ++p) maximum = hn::Max(maximum, maximum_[p]);
    return maximum;
  }

  ExpTable exp_;
  VF top_, shift_, floor_;
  VH sum_[2 * kRowParts];
  VF rests_[2][kRowParts];
  VF maximum_[kRowParts];
  VI maxima_[kRowParts];
  VF x_[kStepVectors];
  ExpTable::Reduced reduced_[kStepVectors];
};

/// What became of a row. If the maximum was sought and turned out beyond the scale's reach, it is that of some classes
/// alone, and the sum is nonsense.
struct ExpSums {
  double sum;           ///< times 2^(kExponent - binade); kBelow: without the maxima
  float maximum;        ///< of the classes that were summed
  std::int32_t maxima;  ///< kBelow: how many these were
  /// The class that was left out; kNoClass where there is none, or more than one target, which end the sum.
  std::size_t left_out = kNoClass;
};

template <bool kBelow, bool kKeeps, bool kIsFar>
HWY_INLINE ExpSums SumExpAs(const RowScale& scale, const SummedRow& row, const KeptTerms& terms) {
  constexpr std::size_t kSteps = 8;
  StepCopies copies;
  RowSteps steps(row, copies);
  constexpr bool kSeeks = !kBelow && !kKeeps;
  ExpSum<kBelow, kSeeks, kIsFar> sum(scale);
  sum.Begin(steps[0]);
  std::size_t s = 1;
  while (s < steps.size()) {
    const std::size_t end = HWY_MIN(steps.size(), s + kSteps);
    for (; s < end; ++s) {
      steps.FetchBeside(s - 1);
      sum.template End<kKeeps>(terms, s - 1);
      sum.Begin(steps[s]);
    }
    sum.Flush();
    if (sum.IsBeyondReach()) return {0, sum.Maximum(), 0, steps.LeftOut()};
    if (steps.HasMoreTargets()) return {0, scale.top, 0, kNoClass};
  }
  sum.template End<kKeeps>(terms, s - 1);
  sum.Flush();
  if (steps.HasMoreTargets()) return {0, scale.top, 0, kNoClass};
  return {sum.Total(), kSeeks ? sum.Maximum() : scale.top, kBelow ? sum.Maxima() : 0, steps.LeftOut()};
}

/// Σ e^(x_i - shift) 2^(kExponent - binade) over a row's classes but the one that is left out, if any. A NaN where there
/// is one. Without the maxima (kBelow), or with the terms kept (kKeeps) in the room for them: then the scale's top is the
/// maximum; else the maximum is sought.
template <bool kBelow, bool kKeeps>
HWY_INLINE ExpSums SumExp(const RowScale& scale, const SummedRow& row, const KeptTerms& terms) {
  if (scale.shift == 0) return SumExpAs<kBelow, kKeeps, false>(scale, row, terms);
  return SumExpAs<kBelow, kKeeps, true>(scale, row, terms);
}

#endif  // HWY_NATIVE_FMA

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
