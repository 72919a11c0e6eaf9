// The gradient of the binary loss from logits, with the loss's sum in the same pass: hard targets in float lanes
// (hard_logits-inl.h), everything else in double lanes. Where the target fuses alone.
#if defined(LOSSAUDIT_FAST_HARD_LOGITS_GRADIENT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_HARD_LOGITS_GRADIENT_INL_H_
#undef LOSSAUDIT_FAST_HARD_LOGITS_GRADIENT_INL_H_
#else
#define LOSSAUDIT_FAST_HARD_LOGITS_GRADIENT_INL_H_
#endif

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "fast/binary-inl.h"
#include "fast/binary_gradient-inl.h"
#include "fast/binary_sum-inl.h"
#include "fast/table_exp-inl.h"

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

/// The same for any finite z, the same bits where the other will do. Where the result is subnormal it is rounded a second
/// time, by half an ulp of its own, and the first rounding was a quarter of that at most.
HWY_INLINE Exponential FarExponential(const ExpTable& far_exp, VF z, const HardFactor& factor) {
  return far_exp(hn::Max(hn::Min(z, Floats(kFarHighest)), Floats(factor.lowest)));
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
  return hn::CopySign(result, scaled);
}

/// A chunk of hard targets; a far one takes any finite logit.
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
  for (std::size_t i = 0; i < kChunk; i += hn::Lanes(FD())) {
    const MF is_hard = IsHardLogit(hn::LoadU(FD(), target + i), hn::LoadU(FD(), output + i), Floats(limit));
    if (!hn::AllTrue(FD(), is_hard)) return false;
  }
  return true;
}

/// Gradients of the chunks from i on, as long as all of a chunk is hard and within the limit (far ones: finite). Adds
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

/// sigmoid(x) - t times the factor in double lanes, for t in [0, 1] and finite x, from e = e^-abs(x): 1 - t - t e over 1 +
/// e, or for x < 0 e - t - t e. `is_close` tells where the difference, in which e counts at most once and is good to 2^-51,
/// is good to 2^-28 of itself.
HWY_INLINE V SoftGradient(V t, V x, V e, V factor, M& is_close) {
  const V one = Constant(1);
  const V whole = hn::IfThenElse(hn::Gt(x, hn::Zero(D())), one, e);
  const V difference = hn::NegMulAdd(t, e, hn::Sub(whole, t));
  is_close = hn::Le(e, hn::Mul(hn::Abs(difference), Constant(0x1p22)));
  return hn::Div(hn::Mul(difference, factor), hn::Add(one, e));
}

/// Targets between 0 and 1, with finite logits.
HWY_INLINE bool IsSoftChunk(const float* target, const float* output) {
  const VF most = Floats(std::numeric_limits<float>::max());
  for (std::size_t i = 0; i < kChunk; i += hn::Lanes(FD())) {
    const VF t = hn::LoadU(FD(), target + i);
    const MF is_soft = hn::And(hn::Gt(t, hn::Zero(FD())), hn::Lt(t, Floats(1)));
    if (!hn::AllTrue(FD(), hn::And(is_soft, hn::Le(hn::Abs(hn::LoadU(FD(), output + i)), most)))) return false;
  }
  return true;
}

/// Gradients of the chunks from i on, as long as all of a chunk is soft and none of it cancels. Returns where it stopped.
HWY_NOINLINE std::size_t SoftChunks(const GradientTask& task, const HardFactor& factor, std::size_t i, std::size_t end,
                                    float* gradient) {
  if (!factor.is_usable) return i;
  const V wide_factor = Constant(task.factor(0));
  const DoubleExpTable exp;
  const std::size_t lanes = hn::Lanes(D());
  for (; i + kChunk <= end && IsSoftChunk(task.target + i, task.output + i); i += kChunk) {
    V result[kChunkParts];
    M all_close = hn::Eq(wide_factor, wide_factor);
#pragma GCC unroll 16
    for (std::size_t p = 0; p < kChunkParts; p += 2) {
      const V x[2] = {LoadFloats(task.output + i + p * lanes), LoadFloats(task.output + i + (p + 1) * lanes)};
      V e[2] = {hn::Neg(hn::Abs(x[0])), hn::Neg(hn::Abs(x[1]))};
      exp.Raise<2>(e);
#pragma GCC unroll 2
      for (std::size_t k = 0; k < 2; ++k) {
        M is_close;
        const V t = LoadFloats(task.target + i + (p + k) * lanes);
        result[p + k] = SoftGradient(t, x[k], e[k], wide_factor, is_close);
        all_close = hn::And(all_close, is_close);
      }
    }
    if (HWY_UNLIKELY(!hn::AllTrue(D(), all_close))) return i;
#pragma GCC unroll 16
    for (std::size_t p = 0; p < kChunkParts; ++p) StoreFloats(result[p], gradient + i + p * lanes);
  }
  return i;
}

/// Gradients of elements of any sort. An element has the same bits here as among hard ones.
class AnyGradient {
 public:
  HWY_INLINE AnyGradient(const GradientTask& task, const HardFactor& factor)
      : derivative_(task),
        factor_(factor),
        wide_factor_(Constant(task.factor(0))),
        far_exp_(kFarExponent),
        limit_(Floats(factor.far_limit)) {}

  /// Those of a float vector, of which the first `count` are elements i, i + 1, ...
  HWY_INLINE VF Of(const float* target, const float* output, std::size_t i, std::size_t count) const {
    const VF t = hn::LoadU(FD(), target);
    const VF x = hn::LoadU(FD(), output);
    const MF is_hard = IsHardLogit(t, x, limit_);
    if (hn::AllFalse(FD(), is_hard)) return Soft(t, x, i, count);
    const VI sign = SignOfHard(t);
    const VF z = FlipSign(x, sign);
    const VF hard = FarGradient(FarExponential(far_exp_, z, factor_), sign, factor_);
    if (HWY_LIKELY(hn::AllTrue(FD(), is_hard))) return hard;
    const MF is_nan = IsNaNOfEither(t, x);
    if (hn::AllTrue(FD(), hn::Or(is_hard, is_nan))) return hn::IfThenElse(is_nan, NaNs(), hard);
    return hn::IfThenElse(is_hard, hard, Soft(t, x, i, count));
  }

 private:
  static HWY_INLINE MF IsNaNOfEither(VF t, VF x) { return hn::Or(hn::IsNaN(t), hn::IsNaN(x)); }
  static HWY_INLINE VF NaNs() { return Floats(std::numeric_limits<float>::quiet_NaN()); }

  HWY_INLINE VF Soft(VF t, VF x, std::size_t i, std::size_t count) const {
    // A NaN is settled, and computed as another element meanwhile.
    const MF is_nan = IsNaNOfEither(t, x);
    t = hn::IfThenZeroElse(is_nan, t);
    x = hn::IfThenZeroElse(is_nan, x);
    const MF is_target = hn::And(hn::Ge(t, hn::Zero(FD())), hn::Le(t, Floats(1)));
    const MF is_usual = hn::And(is_target, hn::Le(hn::Abs(x), Floats(std::numeric_limits<float>::max())));
    const V low_t = hn::PromoteTo(D(), hn::LowerHalf(F(), t));
    const V high_t = hn::PromoteTo(D(), hn::UpperHalf(F(), t));
    const V low_x = hn::PromoteTo(D(), hn::LowerHalf(F(), x));
    const V high_x = hn::PromoteTo(D(), hn::UpperHalf(F(), x));
    V e[2] = {hn::Neg(hn::Abs(low_x)), hn::Neg(hn::Abs(high_x))};
    exp_.Raise<2>(e);
    M low_close;
    M high_close;
    V low = SoftGradient(low_t, low_x, e[0], wide_factor_, low_close);
    V high = SoftGradient(high_t, high_x, e[1], wide_factor_, high_close);
    const bool is_plain = factor_.is_usable && hn::AllTrue(FD(), is_usual);
    if (HWY_UNLIKELY(!is_plain || !hn::AllTrue(D(), hn::And(low_close, high_close)))) {
      const std::size_t lanes = hn::Lanes(D());
      low = Completed(low, low_t, low_x, low_close, i, HWY_MIN(lanes, count));
      high = Completed(high, high_t, high_x, high_close, i + lanes, count < lanes ? 0 : count - lanes);
    }
    return hn::IfThenElse(is_nan, NaNs(), hn::Combine(FD(), ToFloat(high), ToFloat(low)));
  }

  /// The results with those that are not to be trusted computed anew.
  HWY_INLINE V Completed(V soft, V t, V x, M is_close, std::size_t i, std::size_t count) const {
    const M is_target = hn::And(hn::Ge(t, hn::Zero(D())), hn::Le(t, Constant(1)));
    const M is_trusted = hn::And(hn::And(is_target, is_close), hn::Lt(hn::Abs(x), Constant(kInfinity)));
    if ((factor_.is_usable && hn::AllTrue(D(), is_trusted)) || count == 0) return soft;
    const V value = General(i, count);
    return factor_.is_usable ? hn::IfThenElse(is_trusted, soft, value) : value;
  }
  HWY_NOINLINE V General(std::size_t i, std::size_t count) const {
    return count == hn::Lanes(D()) ? derivative_.Whole(i) : derivative_.First(i, count);
  }

  BinaryDerivative<Probabilities::from_logits, true> derivative_;
  const HardFactor& factor_;
  V wide_factor_;
  ExpTable far_exp_;
  DoubleExpTable exp_;
  VF limit_;
};

/// Gradients of the elements [i, end), chunk by chunk.
HWY_NOINLINE void AnyChunks(const GradientTask& task, const HardFactor& factor, std::size_t i, std::size_t end,
                            float* gradient) {
  const AnyGradient any(task, factor);
  const std::size_t lanes = hn::Lanes(FD());
  for (; i + lanes <= end; i += lanes) {
    hn::StoreU(any.Of(task.target + i, task.output + i, i, lanes), FD(), gradient + i);
  }
  if (i == end) return;
  const std::size_t count = end - i;
  const PaddedChunk target(task.target + i, count, 1);
  const PaddedChunk output(task.output + i, count, 0);
  HWY_ALIGN float results[hn::MaxLanes(FD())];
  hn::Store(any.Of(target.data(), output.data(), i, count), FD(), results);
  std::memcpy(gradient + i, results, count * sizeof(float));
}

/// The end of the chunks after the one from i on of which none is all hard or all soft.
HWY_INLINE std::size_t EndOfAny(const LossTask& task, const HardFactor& factor, std::size_t i, std::size_t end) {
  i += kChunk;
  while (i + kChunk <= end && !IsHardChunk(task.target + i, task.output + i, factor.far_limit) &&
         !IsSoftChunk(task.target + i, task.output + i)) {
    i += kChunk;
  }
  return i + kChunk > end ? end : i;
}

/// The gradients of a task without options, with one factor for all; adds the losses up in `losses` unless that is
/// nullptr: then the gradient must not lie where the target or the output does.
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
      const std::size_t hard_end = losses != nullptr
                                       ? HardChunks<false, true>(task, factor, i, end, gradient, &block.BestSum())
                                       : HardChunks<false, false>(task, factor, i, end, gradient, nullptr);
      if (losses != nullptr) block.CountBest(hard_end - i);
      i = hard_end;
      std::size_t rest_end = HardChunks<true, false>(task, factor, i, end, gradient, nullptr);
      if (rest_end == i) rest_end = SoftChunks(task, factor, i, end, gradient);
      if (rest_end == i) {
        rest_end = EndOfAny(task, factor, i, end);
        AnyChunks(task, factor, i, rest_end, gradient);
      }
      if (losses != nullptr) block.Add(i, rest_end);
      i = rest_end;
    }
    if (losses != nullptr) block.End(end - begin, *losses);
  }
}

#endif  // HWY_NATIVE_FMA

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
