// The sum that every reduction takes: the same bits on every target for the same terms.
//
// Terms are numbered. Term i goes to virtual lane i mod 16, whatever the width of the target's vectors, and the lanes
// are plain sums over a block of at most 2048 terms. At a block's end they are added up by halves: lane l and lane l +
// 8, then l and l + 4, l + 2, l + 1. Blocks are joined without rounding (exact_sum.hpp), or, within a row, in their
// order with their rounding errors kept (JoinedBlocks).
//
// A block of terms v adds 128 times to a lane and 4 times in the tree, of which the first adds to 0: its sum is within
// 131 * 2^-53 < 2^-45.9 of Σ abs(v).
#if defined(LOSSAUDIT_FAST_LANE_SUM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_LANE_SUM_INL_H_
#undef LOSSAUDIT_FAST_LANE_SUM_INL_H_
#else
#define LOSSAUDIT_FAST_LANE_SUM_INL_H_
#endif

#include <cstddef>
#include <cstring>

#include "fast/double_double.hpp"
#include "fast/lanes-inl.h"
#include "fast/sum_block.hpp"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// A chunk is 16 numbers one after another, of which kChunkParts vectors of double lanes take one each.
inline constexpr std::size_t kChunk = 16;
inline constexpr std::size_t kChunkParts = kChunk / hn::MaxLanes(D());
static_assert(sum_block % kChunk == 0);

/// The sum of a block.
class LaneSum {
 public:
  HWY_INLINE LaneSum() {
    for (V& lanes : lanes_) lanes = hn::Zero(D());
  }

  /// Adds the terms of a chunk's part: those from number 16 k + part * Lanes(D()).
  HWY_INLINE void Add(std::size_t part, V terms) { lanes_[part] = hn::Add(lanes_[part], terms); }

  /// Adds a * b to them, in one rounding where the target fuses.
  HWY_INLINE void AddProduct(std::size_t part, V a, V b) { lanes_[part] = hn::MulAdd(a, b, lanes_[part]); }

  HWY_INLINE double Total() const {
    V half[kChunkParts];
    for (std::size_t p = 0; p < kChunkParts; ++p) half[p] = lanes_[p];
    for (std::size_t count = kChunkParts / 2; count > 0; count /= 2) {
      for (std::size_t p = 0; p < count; ++p) half[p] = hn::Add(half[p], half[p + count]);
    }
    HWY_ALIGN double lane[hn::MaxLanes(D())];
    hn::Store(half[0], D(), lane);
    for (std::size_t count = hn::MaxLanes(D()) / 2; count > 0; count /= 2) {
      for (std::size_t l = 0; l < count; ++l) lane[l] += lane[l + count];
    }
    return lane[0];
  }

 private:
  V lanes_[kChunkParts];
};

/// The sum of a row's blocks, joined in their order: within 2^-104 of it for each block, and the blocks' own errors.
class JoinedBlocks {
 public:
  HWY_INLINE void Add(double block) { sum_ = sum_ + DoubleDouble(block); }
  HWY_INLINE double Total() const { return sum_.hi; }

 private:
  DoubleDouble sum_;
};

/// The up to kSize floats from `from` on, in kSize that end with `pad`. Nothing beyond the first `count` is read.
template <std::size_t kSize>
class PaddedFloats {
 public:
  HWY_INLINE PaddedFloats(const float* from, std::size_t count, float pad) {
    for (std::size_t i = count; i < kSize; ++i) floats_[i] = pad;
    std::memcpy(floats_, from, count * sizeof(float));
  }
  HWY_INLINE const float* data() const { return floats_; }

 private:
  HWY_ALIGN float floats_[kSize];
};
using PaddedChunk = PaddedFloats<kChunk>;

/// Walks over the terms [first, last) in blocks: pass.Chunk(i) for 16 of them from i on, pass.LastChunk(i, count) for
/// fewer, pass.EndBlock() at multiples of sum_block after `first` and at the end.
template <class Pass>
HWY_INLINE void WalkBlocks(Pass& pass, std::size_t first, std::size_t last) {
  while (first < last) {
    const std::size_t end = last - first < sum_block ? last : first + sum_block;
    std::size_t i = first;
    for (; i + kChunk <= end; i += kChunk) pass.Chunk(i);
    if (i < end) pass.LastChunk(i, end - i);
    pass.EndBlock();
    first = end;
  }
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
