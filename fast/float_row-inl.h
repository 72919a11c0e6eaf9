// A row of logits in float lanes: its maximum, and the sum of its exponentials. Where the target fuses (kFused) alone;
// the others take row-inl.h.
//
// Σ e^x_j is taken as Σ t_j + Σ t_j p_j (float_exp-inl.h): the t in double lanes, where they add up as well as exactly,
// the rests in float lanes, which are at most a 45th of them, flushed into the double lanes after 18 additions. So a sum
// is within 2^-27.5 (e^x) + 17/2 * 2^-24 / 45 (the rests) < 2^-26 of itself, and about 2^-28 in practice.
#if defined(LOSSAUDIT_FAST_FLOAT_ROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_FLOAT_ROW_INL_H_
#undef LOSSAUDIT_FAST_FLOAT_ROW_INL_H_
#else
#define LOSSAUDIT_FAST_FLOAT_ROW_INL_H_
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "fast/float_exp-inl.h"
#include "fast/float_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// A step is 64 floats, in 16 virtual lanes as in lane_sum-inl.h: what is added to what does not depend on the target.
inline constexpr std::size_t kStepFloats = 64;
inline constexpr std::size_t kFloatLanes = hn::MaxLanes(FD());
inline constexpr std::size_t kRowParts = HWY_MAX(16 / kFloatLanes, 1);
inline constexpr std::size_t kStepVectors = kStepFloats / kFloatLanes;

inline constexpr std::size_t kNoClass = std::numeric_limits<std::size_t>::max();
inline constexpr float kNoLogit = -std::numeric_limits<float>::infinity();

HWY_INLINE bool IsFinite(float x) { return x - x == 0; }
HWY_INLINE bool IsInfinite(float x) { return x == -kNoLogit || x == kNoLogit; }

/// What a row's exponentials are measured from, so that none overflows: e^(x - shift) 2^kExponent / 2^binade, with the
/// `top` in that binade, a logit of the row that the others are at most kReach above. Nothing is subtracted from x, which
/// would round it, unless the top is beyond 256: then x - top is exact wherever its exponential is not negligible. Logits
/// further than kDepth below the top are taken as that far.
struct RowScale {
  static constexpr float kFar = 256;
  static constexpr float kReach = 16;   ///< e^16 = 2^23.1
  static constexpr float kDepth = 150;  ///< e^-150 = 2^-216.4
  static constexpr std::int32_t kExponent = 100;

  /// A row whose top is not finite is left to others: any scale will do.
  HWY_INLINE explicit RowScale(float row_top)
      : top(IsFinite(row_top) ? row_top : 0), shift(top <= kFar && top >= -kFar ? 0 : top) {
    const float shifted = top - shift;
    binade = static_cast<std::int32_t>(shifted * 0x1.715476p+0f + kFar * 2) - static_cast<std::int32_t>(kFar * 2);
    floor = shifted - kDepth;
  }
  HWY_INLINE bool Reaches(float maximum) const { return maximum - top <= kReach; }
  /// The logarithm of 2^binade in units of e^(maximum - shift): at most 0.
  HWY_INLINE double Exponent(float maximum) const {
    constexpr double kLn2 = 0x1.62e42fefa39efp-1;
    return binade * kLn2 - (static_cast<double>(maximum) - shift);
  }

  float top, shift, floor;
  std::int32_t binade;
};

#if HWY_NATIVE_FMA

/// max(x, y), and NaN where x is.
HWY_INLINE VF MaxOrNaN(VF x, VF y) {
#if HWY_ARCH_X86
  return hn::Max(y, x);  // the second where one is NaN
#else
  return hn::IfThenElse(hn::Lt(x, y), y, x);
#endif
}

/// The largest x_i, passing over NaNs.
HWY_INLINE float FloatRowMaximum(const float* HWY_RESTRICT x, std::size_t n) {
  const FD d;
  constexpr std::size_t N = kFloatLanes;
  VF maximum[4] = {Floats(kNoLogit), Floats(kNoLogit), Floats(kNoLogit), Floats(kNoLogit)};
  std::size_t i = 0;
  for (; i + 4 * N <= n; i += 4 * N) {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < 4; ++v) maximum[v] = MaxOrNaN(maximum[v], hn::LoadU(d, x + i + v * N));
  }
  for (; i + N <= n; i += N) maximum[0] = MaxOrNaN(maximum[0], hn::LoadU(d, x + i));
  if (i < n) {
    const VF last = n >= N ? hn::LoadU(d, x + n - N) : LoadPart(x + i, n - i, kNoLogit);
    maximum[1] = MaxOrNaN(maximum[1], last);
  }
  return hn::GetLane(hn::MaxOfLanes(d, hn::Max(hn::Max(maximum[0], maximum[1]), hn::Max(maximum[2], maximum[3]))));
}

/// A logit that few rows have others far above: the largest of the first 128, passing over NaNs.
HWY_INLINE float SampleTop(const float* HWY_RESTRICT x, std::size_t n) {
  const float top = FloatRowMaximum(x, HWY_MIN(n, 128));
  return IsFinite(top) ? top : FloatRowMaximum(x, n);
}

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
      sum_[2 * p + 1] = hn::Add(sum_[2 * p + 1], hn::PromoteTo(HD(), hn::UpperHalf(half, t)));
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
};

/// A row in steps of 64, with one class left out. The step that holds it, and the last one, are copies.
class RowSteps {
 public:
  HWY_INLINE RowSteps(const float* x, std::size_t n, std::size_t left_out)
      : x_(x), steps_((n + kStepFloats - 1) / kStepFloats) {
    const std::size_t rest = n % kStepFloats;
    if (rest != 0) {
      last_step_ = steps_ - 1;
      Copy(last_, last_step_, rest, left_out - (n - rest));
    }
    if (left_out >= n - rest) return;
    patched_step_ = left_out / kStepFloats;
    Copy(patched_, patched_step_, kStepFloats, left_out % kStepFloats);
  }
  HWY_INLINE std::size_t size() const { return steps_; }
  HWY_INLINE const float* operator[](std::size_t step) const {
    const float* from = step == last_step_ ? last_ : x_ + step * kStepFloats;
    return step == patched_step_ ? patched_ : from;
  }

 private:
  /// No scalar store stands between these and the loads of what they leave, which would have to wait for it.
  HWY_INLINE void Copy(float* to, std::size_t step, std::size_t count, std::size_t left_out) {
    const VI out = Integers(static_cast<std::int32_t>(HWY_MIN(left_out, kStepFloats)));
    const float* from = x_ + step * kStepFloats;
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kStepFloats; v += kFloatLanes) {
      VF lanes = Floats(kNoLogit);
      if (v + kFloatLanes <= count) {
        lanes = hn::LoadU(FD(), from + v);
      } else if (v < count) {
        lanes = LoadPart(from + v, count - v, kNoLogit);
      }
      const MF is_out = hn::RebindMask(FD(), hn::Eq(hn::Iota(ID(), static_cast<std::int32_t>(v)), out));
      hn::Store(hn::IfThenElse(is_out, Floats(kNoLogit), lanes), FD(), to + v);
    }
  }

  const float* x_;
  std::size_t steps_;
  std::size_t last_step_ = kNoClass, patched_step_ = kNoClass;
  HWY_ALIGN float last_[kStepFloats];
  HWY_ALIGN float patched_[kStepFloats];
};

/// What is fetched into the cache while a row is summed: floats as many as it has, once or twice.
struct Followers {
  const float* first = nullptr;
  const float* second = nullptr;

  HWY_INLINE void Fetch(std::size_t offset) const {
    if (first != nullptr) FetchStep(first + offset);
    if (second != nullptr) FetchStep(second + offset);
  }

 private:
  static HWY_INLINE void FetchStep(const float* from) {
    for (std::size_t i = 0; i < kStepFloats; i += 16) __builtin_prefetch(from + i);
  }
};

template <bool kBelow, bool kKeeps, bool kIsFar>
HWY_INLINE ExpSums SumExpAs(const RowScale& scale, const float* x, std::size_t n, std::size_t left_out,
                            const Followers& followers, const KeptTerms& terms) {
  constexpr std::size_t kSteps = 8;
  const RowSteps steps(x, n, left_out);
  constexpr bool kSeeks = !kBelow && !kKeeps;
  ExpSum<kBelow, kSeeks, kIsFar> sum(scale);
  sum.Begin(steps[0]);
  std::size_t s = 1;
  while (s < steps.size()) {
    const std::size_t end = HWY_MIN(steps.size(), s + kSteps);
    for (; s < end; ++s) {
      followers.Fetch((s - 1) * kStepFloats);
      sum.template End<kKeeps>(terms, s - 1);
      sum.Begin(steps[s]);
    }
    sum.Flush();
    if (sum.IsBeyondReach()) return {0, sum.Maximum(), 0};
  }
  sum.template End<kKeeps>(terms, s - 1);
  sum.Flush();
  return {sum.Total(), kSeeks ? sum.Maximum() : scale.top, kBelow ? sum.Maxima() : 0};
}

/// Σ e^(x_i - shift) 2^(kExponent - binade) over a row's classes but the one that is left out, if any. A NaN where there
/// is one. Without the maxima (kBelow), or with the terms kept (kKeeps) in the room for them: then the scale's top is the
/// maximum; else the maximum is sought.
template <bool kBelow, bool kKeeps>
HWY_INLINE ExpSums SumExp(const RowScale& scale, const float* x, std::size_t n, std::size_t left_out,
                          const Followers& followers, const KeptTerms& terms) {
  if (scale.shift == 0) return SumExpAs<kBelow, kKeeps, false>(scale, x, n, left_out, followers, terms);
  return SumExpAs<kBelow, kKeeps, true>(scale, x, n, left_out, followers, terms);
}

#endif  // HWY_NATIVE_FMA

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
