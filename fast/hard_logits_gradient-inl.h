// The gradient of the binary loss of hard targets from logits in float lanes (hard_logits-inl.h), with the loss's sum in
// the same pass. Where the target fuses alone.
#if defined(LOSSAUDIT_FAST_HARD_LOGITS_GRADIENT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_HARD_LOGITS_GRADIENT_INL_H_
#undef LOSSAUDIT_FAST_HARD_LOGITS_GRADIENT_INL_H_
#else
#define LOSSAUDIT_FAST_HARD_LOGITS_GRADIENT_INL_H_
#endif

#include <algorithm>
#include <cmath>
#include <limits>

#include "fast/hard_logits-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

#if HWY_NATIVE_FMA

/// The one factor of all elements, as a sum of floats; usable unless it is far from 1.
struct HardFactor {
  HWY_INLINE explicit HardFactor(double factor)
      : high(static_cast<float>(factor)), low(static_cast<float>(factor - high)) {
    const double size = std::abs(factor);
    is_usable = size >= 0x1p-40 && size <= 0x1p20;
    if (!is_usable) return;
    far_limit = std::numeric_limits<float>::max();
    limit = static_cast<float>(60 + std::min(0.0, std::log(size)));
    lowest = static_cast<float>(-151 * 0x1.62e42fefa39efp-1 - std::log(size));
  }
  float high, low;
  bool is_usable;
  float limit = -1;  ///< up to this abs(x) nothing comes near a float's underflow
  float far_limit = -1;
  float lowest = 0;  ///< below this z the product is nearer to 0 than to any other float
};

/// sigmoid(z) times the factor, with the sign that x has in z: h S is its rounding and the rest exactly.
HWY_INLINE VF HardGradient(const FloatSum& s, VI sign, const HardFactor& factor) {
  const VF factor_high = Floats(factor.high);
  const VF product = hn::Mul(s.high, factor_high);
  VF rest = hn::MulSub(s.high, factor_high, product);
  rest = hn::MulAdd(s.high, Floats(factor.low), rest);
  rest = hn::MulAdd(s.low, factor_high, rest);
  return FlipSign(hn::Add(product, rest), sign);
}

/// 2^48 e^z has room for every z whose gradient reaches a float; above 54 sigmoid(z) rounds to 1.
inline constexpr std::int32_t kFarExponent = 48;
inline constexpr float kFarUnit = 0x1p48F;
inline constexpr float kFarHighest = 54;

/// The same for any z that is not infinite, the same bits where the other will do. Where the result is subnormal it is rounded a second
/// time, by half an ulp of its own, and the first rounding was a quarter of that at most.
///
/// A NaN comes through: the second argument is given back.
HWY_INLINE Exponential FarExponential(const ExpTable& far_exp, VF z, const HardFactor& factor) {
  return far_exp(hn::Max(Floats(factor.lowest), hn::Min(Floats(kFarHighest), z)));
}
HWY_INLINE VF FarGradient(const Exponential& e, VI sign, const HardFactor& factor) {
  const VF scaled = HardGradient(SigmoidOf(e, kFarUnit), sign, factor);
  const VF size = hn::Abs(scaled);
  // The 2^48 is taken out in integers, since arithmetic that ends in subnormals is slow: beside 2^-78 the low bits count
  // multiples of 2^-101, the smallest float times 2^48.
  const VF beside = Floats(0x1p-78F);
  const VI subnormal = hn::Sub(BitsOf(hn::Add(size, beside)), BitsOf(beside));
  const VI normal = hn::Sub(BitsOf(size), Integers(kFarExponent << 23));
  const VF result = hn::IfThenElse(hn::Lt(size, beside), FloatOf(subnormal), FloatOf(normal));
  return hn::IfThenElse(hn::IsNaN(scaled), scaled, hn::CopySign(result, scaled));
}

/// A chunk of hard targets; a far one takes any logit that is not infinite.
template <bool kFar>
struct HardChunk {
  VI sign[kChunkFloatVectors];
  Exponential e[kChunkFloatVectors];

  HWY_INLINE void Set(const ExpTable& exp, const float* target, const float* output, const HardFactor& factor) {
    for (std::size_t v = 0; v < kChunkFloatVectors; ++v) {
      sign[v] = SignOfHard(hn::LoadU(FD(), target + v * hn::Lanes(FD())));
      const VF z = HardZ(target, output, v);
      e[v] = kFar ? FarExponential(exp, z, factor) : exp(z);
    }
  }
  HWY_INLINE void Store(const HardFactor& factor, float* gradient) const {
    for (std::size_t v = 0; v < kChunkFloatVectors; ++v) {
      const VF value = kFar ? FarGradient(e[v], sign[v], factor) : HardGradient(SigmoidOf(e[v], 1), sign[v], factor);
      hn::StoreU(value, FD(), gradient + v * hn::Lanes(FD()));
    }
  }
};

HWY_INLINE bool IsHardChunk(const float* target, const float* output, float limit) {
  return AllOfChunk(target, output, [=](VF t, VF x) HWY_ATTR { return IsHardLogit(t, x, Floats(limit)); });
}

/// Gradients of the chunks from i on, as long as all of a chunk is hard and within the limit (far ones: not infinite). Adds
/// their losses to the sum, unless that is nullptr. Returns where it stopped. The exponentials of a chunk are taken beside
/// the rest of the chunk before it.
template <bool kFar, bool kSums>
HWY_NOINLINE std::size_t HardChunks(const LossTask& task, const HardFactor& factor, std::size_t i, std::size_t end,
                                    float* gradient, HardLogitSum* sum) {
  const float* target = task.target;
  const float* output = task.output;
  const float limit = kFar ? factor.far_limit : factor.limit;
  if (i + kChunk > end || !IsHardChunk(target + i, output + i, limit)) return i;
  HardLogitSum local = kSums ? *sum : HardLogitSum(task);
  const ExpTable exp(kFar ? kFarExponent : 0);
  HardChunk<kFar> chunk;
  chunk.Set(exp, target + i, output + i, factor);
  for (;;) {
    const std::size_t next = i + kChunk;
    const bool goes_on = next + kChunk <= end && IsHardChunk(target + next, output + next, limit);
    HardChunk<kFar> following = chunk;
    if (HWY_LIKELY(goes_on)) following.Set(exp, target + next, output + next, factor);
    if (kSums) {
      for (std::size_t v = 0; v < kChunkFloatVectors; ++v) local.Add(v, chunk.e[v]);
      local.EndChunk();
    }
    chunk.Store(factor, gradient + i);
    i = next;
    if (HWY_UNLIKELY(!goes_on)) break;
    chunk = following;
  }
  if (kSums) *sum = local;
  return i;
}

#endif  // HWY_NATIVE_FMA

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
