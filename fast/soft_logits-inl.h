// The binary loss from logits of targets in [0, 1] in double lanes, with its gradient.
//
// With e = e^-abs(x) the loss is max(x, 0) - x t + ln(1 + e), and the gradient sigmoid(x) - t is 1 - t - t e over 1 + e, or
// for x < 0 e - t - t e.
#if defined(LOSSAUDIT_FAST_SOFT_LOGITS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_SOFT_LOGITS_INL_H_
#undef LOSSAUDIT_FAST_SOFT_LOGITS_INL_H_
#else
#define LOSSAUDIT_FAST_SOFT_LOGITS_INL_H_
#endif

#include <cstddef>
#include <limits>

#include "fast/float_lanes-inl.h"
#include "fast/hard_logits-inl.h"
#include "fast/lane_sum-inl.h"
#include "fast/log-inl.h"
#include "fast/loss_task.hpp"
#include "fast/table_exp-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// t is in [0, 1] and x finite, or one of them NaN.
HWY_INLINE MF IsSoftLogit(VF t, VF x) {
  const MF is_outside = hn::Or(hn::Lt(t, hn::Zero(FD())), hn::Gt(t, Floats(1)));
  return hn::Not(hn::Or(is_outside, hn::Gt(hn::Abs(x), Floats(std::numeric_limits<float>::max()))));
}

/// t is between 0 and 1, both excluded, and x not infinite. (Both in integers, which wait for no multiplier or adder.)
HWY_INLINE MF IsInnerLogit(VF t, VF x) {
  const hn::RebindToUnsigned<FD> d;
  const auto inside = hn::Lt(hn::Sub(hn::BitCast(d, t), hn::Set(d, 1)), hn::Set(d, 0x3f7fffff));
  const auto is_infinite = hn::Eq(hn::Add(hn::BitCast(d, x), hn::BitCast(d, x)), hn::Set(d, 0xff000000));
  return hn::RebindMask(FD(), hn::AndNot(is_infinite, inside));
}

/// Vectors of such elements, as many as a float vector has, computed side by side.
struct SoftLogits {
  static constexpr std::size_t kParts = HWY_MAX(hn::MaxLanes(FD()) / hn::MaxLanes(D()), 1);
  HWY_INLINE SoftLogits() {}  // not the implicit one, which would not be compiled for the target

  HWY_INLINE void Set(const DoubleExpTable& exp, const float* output) {
#pragma GCC unroll 2
    for (std::size_t p = 0; p < kParts; ++p) {
      x[p] = LoadFloats(output + p * hn::Lanes(D()));
      e[p] = hn::Or(x[p], Constant(-0.0));
    }
    exp.Raise<kParts>(e);
  }

  V x[kParts], e[kParts];
};

/// max(x, 0) - x t, good to one rounding: x t is exact, and for 1 > t it is 2^-24 x from x at least.
HWY_INLINE V LinearPart(V t, V x) { return hn::NegMulAdd(x, t, hn::Max(x, hn::Zero(D()))); }

/// A block's Σ softplus(x) - t x = Σ linear + Σ ln(1 + e).
///
/// The second sum is ln(1 + c) with 1 + c the product: (1 + c)(1 + e) - 1 = c + e + c e adds up positive terms, so c
/// loses nothing where all e are tiny. A lane takes 128 of them at most: c < 2^128.
class LogitSum {
 public:
  HWY_INLINE explicit LogitSum(const LossTask& /*task*/) {
    for (V& c : c_) c = hn::Zero(D());
  }

  /// A NaN may pass: it makes the sum NaN, as it should.
  static HWY_INLINE bool Takes(const float* target, const float* output) {
    return AllOfChunk(target, output, IsSoftLogit);
  }

  /// Those of inner logits alone, which no other sum takes.
  static HWY_INLINE std::size_t EndOfKnown(const float* target, const float* output, std::size_t i, std::size_t end) {
    return EndOfChunks(target, output, i, end, IsInnerLogit);
  }

  HWY_INLINE void Chunk(const float* target, const float* output) {
#pragma GCC unroll 16
    for (std::size_t first = 0; first < kChunkParts; first += SoftLogits::kParts) {
      SoftLogits logits;
      logits.Set(exp_, output + first * hn::Lanes(D()));
      Add(first, logits, target + first * hn::Lanes(D()));
    }
  }
  /// Only the first `count` of the chunk.
  HWY_INLINE void LastChunk(const float* target, const float* output, std::size_t count) {
    const std::size_t lanes = hn::Lanes(D());
    for (std::size_t first = 0; first < kChunkParts; first += SoftLogits::kParts) {
      SoftLogits logits;
      logits.Set(exp_, output + first * lanes);
      for (std::size_t p = 0; p < SoftLogits::kParts; ++p) {
        const std::size_t before = (first + p) * lanes;
        const M is_element = hn::FirstN(D(), count < before ? 0 : count - before);
        logits.x[p] = hn::IfThenElseZero(is_element, logits.x[p]);
        logits.e[p] = hn::IfThenElseZero(is_element, logits.e[p]);
      }
      Add(first, logits, target + first * lanes);
    }
  }

  /// Those of a chunk from part `first` on.
  HWY_INLINE void Add(std::size_t first, const SoftLogits& logits, const float* target) {
#pragma GCC unroll 2
    for (std::size_t p = 0; p < SoftLogits::kParts; ++p) {
      const V e = logits.e[p];
      V& c = c_[first + p];
      linear_.Add(first + p, LinearPart(LoadFloats(target + p * hn::Lanes(D())), logits.x[p]));
      c = hn::Add(hn::MulAdd(c, e, c), e);
    }
  }

  HWY_INLINE double Total() {
    for (std::size_t p = 0; p < kChunkParts; ++p) linear_.Add(p, Log1p(c_[p]));
    return linear_.Total();
  }

  const DoubleExpTable& Exp() const { return exp_; }

 private:
  DoubleExpTable exp_;
  LaneSum linear_;
  V c_[kChunkParts];
};

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
