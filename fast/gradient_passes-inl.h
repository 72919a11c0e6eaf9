// The sums over a row of classes that its gradient needs (entropy_gradient-inl.h), in the fixed order of lane_sum-inl.h.
#if defined(LOSSAUDIT_FAST_GRADIENT_PASSES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_GRADIENT_PASSES_INL_H_
#undef LOSSAUDIT_FAST_GRADIENT_PASSES_INL_H_
#else
#define LOSSAUDIT_FAST_GRADIENT_PASSES_INL_H_
#endif

#include <cstddef>

#include "fast/lane_sum-inl.h"
#include "fast/lanes-inl.h"
#include "fast/loss_task.hpp"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// Some of the last classes: those from i + part * Lanes(D()) on, of `count` from i on.
struct LastPart {
  HWY_INLINE LastPart(std::size_t i, std::size_t count, std::size_t part)
      : first(i + part * hn::Lanes(D())),
        size(HWY_MIN(count - part * hn::Lanes(D()), hn::Lanes(D()))),
        mask(hn::FirstN(D(), size)) {}
  HWY_INLINE V Load(const float* from, float pad) const { return LoadFirst(from + first, size, pad); }
  std::size_t first, size;
  M mask;
};

/// Walks over classes in blocks of 256, which are 16 additions to a lane and 4 in the tree: their sums are within 2^-48.6
/// of the magnitudes.
template <class Pass>
HWY_INLINE void WalkShortBlocks(Pass& pass, std::size_t first, std::size_t last) {
  constexpr std::size_t kBlock = 16 * kChunk;
  for (; first < last; first += HWY_MIN(kBlock, last - first)) {
    WalkBlocks(pass, first, HWY_MIN(last, first + kBlock));
  }
}

/// Coefficients of some classes.
struct Coefficients {
  V value, magnitude;
};

/// Σ u_i.
template <class Row>
class GradientMassPass {
 public:
  HWY_INLINE explicit GradientMassPass(const Row& row) : row_(row) {}
  HWY_INLINE void Chunk(std::size_t i) {
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      sum_.Add(p, row_.MassOf(LoadFloats(row_.output() + i + p * hn::Lanes(D()))));
    }
  }
  HWY_INLINE void LastChunk(std::size_t i, std::size_t count) {
    for (std::size_t p = 0; p * hn::Lanes(D()) < count; ++p) {
      const LastPart part(i, count, p);
      sum_.Add(p, hn::IfThenElseZero(part.mask, row_.MassOf(part.Load(row_.output(), 0))));
    }
  }
  HWY_INLINE void EndBlock() {
    joined_.Add(sum_.Total());
    sum_ = LaneSum();
  }
  HWY_INLINE double Total() const { return joined_.Total(); }

 private:
  const Row& row_;
  LaneSum sum_;
  JoinedBlocks joined_;
};

/// Σ c_i and Σ abs(c_i), without those that a clip of the shares stops.
template <class Row>
class GradientCoefficientPass {
 public:
  HWY_INLINE explicit GradientCoefficientPass(const Row& row)
      : row_(row), near_(hn::FirstN(D(), 0)), all_(hn::Zero(D())) {}
  HWY_INLINE void Chunk(std::size_t i) {
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      const std::size_t at = i + p * hn::Lanes(D());
      Take(p, LoadFloats(row_.output() + at), row_.CoefficientsFrom(at));
    }
  }
  HWY_INLINE void LastChunk(std::size_t i, std::size_t count) {
    for (std::size_t p = 0; p * hn::Lanes(D()) < count; ++p) {
      const LastPart part(i, count, p);
      Coefficients c = row_.CoefficientsOf(part);
      c.value = hn::IfThenElseZero(part.mask, c.value);
      c.magnitude = hn::IfThenElseZero(part.mask, c.magnitude);
      Take(p, part.Load(row_.output(), row_.output()[i]), c);
    }
  }
  HWY_INLINE void EndBlock() {
    joined_.Add(sum_.Total());
    joined_magnitude_.Add(magnitude_.Total());
    sum_ = LaneSum();
    magnitude_ = LaneSum();
  }
  HWY_INLINE Estimate Total() const { return {joined_.Total(), joined_magnitude_.Total()}; }
  HWY_INLINE bool IsNearAnEnd() const { return !hn::AllFalse(D(), near_); }
  /// Whether every coefficient is a number, also those that a clip stops.
  HWY_INLINE bool IsFinite() const { return hn::AllTrue(D(), hn::Lt(all_, Constant(kInfinity))); }

 private:
  HWY_INLINE void Take(std::size_t part, V o, const Coefficients& c) {
    all_ = hn::Add(all_, c.magnitude);
    const M counts = Row::kClipsShares ? row_.IsActive(o) : hn::Eq(all_, all_);
    sum_.Add(part, hn::IfThenElseZero(counts, c.value));
    magnitude_.Add(part, hn::IfThenElseZero(counts, c.magnitude));
    if (Row::kClipsShares) near_ = hn::Or(near_, row_.NearAnEnd(o));
  }
  const Row& row_;
  M near_;
  V all_;
  LaneSum sum_, magnitude_;
  JoinedBlocks joined_, joined_magnitude_;
};

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
