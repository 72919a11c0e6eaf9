// The sum of binary losses in the common case: targets in [0, 1], no option but the dialect's clip. No logarithm is
// taken of an element: products of 1 + e, or of probabilities, are.
//
// Every term is positive and good to 2^-33 relatively, so the sum is too.
#if defined(LOSSAUDIT_FAST_BINARY_SUM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_BINARY_SUM_INL_H_
#undef LOSSAUDIT_FAST_BINARY_SUM_INL_H_
#else
#define LOSSAUDIT_FAST_BINARY_SUM_INL_H_
#endif

#include <cstdint>

#include "fast/brief-inl.h"
#include "fast/float_lanes-inl.h"
#include "fast/hard_logits-inl.h"
#include "fast/lane_sum-inl.h"
#include "fast/loss_task.hpp"
#include "fast/soft_logits-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// What a sum of logarithms is taken of, for a hard t: o or 1 - o, or the same of a clipped o.
enum class ProductOf : std::uint8_t { sides, clipped_sides };

/// A block's -Σ ln q for hard targets, q being one of these.
///
/// It is the logarithm of the product of q, where that is below 1/2: each factor has one rounding. Above, where ln is
/// small, it is ln(1 - c) with c = 1 - product: 1 - (1 - c) q = c q + (1 - q) adds up positive terms, and 1 - q = o or
/// 1 - o has one rounding too. The product's exponent is taken out every fourth chunk: q >= 2^-149.
template <ProductOf kProduct>
class ProbabilitySum : public LooksAtEach {
 public:
  HWY_INLINE explicit ProbabilitySum(const LossTask& task) : low_(task.clip_low), high_(task.clip_high) {
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      product_[p] = Constant(1);
      exponent_[p] = c_[p] = hn::Zero(D());
    }
  }

  static HWY_INLINE bool Takes(const float* target, const float* output) { return AllOfChunk(target, output, IsTaken); }
  HWY_INLINE void Chunk(const float* target, const float* output) {
    Parts<0>(target, output, kChunk);
    if (++uncarried_ == 4) Carry();
  }
  /// Only the first `count` of the chunk.
  HWY_INLINE void LastChunk(const float* target, const float* output, std::size_t count) {
    Parts<0>(target, output, count);
    Carry();
  }

  HWY_INLINE double Total() {
    Carry();
    LaneSum sum;
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      const V by_product = hn::NegMulSub(exponent_[p], Constant(0x1.62e42fefa39efp-1), Log(product_[p]));
      const V by_rest = hn::Neg(Log1p(hn::Neg(c_[p])));
      sum.Add(p, hn::IfThenElse(hn::Lt(c_[p], Constant(0.5)), by_rest, by_product));
    }
    return sum.Total();
  }

 private:
  static HWY_INLINE MF IsTaken(VF t, VF o) {
    if (kProduct == ProductOf::clipped_sides) return hn::And(IsHard(t), hn::Eq(o, o));
    // A probability of 0 for what happened has an infinite loss.
    return hn::And(hn::And(IsHard(t), IsInUnit(o)), hn::Ne(hn::Sub(Floats(1), t), o));
  }

  template <std::size_t kPart>
  HWY_INLINE void Parts(const float* target, const float* output, std::size_t count) {
    constexpr std::size_t first = kPart * hn::MaxLanes(D());
    const V t = LoadFloats(target + first);
    V o = LoadFloats(output + first);
    if (kProduct == ProductOf::clipped_sides) o = hn::Min(hn::Max(o, Constant(low_)), Constant(high_));
    const V rest = hn::Sub(Constant(1), t);
    V q = hn::Abs(hn::Sub(rest, o));
    V other = hn::Abs(hn::Sub(t, o));
    if (count < kChunk) {
      const M is_element = hn::FirstN(D(), count < first ? 0 : count - first);
      q = hn::IfThenElse(is_element, q, Constant(1));
      other = hn::IfThenElseZero(is_element, other);
    }
    product_[kPart] = hn::Mul(product_[kPart], q);
    c_[kPart] = hn::MulAdd(c_[kPart], q, other);
    if constexpr (kPart + 1 < kChunkParts) Parts<kPart + 1>(target, output, count);
  }

  /// Leaves products in [1, 2).
  HWY_INLINE void Carry() {
    const D d;
    const hn::RebindToUnsigned<D> du;
    uncarried_ = 0;
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      const auto bits = hn::BitCast(du, product_[p]);
      const auto fraction = hn::And(bits, hn::Set(du, 0x000fffffffffffffu));
      product_[p] = hn::BitCast(d, hn::Or(fraction, hn::Set(du, 0x3ff0000000000000u)));
      // The biased exponent in the low bits of 2^52: at most 2^7 times 2^11 of them.
      const V biased = hn::BitCast(d, hn::Or(hn::ShiftRight<52>(bits), hn::Set(du, 0x4330000000000000u)));
      exponent_[p] = hn::Add(exponent_[p], hn::Sub(biased, Constant(0x1p52 + 1023)));
    }
  }

  double low_, high_;
  V product_[kChunkParts];
  V exponent_[kChunkParts];
  V c_[kChunkParts];
  std::size_t uncarried_ = 0;
};

/// A block's -Σ t ln p + (1 - t) ln(1 - p) for targets in [0, 1] and probabilities p between 0 and 1, or clipped to that:
/// both logarithms are good to 2^-37, and so is their sum, whose terms have one sign.
template <ProductOf kProduct>
class SoftProbabilitySum : public LooksAtEach {
 public:
  HWY_INLINE explicit SoftProbabilitySum(const LossTask& task) : low_(task.clip_low), high_(task.clip_high) {}

  /// A NaN may pass: it makes the sum NaN, as it should.
  static HWY_INLINE bool Takes(const float* target, const float* output) {
    return AllOfChunk(target, output, [](VF t, VF o) HWY_ATTR {
      const VF zero = hn::Zero(FD());
      MF is_outside = hn::Or(hn::Lt(t, zero), hn::Gt(t, Floats(1)));
      if (kProduct == ProductOf::sides) {
        is_outside = hn::Or(is_outside, hn::Or(hn::Le(o, zero), hn::Ge(o, Floats(1))));
      }
      return hn::Not(is_outside);
    });
  }
  HWY_INLINE void Chunk(const float* target, const float* output) { LastChunk(target, output, kChunk); }
  /// Only the first `count` of the chunk.
  HWY_INLINE void LastChunk(const float* target, const float* output, std::size_t count) {
    constexpr std::size_t kN = HWY_MIN(kChunkParts, 2);
    const V one = Constant(1);
#pragma GCC unroll 16
    for (std::size_t part = 0; part < kChunkParts; part += kN) {
      V o[kN], p[2 * kN], below_one[2 * kN], log[2 * kN];
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kN; ++v) {
        o[v] = LoadFloats(output + (part + v) * hn::Lanes(D()));
        if (kProduct == ProductOf::clipped_sides) o[v] = Clamped(o[v], low_, high_);
        p[2 * v] = o[v];
        p[2 * v + 1] = hn::Sub(one, o[v]);
        below_one[2 * v] = hn::Sub(o[v], one);
        below_one[2 * v + 1] = hn::Neg(o[v]);
      }
      BriefUnitLogs<2 * kN>(p, below_one, log);
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kN; ++v) {
        const std::size_t first = (part + v) * hn::Lanes(D());
        const V t = LoadFloats(target + first);
        V loss = hn::MulAdd(hn::Sub(one, t), log[2 * v + 1], hn::Mul(t, log[2 * v]));
        loss = hn::NegMulAdd(o[v], hn::Zero(D()), loss);  // a NaN
        if (count < kChunk) loss = hn::IfThenElseZero(hn::FirstN(D(), count < first ? 0 : count - first), loss);
        sum_.Add(part + v, loss);
      }
    }
  }
  HWY_INLINE double Total() const { return -sum_.Total(); }

 private:
  double low_, high_;
  LaneSum sum_;
};

/// Takes nothing.
class NoSum : public LooksAtEach {
 public:
  HWY_INLINE explicit NoSum(const LossTask& /*task*/) {}
  static HWY_INLINE bool Takes(const float* /*target*/, const float* /*output*/) { return false; }
  HWY_INLINE void Chunk(const float* /*target*/, const float* /*output*/) {}
  HWY_INLINE void LastChunk(const float* /*target*/, const float* /*output*/, std::size_t /*count*/) {}
  HWY_INLINE double Total() const { return 0; }
};

#if HWY_NATIVE_FMA
using BestLogitSum = HardLogitSum;
#else
using BestLogitSum = NoSum;
#endif

/// Adds chunks from i on to the sum while it takes them and no better one does, in a function of its own: all its
/// constants stay in registers. Returns where it stopped.
template <class Better, class Sum>
HWY_NOINLINE std::size_t TakeChunks(Sum& sum, const float* target, const float* output, std::size_t i,
                                    std::size_t end) {
  Sum local = sum;
  for (const std::size_t known = Sum::EndOfKnown(target, output, i, end); i < known; i += kChunk) {
    local.Chunk(target + i, output + i);
  }
  for (; i + kChunk <= end; i += kChunk) {
    if (Better::Takes(target + i, output + i) || !Sum::Takes(target + i, output + i)) break;
    local.Chunk(target + i, output + i);
  }
  sum = local;
  return i;
}

template <class Sum>
HWY_NOINLINE std::size_t TakeLastChunk(Sum& sum, const PaddedChunk& target, const PaddedChunk& output,
                                       std::size_t count) {
  if (!Sum::Takes(target.data(), output.data())) return 0;
  sum.LastChunk(target.data(), output.data(), count);
  return count;
}

/// The losses of a block, in up to three sums: each chunk goes to the first that takes it, of Best, Good and General
/// (which takes any).
template <class Best, class Good, class General>
class BinaryBlock {
 public:
  HWY_INLINE BinaryBlock(const LossTask& task, General& general)
      : task_(task), general_(general), best_(task), good_(task) {}

  Best& BestSum() { return best_; }
  Good& GoodSum() { return good_; }
  void CountBest(std::size_t count) { in_best_ += count; }
  void CountGood(std::size_t count) { in_good_ += count; }

  /// The chunks of [i, end) and what is left at its end.
  HWY_INLINE void Add(std::size_t i, std::size_t end) {
    while (i + kChunk <= end) {
      const std::size_t best_end = TakeChunks<NoSum>(best_, task_.target, task_.output, i, end);
      in_best_ += best_end - i;
      const std::size_t good_end = TakeChunks<Best>(good_, task_.target, task_.output, best_end, end);
      in_good_ += good_end - best_end;
      if (good_end == i) general_.Chunk(i);
      i = good_end == i ? i + kChunk : good_end;
    }
    if (i < end) AddLast(i, end - i);
  }

  template <class Losses>
  HWY_INLINE void End(std::size_t size, Losses& losses) {
    if (in_best_ != 0) losses.add_plain(best_.Total(), General::kCountsLosses ? in_best_ : 0);
    if (in_good_ != 0) losses.add_plain(good_.Total(), General::kCountsLosses ? in_good_ : 0);
    if (in_best_ + in_good_ != size) general_.EndBlock();
  }

 private:
  HWY_INLINE void AddLast(std::size_t i, std::size_t count) {
    const PaddedChunk target(task_.target + i, count, 1);
    const PaddedChunk output(task_.output + i, count, 1);
    const std::size_t best = TakeLastChunk(best_, target, output, count);
    const std::size_t good = best != 0 ? 0 : TakeLastChunk(good_, target, output, count);
    if (best + good == 0) general_.LastChunk(i, count);
    in_best_ += best;
    in_good_ += good;
  }

  const LossTask& task_;
  General& general_;
  Best best_;
  Good good_;
  std::size_t in_best_ = 0, in_good_ = 0;
};

/// Adds up the losses of [first, last).
template <class Best, class Good, class General, class Losses>
HWY_INLINE void AddBinaryBlocks(const LossTask& task, General& general, std::size_t first, std::size_t last,
                                Losses& losses) {
  for (std::size_t begin = first; begin < last; begin += sum_block) {
    const std::size_t end = HWY_MIN(last, begin + sum_block);
    BinaryBlock<Best, Good, General> block(task, general);
    block.Add(begin, end);
    block.End(end - begin, losses);
  }
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
