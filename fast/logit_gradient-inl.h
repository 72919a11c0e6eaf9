// The gradient of the binary loss from logits, with the loss's sum in the same pass: hard targets in float lanes
// (hard_logits_gradient-inl.h), other targets in [0, 1] in double lanes (soft_logits-inl.h), what cancels or lies outside by
// binary_gradient-inl.h. Where the target fuses alone.
#if defined(LOSSAUDIT_FAST_LOGIT_GRADIENT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_LOGIT_GRADIENT_INL_H_
#undef LOSSAUDIT_FAST_LOGIT_GRADIENT_INL_H_
#else
#define LOSSAUDIT_FAST_LOGIT_GRADIENT_INL_H_
#endif

#include <cmath>
#include <cstring>

#include "fast/binary-inl.h"
#include "fast/binary_gradient-inl.h"
#include "fast/binary_sum-inl.h"
#include "fast/hard_logits_gradient-inl.h"
#include "fast/soft_logits-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

#if HWY_NATIVE_FMA

/// Gradients of a float vector of soft logits (IsSoftLogit): soft targets in double lanes, hard ones in float lanes. An
/// element has the same bits among others of any sort.
class SoftGradient {
 public:
  HWY_INLINE SoftGradient(const GradientTask& task, const HardFactor& factor)
      : factor_(factor),
        wide_factor_(Constant(task.factor(0))),
        close_part_(Floats(static_cast<float>(0x1.7p-18 * std::abs(task.factor(0))))),
        far_exp_(kFarExponent),
        far_limit_(Floats(factor.far_limit)) {}

  /// (whole - t - t e) / (1 + e) times the factor, whole being 1 for x > 0 and e elsewhere; and whether the difference is
  /// not good to 2^-28 of itself.
  ///
  /// It is wrong - (1 - wrong) e, with `wrong` the part of the target on whose wrong side x is, 1 - t for x > 0 and t
  /// elsewhere (and with the other sign there). Where e matters beside a float, abs(x) is below 104.7: e is good to
  /// 2^-46.5. So is all of the difference to (1 - wrong) e but for its roundings, 2^-53 of larger numbers. That is below
  /// 2^-28 of it from a difference of 2^-17.5 wrong on, whatever e is: from 2 wrong on it is at least half of that. What
  /// is compared is smaller than the difference, 1 + e times. A NaN does not cancel.
  HWY_INLINE VF Soft(const SoftLogits& logits, const float* target, VF x, MF& cancels) const {
    V result[SoftLogits::kParts];
#pragma GCC unroll 2
    for (std::size_t p = 0; p < SoftLogits::kParts; ++p) {
      const V t = LoadFloats(target + p * hn::Lanes(D()));
      const V e = logits.e[p];
      const V whole = hn::IfThenElse(hn::Gt(logits.x[p], hn::Zero(D())), Constant(1), e);
      const V difference = hn::NegMulAdd(t, e, hn::Sub(whole, t));
      result[p] = hn::Div(hn::Mul(difference, wide_factor_), hn::Add(Constant(1), e));
    }
    const VF soft = hn::Combine(FD(), ToFloat(result[1]), ToFloat(result[0]));
    const VF t = hn::LoadU(FD(), target);
    const VF wrong = hn::IfThenElse(hn::Gt(x, hn::Zero(FD())), hn::Sub(Floats(1), t), t);
    cancels = hn::Lt(hn::Abs(soft), hn::Mul(wrong, close_part_));
    return soft;
  }

  /// The same, but for hard targets.
  HWY_INLINE VF WithHard(VF soft, VF t, VF x) const {
    const VI sign = SignOfHard(t);
    const VF hard = FarGradient(FarExponential(far_exp_, FlipSign(x, sign), factor_), sign, factor_);
    return hn::IfThenElse(IsHardLogit(t, x, far_limit_), hard, soft);
  }

 private:
  const HardFactor& factor_;
  V wide_factor_;
  VF close_part_;
  ExpTable far_exp_;
  VF far_limit_;
};

/// The end of the chunks after i that are all soft and not all hard: of those without hard targets, or (kMixed) of any.
template <bool kMixed>
HWY_INLINE std::size_t EndOfSoft(const float* target, const float* output, std::size_t i, std::size_t end) {
  if (!kMixed) return LogitSum::EndOfKnown(target, output, i, end);
  const auto is_hard = [](VF t, VF /*x*/) HWY_ATTR { return IsHard(t); };
  while (i + kChunk <= end && LogitSum::Takes(target + i, output + i) && !AllOfChunk(target + i, output + i, is_hard)) {
    i += kChunk;
  }
  return i;
}

/// Gradients of the chunks from i on, as long as EndOfSoft has them and none cancels. Adds their losses to the sum, unless
/// that is nullptr. Returns where it stopped. The exponentials of a chunk are taken beside the rest of the one before it.
template <bool kSums, bool kMixed>
HWY_NOINLINE std::size_t SoftChunks(const GradientTask& task, const HardFactor& factor, std::size_t i, std::size_t end,
                                    float* gradient, LogitSum* sum) {
  const float* const targets = task.target;
  const float* const outputs = task.output;
  std::size_t last = EndOfSoft<kMixed>(targets, outputs, i, end);
  if (!factor.is_usable || last == i) return i;
  const SoftGradient soft(task, factor);
  last -= kChunk;
  LogitSum local = kSums ? *sum : LogitSum(task);
  const std::size_t lanes = hn::Lanes(FD());
  constexpr std::size_t kN = kChunkFloatVectors;
  SoftLogits now[kN], next[kN];
#pragma GCC unroll 2
  for (std::size_t v = 0; v < kN; ++v) now[v].Set(local.Exp(), outputs + i + v * lanes);
  for (; i <= last; i += kChunk) {
    const float* const following = outputs + HWY_MIN(i + kChunk, last);
    VF results[kN];
    MF cancels[kN];
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kN; ++v) next[v].Set(local.Exp(), following + v * lanes);
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kN; ++v) {
      const float* const target = targets + i + v * lanes;
      const VF x = hn::LoadU(FD(), outputs + i + v * lanes);
      results[v] = soft.Soft(now[v], target, x, cancels[v]);
      if (kMixed) results[v] = soft.WithHard(results[v], hn::LoadU(FD(), target), x);
    }
    if (HWY_UNLIKELY(!hn::AllFalse(FD(), kN == 1 ? cancels[0] : hn::Or(cancels[0], cancels[kN - 1])))) break;
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kN; ++v) {
      if (kSums) local.Add(v * SoftLogits::kParts, now[v], targets + i + v * lanes);
      hn::StoreU(results[v], FD(), gradient + i + v * lanes);
      now[v] = next[v];
    }
  }
  if (kSums) *sum = local;
  return i;
}

/// Gradients of elements of any sort.
class AnyGradient {
 public:
  HWY_INLINE AnyGradient(const GradientTask& task, const HardFactor& factor)
      : derivative_(task), soft_(task, factor), is_usable_(factor.is_usable) {}

  /// Those of a float vector, of which the first `count` are elements i, i + 1, ...
  HWY_INLINE VF Of(const float* target, const float* output, std::size_t i, std::size_t count) const {
    const VF t = hn::LoadU(FD(), target);
    const VF x = hn::LoadU(FD(), output);
    SoftLogits logits;
    logits.Set(exp_, output);
    MF cancels;
    const VF soft = soft_.Soft(logits, target, x, cancels);
    MF is_trusted = hn::AndNot(cancels, IsSoftLogit(t, x));
    if (!is_usable_) is_trusted = hn::FirstN(FD(), 0);
    is_trusted = hn::Or(is_trusted, hn::Or(hn::IsNaN(t), hn::IsNaN(x)));
    const VF result = soft_.WithHard(soft, t, x);
    if (hn::AllTrue(FD(), is_trusted)) return result;
    return hn::IfThenElse(is_trusted, result, General(i, count));
  }

 private:
  HWY_NOINLINE VF General(std::size_t i, std::size_t count) const {
    const std::size_t lanes = hn::Lanes(D());
    HWY_ALIGN float results[hn::MaxLanes(FD())] = {};
    for (std::size_t p = 0; p * lanes < count; ++p) {
      const std::size_t some = HWY_MIN(lanes, count - p * lanes);
      const std::size_t first = i + p * lanes;
      StoreFloats(some == lanes ? derivative_.Whole(first) : derivative_.First(first, some), results + p * lanes);
    }
    return hn::Load(FD(), results);
  }

  BinaryDerivative<Probabilities::from_logits, true> derivative_;
  SoftGradient soft_;
  bool is_usable_;
  DoubleExpTable exp_;
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

/// The end of the chunks after the one from i on of which no element is soft, or the factor is not usable.
HWY_INLINE std::size_t EndOfAny(const LossTask& task, const HardFactor& factor, std::size_t i, std::size_t end) {
  i += kChunk;
  while (i + kChunk <= end && !(factor.is_usable && LogitSum::Takes(task.target + i, task.output + i))) i += kChunk;
  return i + kChunk > end ? end : i;
}

/// The gradients of a task without options, with one factor for all; adds the losses up in `losses` unless that is
/// nullptr: then the gradient must not lie where the target or the output does.
template <bool kSums>
HWY_INLINE void LogitGradients(const GradientTask& task, float* gradient, LossSum& losses) {
  const HardFactor factor(task.factor(0));
  const BinaryTerms<Probabilities::from_logits, false> terms(task);
  BinarySumPass general(terms, losses);
  const std::size_t n = task.rows.outer;
  for (std::size_t begin = 0; begin < n; begin += sum_block) {
    const std::size_t end = HWY_MIN(n, begin + sum_block);
    BinaryBlock<BestLogitSum, LogitSum, decltype(general)> block(task, general);
    for (std::size_t i = begin; i < end;) {
      const std::size_t hard_end = HardChunks<false, kSums>(task, factor, i, end, gradient, &block.BestSum());
      block.CountBest(hard_end - i);
      std::size_t soft_end = SoftChunks<kSums, false>(task, factor, hard_end, end, gradient, &block.GoodSum());
      if (soft_end == hard_end) {
        soft_end = SoftChunks<kSums, true>(task, factor, hard_end, end, gradient, &block.GoodSum());
      }
      block.CountGood(soft_end - hard_end);
      i = soft_end;
      std::size_t rest_end = HardChunks<true, false>(task, factor, i, end, gradient, nullptr);
      if (rest_end == i && i != end && soft_end == hard_end) {
        rest_end = EndOfAny(task, factor, i, end);
        AnyChunks(task, factor, i, rest_end, gradient);
      }
      if (kSums) block.Add(i, rest_end);
      i = rest_end;
    }
    if (kSums) block.End(end - begin, losses);
  }
}

#endif  // HWY_NATIVE_FMA

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
