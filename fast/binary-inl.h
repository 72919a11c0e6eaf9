// The terms of binary_crossentropy in lanes.
#if defined(LOSSAUDIT_FAST_BINARY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_BINARY_INL_H_
#undef LOSSAUDIT_FAST_BINARY_INL_H_
#else
#define LOSSAUDIT_FAST_BINARY_INL_H_
#endif

#include "fast/brief-inl.h"
#include "fast/careful.hpp"
#include "fast/lane_sum-inl.h"
#include "fast/loss_task.hpp"
#include "fast/reduction.hpp"
#include "fast/softplus-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// Losses of some elements before their sample weights, all to be trusted, and the magnitudes they were added up from.
class BinaryLanes {
 public:
  HWY_INLINE BinaryLanes(V loss_lanes, V magnitude_lanes)
      : loss(loss_lanes), magnitude(magnitude_lanes), weight(Constant(1)) {}
  V loss, magnitude, weight;

  HWY_INLINE V Weighted() const { return WeightedOf(loss); }
  HWY_INLINE V WeightedMagnitude() const { return hn::Abs(WeightedOf(magnitude)); }

 private:
  /// As weighted() of loss_task.hpp.
  HWY_INLINE V WeightedOf(V x) const {
    const M vanishes = hn::AndNot(hn::IsNaN(x), hn::Eq(weight, Constant(0)));
    return hn::IfThenZeroElse(vanishes, hn::Mul(weight, x));
  }
};

/// coefficient * y, where a coefficient of 0 gives 0 also beside an infinity.
HWY_INLINE V TermOf(V coefficient, V y) {
  return hn::IfThenZeroElse(hn::Eq(coefficient, Constant(0)), hn::Mul(coefficient, y));
}

/// The loss w t' (-ln p) + (1 - t') (-ln(1 - p)) of a target t and an output.
///
/// t' = keep t + share and 1 - t' = keep (1 - t) + share are both free of cancellation for t in [0, 1]; so is the
/// whole, being a sum of terms that are not negative. From logits it is c ln(1 + e^-abs(x)) plus abs(x) times the
/// coefficient of the side on which x is wrong; c = w t' + 1 - t' is 1 without a weight, exactly, whatever t is. For
/// other targets the magnitudes tell whether it cancelled, and then careful::loss decides.
///
/// Brief terms (brief-inl.h) are good to 2^-33 of their magnitude: enough for a loss that is rounded to float, where it is
/// at least 2^-6 of that.
template <Probabilities kKind, bool kWeighted, bool kBrief = false>
class BinaryTerms {
 public:
  HWY_INLINE explicit BinaryTerms(const LossTask& task) : task_(task) {}

  HWY_INLINE BinaryLanes Whole(std::size_t i) const {
    BinaryLanes lanes = Of(LoadFloats(task_.target + i), LoadFloats(task_.output + i));
    if (task_.sample_weights != nullptr) lanes.weight = LoadFloats(task_.sample_weights + i);
    Repair(lanes, i, hn::Lanes(D()));
    return lanes;
  }
  HWY_INLINE BinaryLanes First(std::size_t i, std::size_t count) const {
    BinaryLanes lanes = Of(LoadFirst(task_.target + i, count, 0.5F), LoadFirst(task_.output + i, count, 0.5F));
    if (task_.sample_weights != nullptr) lanes.weight = LoadFirst(task_.sample_weights + i, count, 0);
    Repair(lanes, i, count);
    return lanes;
  }

 private:
  HWY_INLINE BinaryLanes Of(V target, V output) const {
    const V keep = Constant(task_.keep);
    const V share = Constant(task_.share);
    const V rest = hn::Sub(Constant(1), target);
    V positive = hn::MulAdd(keep, target, share);
    V positive_magnitude = hn::MulAdd(keep, hn::Abs(target), share);
    const V negative = hn::MulAdd(keep, rest, share);
    const V negative_magnitude = hn::MulAdd(keep, hn::Abs(rest), share);
    V both = Constant(1);
    V both_magnitude = Constant(1);
    if (kWeighted) {
      const V weight = Constant(task_.pos_weight);
      positive = hn::Mul(weight, positive);
      positive_magnitude = hn::Mul(hn::Abs(weight), positive_magnitude);
      both = hn::Add(positive, negative);
      both_magnitude = hn::Add(positive_magnitude, negative_magnitude);
    }
    if (kKind == Probabilities::from_logits) {
      V tail = kBrief ? BriefLog1pOfUnit(BriefExpOfMinusAbs(output)) : SoftplusTail(output);
      tail = hn::IfThenElse(hn::Eq(output, output), tail, output);
      const M is_positive = hn::Gt(output, Constant(0));
      const V size = hn::Abs(output);
      const V linear = TermOf(hn::IfThenElse(is_positive, negative, positive), size);
      const V linear_magnitude = TermOf(hn::IfThenElse(is_positive, negative_magnitude, positive_magnitude), size);
      return {hn::MulAdd(both, tail, linear), hn::MulAdd(both_magnitude, tail, linear_magnitude)};
    }
    V p = output;
    if (kKind == Probabilities::clipped) {
      p = Clamped(p, task_.clip_low, task_.clip_high);
    } else {
      const M is_probability = hn::And(hn::Ge(p, Constant(0)), hn::Le(p, Constant(1)));
      p = hn::IfThenElse(is_probability, p, Constant(kNaN));
    }
    const V surprise = hn::Neg(kBrief ? BriefLog(p) : Log(p));
    const V other_surprise = hn::Neg(kBrief ? BriefLog1p(hn::Neg(p)) : Log1p(hn::Neg(p)));
    const V loss = hn::Add(TermOf(positive, surprise), TermOf(negative, other_surprise));
    const V magnitude = hn::Add(TermOf(positive_magnitude, surprise), TermOf(negative_magnitude, other_surprise));
    // A coefficient of 0 must not hide a NaN.
    return {hn::IfThenElse(hn::IsNaN(p), p, loss), magnitude};
  }

  /// As Estimate's.
  static constexpr double kTrustedPart = kBrief ? 0x1p-6 : Estimate::trusted_part;

  /// Replaces the losses that are not to be trusted.
  HWY_INLINE void Repair(BinaryLanes& lanes, std::size_t i, std::size_t count) const {
    const M is_trusted = hn::And(hn::Le(hn::Mul(Constant(kTrustedPart), lanes.magnitude), hn::Abs(lanes.loss)),
                                 hn::Lt(lanes.magnitude, Constant(kInfinity)));
    if (HWY_LIKELY(hn::AllTrue(D(), is_trusted))) return;
    HWY_ALIGN double loss[hn::MaxLanes(D())];
    HWY_ALIGN double magnitude[hn::MaxLanes(D())];
    hn::Store(lanes.loss, D(), loss);
    hn::Store(lanes.magnitude, D(), magnitude);
    for (std::size_t j = 0; j < count; ++j) {
      const double size = HWY_MAX(loss[j], -loss[j]);
      if (kTrustedPart * magnitude[j] <= size && magnitude[j] < kInfinity) continue;
      if (magnitude[j] != magnitude[j]) {  // it comes of a NaN, or of an infinite target
        loss[j] = kNaN;
        continue;
      }
      loss[j] = careful::loss(task_, i + j);
      magnitude[j] = HWY_MAX(loss[j], -loss[j]);
    }
    lanes.loss = hn::Load(D(), loss);
    lanes.magnitude = hn::Load(D(), magnitude);
  }

  const LossTask& task_;
};

/// Adds up Σ s L, Σ s, their magnitudes, and the number of s that are not 0, block by block.
template <class Terms>
class BinarySumPass {
 public:
  static constexpr bool kCountsLosses = true;

  HWY_INLINE BinarySumPass(const Terms& terms, LossSum& sum) : terms_(terms), sum_(sum) {}
  HWY_NOINLINE void Chunk(std::size_t i) {
    for (std::size_t p = 0; p < kChunkParts; ++p) Take(p, terms_.Whole(i + p * hn::Lanes(D())));
  }
  HWY_NOINLINE void LastChunk(std::size_t i, std::size_t count) {
    const std::size_t lanes = hn::Lanes(D());
    for (std::size_t p = 0; p * lanes < count; ++p) {
      const std::size_t left = HWY_MIN(count - p * lanes, lanes);
      BinaryLanes part = terms_.First(i + p * lanes, left);
      const M is_element = hn::FirstN(D(), left);
      part.loss = hn::IfThenElseZero(is_element, part.loss);
      part.magnitude = hn::IfThenElseZero(is_element, part.magnitude);
      part.weight = hn::IfThenElseZero(is_element, part.weight);
      Take(p, part);
    }
  }
  HWY_INLINE void EndBlock() {
    sum_.add({{loss_.Total(), loss_magnitude_.Total()}, {weight_.Total(), weight_magnitude_.Total()}}, 1,
             static_cast<std::size_t>(units_.Total()));
    loss_ = loss_magnitude_ = weight_ = weight_magnitude_ = units_ = LaneSum();
  }

 private:
  HWY_INLINE void Take(std::size_t part, const BinaryLanes& lanes) {
    loss_.Add(part, lanes.Weighted());
    loss_magnitude_.Add(part, lanes.WeightedMagnitude());
    weight_.Add(part, lanes.weight);
    weight_magnitude_.Add(part, hn::Abs(lanes.weight));
    units_.Add(part, hn::IfThenZeroElse(hn::Eq(lanes.weight, Constant(0)), Constant(1)));
  }
  const Terms& terms_;
  LossSum& sum_;
  LaneSum loss_, loss_magnitude_, weight_, weight_magnitude_, units_;
};

template <Probabilities kKind, bool kBrief, class Action>
HWY_INLINE void WithTerms(const LossTask& task, const Action& action) {
  if (task.pos_weight == 1) {
    action(BinaryTerms<kKind, false, kBrief>(task));
  } else {
    action(BinaryTerms<kKind, true, kBrief>(task));
  }
}

/// action(terms) with the terms that the task asks for.
template <bool kBrief, class Action>
HWY_INLINE void WithBinaryTerms(const LossTask& task, const Action& action) {
  switch (task.probabilities) {
    case Probabilities::from_logits:
      return WithTerms<Probabilities::from_logits, kBrief>(task, action);
    case Probabilities::clipped:
      return WithTerms<Probabilities::clipped, kBrief>(task, action);
    default:
      return WithTerms<Probabilities::plain, kBrief>(task, action);
  }
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
