// The row kernel of the cross-entropies: Σ_i c_i (-ln p_i) with c_i = w_i (keep t_i + share), for every way that
// probabilities come.
//
// -ln p_i is written as distance_i + offset, neither of which is negative: from logits m - x_i and log1p(Σ others),
// from masses ln(m / o_i) and log1p(Σ others / m), m being the row's maximum. With targets that are not negative
// nothing cancels; with others the magnitudes say so, and the row is left to careful::loss.
#if defined(LOSSAUDIT_FAST_ENTROPY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_ENTROPY_INL_H_
#undef LOSSAUDIT_FAST_ENTROPY_INL_H_
#else
#define LOSSAUDIT_FAST_ENTROPY_INL_H_
#endif

#include "fast/loss_task.hpp"
#include "fast/row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// Σ o_i over all but one of the maxima, of masses that are clipped first where the dialect says so.
template <bool kClips>
class MassPass {
 public:
  HWY_INLINE MassPass(const float* o, double maximum, double low, double high)
      : o_(o), maximum_(maximum), low_(low), high_(high) {}
  HWY_INLINE void Step(std::size_t i) { Take(Mass(LoadFloats(o_ + i))); }
  HWY_INLINE void LastStep(std::size_t i, std::size_t count) {
    Take(hn::IfThenElseZero(hn::FirstN(D(), count), Mass(LoadFirst(o_ + i, count, 0))));
  }
  HWY_INLINE void EndBlock() {
    below_.EndBlock();
    maxima_.EndBlock();
  }
  HWY_INLINE double Others() { return below_.Total() + (maxima_.Total() - 1) * maximum_; }

 private:
  HWY_INLINE V Mass(V o) const { return kClips ? Clamped(o, low_, high_) : o; }
  HWY_INLINE void Take(V mass) {
    const M is_maximum = hn::Eq(mass, Constant(maximum_));
    below_.Add(hn::IfThenZeroElse(is_maximum, mass));
    maxima_.Add(hn::IfThenElseZero(is_maximum, Constant(1)));
  }
  const float* o_;
  double maximum_, low_, high_;
  BlockedSum below_, maxima_;
};

/// What a row's logarithms are measured from. `is_plain_case` is false where only careful::loss will do.
struct RowOrigin {
  double maximum = 1;
  double offset = 0;
  bool is_plain_case = true;
};

template <Probabilities kKind>
HWY_INLINE RowOrigin OriginOf(const LossTask& task, const float* o, std::size_t n) {
  if (kKind == Probabilities::plain) return {};
  if (kKind == Probabilities::from_logits) {
    const LogitRow row = ReduceLogits(o, n);
    return {row.maximum, row.log_of_sum, row.others < kInfinity};
  }
  constexpr bool kClips = kKind == Probabilities::clipped_normalised;
  double maximum = RowMaximum(o, n);
  bool is_plain_case = true;
  if (kClips) {
    maximum = HWY_MIN(HWY_MAX(maximum, task.clip_low), task.clip_high);
  } else {
    is_plain_case = RowMinimum(o, n) >= 0 && (kKind == Probabilities::normalised_clipped || maximum <= 1);
  }
  MassPass<kClips> pass(o, maximum, task.clip_low, task.clip_high);
  Walk(pass, n);
  const double offset = Log1pOf(pass.Others() / maximum);
  return {maximum, offset, is_plain_case && offset < kInfinity};
}

/// distance_i of the values of a row; all of -ln p_i where the clip comes last.
template <Probabilities kKind>
HWY_INLINE V Distance(const LossTask& task, const RowOrigin& origin, V o) {
  if (kKind == Probabilities::from_logits) return hn::Sub(Constant(origin.maximum), o);
  if (kKind == Probabilities::plain) return hn::Neg(Log(o));
  if (kKind == Probabilities::clipped_normalised) o = Clamped(o, task.clip_low, task.clip_high);
  const V distance = hn::Neg(Log(hn::Div(o, Constant(origin.maximum))));
  if (kKind != Probabilities::normalised_clipped) return distance;
  return Clamped(hn::Add(distance, Constant(origin.offset)), task.clip_high_surprise, task.clip_low_surprise);
}

/// Σ c_i distance_i and Σ c_i, with their magnitudes.
template <Probabilities kKind>
class EntropyPass {
 public:
  HWY_INLINE EntropyPass(const LossTask& task, const RowOrigin& origin, const float* o, const float* target)
      : task_(task), origin_(origin), o_(o), target_(target) {}

  HWY_INLINE void Step(std::size_t i) {
    const V weight = task_.class_weights == nullptr ? Constant(1) : LoadFloats(task_.class_weights + i);
    const V target = target_ == nullptr ? hn::Zero(D()) : LoadFloats(target_ + i);
    Take(LoadFloats(o_ + i), target, weight);
  }
  HWY_INLINE void LastStep(std::size_t i, std::size_t count) {
    const M is_class = hn::FirstN(D(), count);
    const V weight = task_.class_weights == nullptr ? hn::IfThenElseZero(is_class, Constant(1))
                                                    : LoadFirst(task_.class_weights + i, count, 0);
    const V target = target_ == nullptr ? hn::Zero(D()) : LoadFirst(target_ + i, count, 0);
    Take(LoadFirst(o_ + i, count, static_cast<float>(origin_.maximum)), target, weight);
  }
  HWY_INLINE void EndBlock() {
    by_distance_.EndBlock();
    by_distance_magnitude_.EndBlock();
    coefficients_.EndBlock();
    coefficients_magnitude_.EndBlock();
  }

  /// With the label's own term of a sparse loss, if there is one: `extra` times a distance.
  HWY_INLINE Estimate Total(double extra, double extra_distance) {
    const double offset = kKind == Probabilities::normalised_clipped ? 0 : origin_.offset;
    const double own = extra == 0 ? 0 : extra * (extra_distance + offset);
    return {by_distance_.Total() + coefficients_.Total() * offset + own,
            by_distance_magnitude_.Total() + coefficients_magnitude_.Total() * offset + HWY_MAX(own, -own)};
  }

 private:
  HWY_INLINE void Take(V o, V target, V weight) {
    const V share = Constant(task_.share);
    const V keep = Constant(task_.keep);
    const V c = hn::Mul(weight, hn::MulAdd(keep, target, share));
    const V c_magnitude = hn::Mul(hn::Abs(weight), hn::MulAdd(keep, hn::Abs(target), share));
    const V distance = Distance<kKind>(task_, origin_, o);
    // 0 * inf is 0 here, but a NaN, or a plain probability above 1, is not let through by a target of 0.
    const M is_distance = hn::Ge(distance, Constant(0));
    const V product = hn::IfThenZeroElse(hn::Eq(c, Constant(0)), hn::Mul(c, distance));
    const V product_magnitude = hn::IfThenZeroElse(hn::Eq(c_magnitude, Constant(0)), hn::Mul(c_magnitude, distance));
    by_distance_.Add(hn::IfThenElse(is_distance, product, Constant(kNaN)));
    by_distance_magnitude_.Add(product_magnitude);
    coefficients_.Add(c);
    coefficients_magnitude_.Add(c_magnitude);
  }

  const LossTask& task_;
  const RowOrigin& origin_;
  const float* o_;
  const float* target_;
  BlockedSum by_distance_, by_distance_magnitude_, coefficients_, coefficients_magnitude_;
};

/// One row's loss.
template <Probabilities kKind>
HWY_INLINE Estimate EstimateEntropy(const LossTask& task, const float* o, const float* target, std::int64_t label) {
  const std::size_t n = task.rows.classes;
  const RowOrigin origin = OriginOf<kKind>(task, o, n);
  if (!origin.is_plain_case || !task.finite_class_weights) return {kNaN, kNaN};
  if (target != nullptr) {
    EntropyPass<kKind> pass(task, origin, o, target);
    Walk(pass, n);
    return pass.Total(0, 0);
  }
  const double weight = task.class_weights == nullptr ? 1 : task.class_weights[label];
  const double distance = hn::GetLane(Distance<kKind>(task, origin, Constant(o[label])));
  if (task.smoothing == 0) {
    const double loss = weight == 0 ? 0 : weight * (distance + origin.offset);
    return {loss, HWY_MAX(loss, -loss)};
  }
  EntropyPass<kKind> pass(task, origin, o, nullptr);
  Walk(pass, n);
  return pass.Total(weight * task.keep, distance);
}

/// Σ w_i t_i and its magnitude.
class WeightPass {
 public:
  HWY_INLINE WeightPass(const float* weights, const float* target) : weights_(weights), target_(target) {}
  HWY_INLINE void Step(std::size_t i) { Take(LoadFloats(weights_ + i), LoadFloats(target_ + i)); }
  HWY_INLINE void LastStep(std::size_t i, std::size_t count) {
    Take(LoadFirst(weights_ + i, count, 0), LoadFirst(target_ + i, count, 0));
  }
  HWY_INLINE void EndBlock() {
    sum_.EndBlock();
    magnitude_.EndBlock();
  }
  HWY_INLINE Estimate Total() { return {sum_.Total(), magnitude_.Total()}; }

 private:
  HWY_INLINE void Take(V weight, V target) {
    const V product = hn::Mul(weight, target);
    sum_.Add(product);
    magnitude_.Add(hn::Abs(product));
  }
  const float* weights_;
  const float* target_;
  BlockedSum sum_, magnitude_;
};

HWY_INLINE Estimate EstimateWeight(const LossTask& task, const float* target, std::int64_t label) {
  if (!task.needs_weights) return {1, 1};
  if (target == nullptr) {
    const double weight = task.class_weights[label];
    return {weight, HWY_MAX(weight, -weight)};
  }
  WeightPass pass(task.class_weights, target);
  Walk(pass, task.rows.classes);
  return pass.Total();
}

/// The losses of a batch; rows whose label is no class are passed over.
template <Probabilities kKind>
HWY_INLINE void EstimateRows(const LossTask& task, const RowBatch& batch, LossEstimate* out) {
  const std::size_t n = task.rows.classes;
  for (std::size_t r = 0; r < batch.count; ++r) {
    const float* o = batch.output + r * n;
    const float* target = batch.target == nullptr ? nullptr : batch.target + r * n;
    const std::int64_t label = batch.labels == nullptr ? 0 : batch.labels[r];
    if (batch.labels != nullptr && !is_class(label, n)) continue;
    out[r].loss = EstimateEntropy<kKind>(task, o, target, label);
    out[r].weight = EstimateWeight(task, target, label);
  }
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
