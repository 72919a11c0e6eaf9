// The gradient of the binary loss from logits, with the loss's sum in the same pass: hard targets in float lanes
// (hard_logits-inl.h), everything else in double lanes. Where the target fuses alone.
#if defined(LOSSAUDIT_FAST_HARD_LOGITS_GRADIENT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_HARD_LOGITS_GRADIENT_INL_H_
#undef LOSSAUDIT_FAST_HARD_LOGITS_GRADIENT_INL_H_
#else
#define LOSSAUDIT_FAST_HARD_LOGITS_GRADIENT_INL_H_
#endif

#include <cmath>

#include "fast/binary-inl.h"
#include "fast/binary_gradient-inl.h"
#include "fast/binary_sum-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

#if HWY_NATIVE_FMA

/// The one factor of all elements, as a sum of floats, and how large a logit may be for the product to have all its
/// bits: e^-limit times the factor is at least e^-80.
struct HardFactor {
  HWY_INLINE explicit HardFactor(double factor)
      : high(static_cast<float>(factor)), low(static_cast<float>(factor - high)) {
    const double size = factor < 0 ? -factor : factor;
    const bool is_moderate = size >= 0x1p-60 && size <= 0x1p60;
    limit = !is_moderate ? -1 : static_cast<float>(size < 1 ? kHardLimit + std::log(size) : kHardLimit);
  }
  float high, low;
  float limit;
};

/// sigmoid(z) times the factor, with the sign that x has in z, rounded once: h S is h S rounded and the rest exactly.
HWY_INLINE VF HardGradient(const Exponential& e, VI sign, VF factor_high, VF factor_low) {
  const FloatSum s = SigmoidOf(e);
  const VF product = hn::Mul(s.high, factor_high);
  VF rest = hn::MulSub(s.high, factor_high, product);
  rest = hn::MulAdd(s.high, factor_low, rest);
  rest = hn::MulAdd(s.low, factor_high, rest);
  return FlipSign(hn::Add(product, rest), sign);
}

/// The exponentials of a chunk and the signs of its gradient.
struct HardChunk {
  Exponential e[kChunkFloatVectors];
  VI sign[kChunkFloatVectors];

  HWY_INLINE void Set(const ExpTable& exp, const float* target, const float* output) {
    for (std::size_t v = 0; v < kChunkFloatVectors; ++v) {
      sign[v] = SignOfHard(hn::LoadU(FD(), target + v * hn::Lanes(FD())));
      e[v] = exp(FlipSign(hn::LoadU(FD(), output + v * hn::Lanes(FD())), sign[v]));
    }
  }
  HWY_INLINE void Store(const HardFactor& factor, float* gradient) const {
    for (std::size_t v = 0; v < kChunkFloatVectors; ++v) {
      hn::StoreU(HardGradient(e[v], sign[v], Floats(factor.high), Floats(factor.low)), FD(),
                 gradient + v * hn::Lanes(FD()));
    }
  }
};

HWY_INLINE bool IsHardChunk(const float* target, const float* output, float limit) {
  return AllOfChunk(target, output, [limit](VF t, VF x) HWY_ATTR { return IsHardLogit(t, x, Floats(limit)); });
}

/// Gradients of the chunks from i on, as long as all of a chunk is hard and within the limit; their losses are added to
/// the sum. Returns where it stopped. The exponentials of a chunk are taken beside the rest of the chunk before it.
template <bool kSums>
HWY_NOINLINE std::size_t HardChunks(const LossTask& task, const HardFactor& factor, std::size_t i, std::size_t end,
                                    float* gradient, HardLogitSum& sum) {
  const float* target = task.target;
  const float* output = task.output;
  if (i + kChunk > end || !IsHardChunk(target + i, output + i, factor.limit)) return i;
  HardLogitSum local = sum;
  HardChunk chunk;
  chunk.Set(local.Exp(), target + i, output + i);
  for (;;) {
    const std::size_t next = i + kChunk;
    const bool goes_on = next + kChunk <= end && IsHardChunk(target + next, output + next, factor.limit);
    HardChunk following = chunk;
    if (HWY_LIKELY(goes_on)) following.Set(local.Exp(), target + next, output + next);
    if (kSums) {
      for (std::size_t v = 0; v < kChunkFloatVectors; ++v) local.Add(v, chunk.e[v]);
      local.EndChunk();
    }
    chunk.Store(factor, gradient + i);
    i = next;
    if (HWY_UNLIKELY(!goes_on)) break;
    chunk = following;
  }
  sum = local;
  return i;
}

/// Gradients of `count` elements of any sort. An element has the same bits here as among hard ones.
HWY_NOINLINE void AnyChunk(const GradientTask& task, const HardFactor& factor, std::size_t i, std::size_t count,
                           float* gradient) {
  const PaddedChunk target(task.target + i, count, 1);
  const PaddedChunk output(task.output + i, count, 0);
  HWY_ALIGN float hard[kChunk];
  HWY_ALIGN float any[kChunk];
  HWY_ALIGN float is_hard[kChunk];
  std::size_t hard_ones = 0;
  for (std::size_t v = 0; v < kChunk; v += hn::Lanes(FD())) {
    const MF mask =
        IsHardLogit(hn::Load(FD(), target.data() + v), hn::Load(FD(), output.data() + v), Floats(factor.limit));
    hn::Store(hn::IfThenElseZero(mask, Floats(1)), FD(), is_hard + v);
    hard_ones += hn::CountTrue(FD(), mask);
  }
  if (hard_ones != 0) {
    HardChunk chunk;
    chunk.Set(ExpTable(), target.data(), output.data());
    chunk.Store(factor, hard);
  }
  if (hard_ones != kChunk) {
    const BinaryDerivative<Probabilities::from_logits, true> derivative(task);
    const std::size_t lanes = hn::Lanes(D());
    for (std::size_t p = 0; p < count; p += lanes) {
      const V value = p + lanes <= count ? derivative.Whole(i + p) : derivative.First(i + p, count - p);
      StoreFloats(value, any + p);
    }
  }
  for (std::size_t j = 0; j < count; ++j) gradient[i + j] = is_hard[j] != 0 ? hard[j] : any[j];
}

/// The gradients of a task without options, with one factor for all; adds the losses up in `losses` unless that is
/// nullptr.
HWY_INLINE void LogitGradients(const GradientTask& task, float* gradient, LossSum* losses) {
  const HardFactor factor(task.factor(0));
  const BinaryTerms<Probabilities::from_logits, false> terms(task);
  LossSum none;
  BinarySumPass general(terms, losses == nullptr ? none : *losses);
  const std::size_t n = task.rows.outer;
  for (std::size_t begin = 0; begin < n; begin += sum_block) {
    const std::size_t end = HWY_MIN(n, begin + sum_block);
    BinaryBlock<BestLogitSum, LogitSum, decltype(general)> block(task, general);
    for (std::size_t i = begin; i < end;) {
      const std::size_t first = i;
      if (losses != nullptr) {
        i = HardChunks<true>(task, factor, i, end, gradient, block.BestSum());
        block.CountBest(i - first);
      } else {
        i = HardChunks<false>(task, factor, i, end, gradient, block.BestSum());
      }
      if (i == end) break;
      const std::size_t count = HWY_MIN(kChunk, end - i);
      if (losses != nullptr) block.Add(i, i + count);
      AnyChunk(task, factor, i, count, gradient);
      i += count;
    }
    if (losses != nullptr) block.End(end - begin, *losses);
  }
}

#endif  // HWY_NATIVE_FMA

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
