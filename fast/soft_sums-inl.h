// The passes over a row of logits with targets of any kind, in double lanes (soft_rows-inl.h): its sums, and its gradient.
#if defined(LOSSAUDIT_FAST_SOFT_SUMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_SOFT_SUMS_INL_H_
#undef LOSSAUDIT_FAST_SOFT_SUMS_INL_H_
#else
#define LOSSAUDIT_FAST_SOFT_SUMS_INL_H_
#endif

#include <cstddef>
#include <limits>

#include "fast/float_lanes-inl.h"
#include "fast/lane_sum-inl.h"
#include "fast/streaming-inl.h"
#include "fast/table_exp-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// x - m; for an infinity a number that 0 can be multiplied by.
inline constexpr double kLowest = -0x1p1000;
HWY_INLINE V SoftDistance(V x, V m) { return NotBelow(kLowest, hn::Sub(x, m)); }

/// A sum of blocks in 16 virtual lanes, joined with their rounding errors kept.
class JoinedLanes {
 public:
  HWY_INLINE JoinedLanes() {
    for (std::size_t p = 0; p < kChunkParts; ++p) total_[p] = carry_[p] = hn::Zero(D());
  }
  HWY_INLINE void Add(const V* block) {
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      const V sum = hn::Add(total_[p], block[p]);
      const V part = hn::Sub(sum, total_[p]);
      const V error = hn::Add(hn::Sub(total_[p], hn::Sub(sum, part)), hn::Sub(block[p], part));
      carry_[p] = hn::Add(carry_[p], error);
      total_[p] = sum;
    }
  }
  HWY_INLINE double Total() const {
    LaneSum sum;
    // An infinite total leaves a NaN behind in the carry.
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      sum.Add(p, hn::IfThenElse(hn::IsFinite(total_[p]), hn::Add(total_[p], carry_[p]), total_[p]));
    }
    return sum.Total();
  }

 private:
  V total_[kChunkParts], carry_[kChunkParts];
};

/// Some classes of a row: their logits less `shift`, and their coefficients keep t + share.
struct SoftClasses {
  const float* x = nullptr;
  const float* target = nullptr;
  double shift = 0, keep = 1, share = 0;

  HWY_INLINE SoftClasses From(std::size_t i) const { return {x + i, target + i, shift, keep, share}; }
  HWY_INLINE V DistanceAt(std::size_t i) const { return SoftDistance(LoadFloats(x + i), Constant(shift)); }
  HWY_INLINE V CoefficientAt(std::size_t i) const {
    return hn::MulAdd(Constant(keep), LoadFloats(target + i), Constant(share));
  }
};

/// Sums on their way, in 16 virtual lanes, of e^d, c and c d for distances d and coefficients c; and the largest logit and
/// the least target, passing over NaNs.
struct SoftSums {
  HWY_INLINE SoftSums() : largest(Floats(-kMost)), least(Floats(kMost)) { Clear(); }
  HWY_INLINE void Clear() {
    for (std::size_t p = 0; p < kChunkParts; ++p) masses[p] = coefficients[p] = distances[p] = hn::Zero(D());
  }
  HWY_INLINE float Largest() const { return hn::GetLane(hn::MaxOfLanes(FD(), largest)); }
  HWY_INLINE float Least() const { return hn::GetLane(hn::MinOfLanes(FD(), least)); }

  static constexpr float kMost = std::numeric_limits<float>::infinity();
  V masses[kChunkParts], coefficients[kChunkParts], distances[kChunkParts];
  VF largest, least;
};

/// How many vectors of classes go side by side: a chunk, or a part of it.
inline constexpr std::size_t kSoftVectors = HWY_MIN(kChunkParts, 4);

/// Vectors of classes on their way to their exponentials. A loop reduces some beside the rest of those before them, so that
/// neither waits for the other.
template <bool kBounded>
struct SoftStep {
  HWY_INLINE void Reduce(const SoftClasses& classes, std::size_t i) {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kSoftVectors; ++v) {
      distance[v] = hn::Sub(LoadFloats(classes.x + i + v * hn::Lanes(D())), Constant(classes.shift));
      if (kBounded) distance[v] = NotBelow(kLowest, distance[v]);
    }
    DoubleExpTable::Reduce<kSoftVectors>(distance, reduced);
  }
  V distance[kSoftVectors];
  DoubleExpTable::Reduced<kSoftVectors> reduced;
};

/// The sums over `count` classes, a multiple of 16, and their exponentials in e; as many floats from `ahead` floats behind
/// them on come into the cache meanwhile. Infinities give NaN, unless distances are bounded.
template <bool kBounded>
HWY_NOINLINE void TakeSoftClasses(const SoftClasses classes, std::size_t count, std::size_t ahead, double* e,
                                  SoftSums& all_sums) {
  const std::size_t lanes = hn::Lanes(D());
  const DoubleExpTable exp;
  SoftSums sums = all_sums;
  SoftStep<kBounded> step;
  step.Reduce(classes, 0);
  for (std::size_t i = 0; i < count; i += kSoftVectors * lanes) {
    if (i % kChunk == 0) {
      FetchLater(classes.x + i, ahead);
      FetchLater(classes.target + i, ahead);
    }
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kSoftVectors * lanes; k += hn::Lanes(FD())) {
      sums.largest = hn::Max(hn::LoadU(FD(), classes.x + i + k), sums.largest);
      sums.least = hn::Min(hn::LoadU(FD(), classes.target + i + k), sums.least);
    }
    SoftStep<kBounded> next;
    next.Reduce(classes, HWY_MIN(i + kSoftVectors * lanes, count - kSoftVectors * lanes));
    V mass[kSoftVectors];
    exp.RaiseReduced<kSoftVectors>(step.reduced, mass);
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kSoftVectors; ++v) {
      const std::size_t p = (i / lanes % kChunkParts + v) % kChunkParts;
      const V c = classes.CoefficientAt(i + v * lanes);
      hn::Store(mass[v], D(), e + i + v * lanes);
      sums.masses[p] = hn::Add(sums.masses[p], mass[v]);
      sums.coefficients[p] = hn::Add(sums.coefficients[p], c);
      sums.distances[p] = hn::MulAdd(c, step.distance[v], sums.distances[p]);
    }
    step = next;
  }
  all_sums = sums;
}

/// The exponentials of `count` classes, a multiple of 16, once more.
inline HWY_NOINLINE void RaiseSoftClasses(const SoftClasses classes, std::size_t count, double* e) {
  const std::size_t lanes = hn::Lanes(D());
  const DoubleExpTable exp;
  SoftStep<false> step;
  step.Reduce(classes, 0);
  for (std::size_t i = 0; i < count; i += kSoftVectors * lanes) {
    SoftStep<false> next;
    next.Reduce(classes, HWY_MIN(i + kSoftVectors * lanes, count - kSoftVectors * lanes));
    V mass[kSoftVectors];
    exp.RaiseReduced<kSoftVectors>(step.reduced, mass);
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kSoftVectors; ++v) hn::Store(mass[v], D(), e + i + v * lanes);
    step = next;
  }
}

/// Lanes of a float vector rounded from double lanes, one after the other from parts[0] on.
HWY_INLINE VF FloatsOf(const V* parts) {
#if HWY_TARGET == HWY_SCALAR
  return ToFloat(parts[0]);
#else
  return hn::Combine(FD(), ToFloat(parts[1]), ToFloat(parts[0]));
#endif
}

/// factor (ratio e^d - c) of `count` classes, a multiple of 16, from their exponentials; NaN where ratio e^d - c is below
/// `cancels` times c and so not to be trusted. Tells whether all are.
///
/// That is seen in floats, of what is rounded: where the limit is subnormal or 0, the error is 2^-26 of that at most.
inline HWY_NOINLINE bool WriteSoftClasses(const SoftClasses classes, std::size_t count, const double* e, double ratio,
                                          double factor, double cancels, float* to) {
  constexpr std::size_t kParts = HWY_MAX(hn::MaxLanes(FD()) / hn::MaxLanes(D()), 1);
  const FD d;
  const std::size_t lanes = hn::Lanes(D());
  const double size = HWY_MAX(factor, -factor) * cancels;
  const VF limit_keep = Floats(static_cast<float>(classes.keep * size));
  const VF limit_share = Floats(static_cast<float>(classes.share * size));
  const VF nan = Floats(std::numeric_limits<float>::quiet_NaN());
  const V keep = Constant(classes.keep * factor);
  const V share = Constant(classes.share * factor);
  const V scale = Constant(ratio * factor);
  MF all_trusted = hn::FirstN(d, hn::Lanes(d));
#pragma GCC unroll 2
  for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
    V value[kParts];
#pragma GCC unroll 2
    for (std::size_t p = 0; p < kParts; ++p) {
      const std::size_t at = i + p * lanes;
      const V c = hn::MulAdd(keep, LoadFloats(classes.target + at), share);
      value[p] = hn::MulSub(hn::Load(D(), e + at), scale, c);
    }
    const VF result = FloatsOf(value);
    const VF limit = hn::MulAdd(limit_keep, hn::LoadU(d, classes.target + i), limit_share);
    const MF is_trusted = hn::Ge(hn::Abs(result), limit);
    all_trusted = hn::And(all_trusted, is_trusted);
    hn::StoreU(hn::IfThenElse(is_trusted, result, nan), d, to + i);
  }
  return hn::AllTrue(d, all_trusted);
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
