// The sum -Σ t ln p of plain cross-entropies with targets 0 and 1, in steps of 64 elements: no logarithm is taken of an
// element.
#if defined(LOSSAUDIT_FAST_HARD_ENTROPY_SUM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_HARD_ENTROPY_SUM_INL_H_
#undef LOSSAUDIT_FAST_HARD_ENTROPY_SUM_INL_H_
#else
#define LOSSAUDIT_FAST_HARD_ENTROPY_SUM_INL_H_
#endif

#include <cstdint>

#include "fast/float_lanes-inl.h"
#include "fast/lane_sum-inl.h"
#include "fast/log-inl.h"
#include "fast/streaming-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

inline constexpr std::size_t kHardStep = 64;
static_assert(sum_block % kHardStep == 0);

/// The logarithm of the product of q, q being p where t is 1 and else 1.
///
/// A q other than 1 adds 2^-24 to the sum at least, and its multiplication rounds the product by 2^-53 of itself: so the
/// sum is within 2^-28 of itself. The product's exponent is taken out after every step, which multiplies a lane by four
/// q >= 2^-149.
class HardEntropySum {
 public:
  HWY_INLINE HardEntropySum() {
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      product_[p] = Constant(1);
      exponent_[p] = hn::Zero(UD());
    }
  }

  /// Takes a step if all its t are 0 or 1, its p in [0, 1], and above 0 where t is 1.
  HWY_INLINE bool Takes(const float* target, const float* output) {
    HWY_ALIGN_MAX float q[kHardStep];
    if (HWY_UNLIKELY(!Pick(target, output, q))) return false;
    ++steps_;
    const std::size_t lanes = hn::Lanes(D());
#pragma GCC unroll 16
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      const float* from = q + p * lanes;
      const V first = hn::Mul(LoadFloats(from), LoadFloats(from + kChunk));  // exact
      const V second = hn::Mul(LoadFloats(from + 2 * kChunk), LoadFloats(from + 3 * kChunk));
      const auto bits = hn::BitCast(UD(), hn::Mul(product_[p], hn::Mul(first, second)));
      const auto fraction = hn::And(bits, hn::Set(UD(), 0x000fffffffffffffu));
      product_[p] = hn::BitCast(D(), hn::Or(fraction, hn::Set(UD(), 0x3ff0000000000000u)));
      exponent_[p] = hn::Add(exponent_[p], hn::ShiftRight<52>(bits));
    }
    return true;
  }

  HWY_INLINE double Total() const {
    LaneSum sum;
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      // A number below 2^52 in the low bits of that.
      const V biased = hn::BitCast(D(), hn::Or(exponent_[p], hn::Set(UD(), 0x4330000000000000u)));
      V k = hn::Sub(biased, Constant(0x1p52 + 1023 * static_cast<double>(steps_)));
      // Beside 1 nothing may cancel: the product less than its exponent is brought into [sqrt(1/2), sqrt(2)].
      const M is_upper = hn::Gt(product_[p], Constant(0x1.6a09e667f3bcdp0));
      k = hn::Add(k, hn::IfThenElseZero(is_upper, Constant(1)));
      const V m = hn::Mul(product_[p], hn::IfThenElse(is_upper, Constant(0.5), Constant(1)));
      sum.Add(p, hn::NegMulSub(k, Constant(0x1.62e42fefa39efp-1), Log(m)));
    }
    return sum.Total();
  }

  static HWY_INLINE bool IsTaken(const float* target, const float* output) {
    if (!hn::AllTrue(FD(), IsZeroOrOne(hn::LoadU(FD(), target)))) return false;
    HWY_ALIGN_MAX float q[kHardStep];
    return Pick(target, output, q);
  }

 private:
  using UD = hn::RebindToUnsigned<D>;

  static HWY_INLINE MF IsZeroOrOne(VF t) { return hn::Or(hn::Eq(t, hn::Zero(FD())), hn::Eq(t, Floats(1))); }

  /// The q of a step; false if it is not to be taken.
  static HWY_INLINE bool Pick(const float* target, const float* output, float* q) {
    const hn::RebindToUnsigned<FD> du;
    const auto one = hn::BitCast(du, Floats(1));
    auto strange = hn::Zero(du);  // bits of t that are neither's
    auto largest = hn::Zero(du);
    auto least = one;
#pragma GCC unroll 64
    for (std::size_t i = 0; i < kHardStep; i += hn::MaxLanes(FD())) {
      const VF t = hn::LoadU(FD(), target + i);
      const VF p = hn::LoadU(FD(), output + i);
      const MF is_zero = hn::Eq(t, hn::Zero(FD()));
      const VF picked = hn::IfThenElse(is_zero, Floats(1), p);
      hn::Store(picked, FD(), q + i);
      const auto other = hn::Xor(hn::BitCast(du, t), one);
      strange = hn::Or(strange, hn::BitCast(du, hn::IfThenZeroElse(is_zero, hn::BitCast(FD(), other))));
      // As integers floats from 0 on are in their order, and all others beyond.
      largest = hn::Max(largest, hn::BitCast(du, p));
      least = hn::Min(least, hn::BitCast(du, picked));
    }
    const auto is_usual = hn::And(hn::Eq(strange, hn::Zero(du)), hn::Eq(hn::Max(largest, one), one));
    return hn::AllTrue(du, hn::AndNot(hn::Eq(least, hn::Zero(du)), is_usual));
  }

  V product_[kChunkParts];
  hn::Vec<UD> exponent_[kChunkParts];
  std::size_t steps_ = 0;
};

/// Takes steps from i on for as long as they are taken; returns where it stopped.
HWY_NOINLINE std::size_t TakeHardSteps(HardEntropySum& sum, const float* target, const float* output, std::size_t i,
                                       std::size_t end) {
  HardEntropySum local = sum;
  for (; i + kHardStep <= end && local.Takes(target + i, output + i); i += kHardStep) {
#pragma GCC unroll 4
    for (std::size_t line = 0; line < kHardStep; line += 16) {
      FetchLater(target + i + line, sum_block);
      FetchLater(output + i + line, sum_block);
    }
  }
  sum = local;
  return i;
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
