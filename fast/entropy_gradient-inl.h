// The row kernel of the cross-entropies' gradients in double lanes, in the form of careful_derivative.hpp: masses u_i
// with the sum S, coefficients c_i = w_i (keep t_i + share) with the sum C, and u_i C / S - c_i, from probabilities
// divided by u_i.
//
// Of a class with the largest mass, u C_others - c S_others is taken instead. Every other class has at most half of S,
// so with targets that are not negative only a target near its probability cancels. As everywhere, the magnitudes tell.
//
// With d_i = m - x_i, e^-d_i is good to 2^-51 + 2^-53 d_i: the difference is rounded once. In S that is weighted by the
// masses, of which d_i is at most ln n on average: 2^-48.2 for any n. The sums S and C add 2^-48.6 each, the last steps
// 2^-51 in all. So u_i C / S is good to 2^-46.5 (1 + d_i / 64), c_i to 2^-52. Of the class with the largest mass, S_others
// may lie far away as a whole: d is below 312 where it can count (by the bound on the factor), so it takes 8 times as much.
#if defined(LOSSAUDIT_FAST_ENTROPY_GRADIENT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_ENTROPY_GRADIENT_INL_H_
#undef LOSSAUDIT_FAST_ENTROPY_GRADIENT_INL_H_
#else
#define LOSSAUDIT_FAST_ENTROPY_GRADIENT_INL_H_
#endif

#include "fast/gradient_lanes-inl.h"
#include "fast/gradient_passes-inl.h"
#include "fast/loss_gradient.hpp"
#include "fast/row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// Where the first x_i that equals `value` stands; n if there is none.
HWY_INLINE std::size_t IndexOf(const float* x, std::size_t n, float value) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto sought = hn::Set(d, value);
  std::size_t i = 0;
  while (i + lanes <= n && hn::AllFalse(d, hn::Eq(hn::LoadU(d, x + i), sought))) i += lanes;
  while (i < n && x[i] != value) ++i;
  return i;
}

/// One row: its tensors, and what it is reduced to.
template <Probabilities kKind>
class GradientRow {
 public:
  static constexpr bool kFromLogits = kKind == Probabilities::from_logits;
  static constexpr bool kClips = kKind == Probabilities::clipped_normalised;
  static constexpr bool kClipsShares = kKind == Probabilities::normalised_clipped;

  GradientRow(const GradientTask& task, const float* output, const float* target, std::int64_t label, double factor)
      : task_(task), o_(output), target_(target), label_(label), factor_(factor) {}

  /// Reduces the row; false where only careful::complete_gradient will do.
  HWY_INLINE bool Reduce() {
    const std::size_t n = task_.rows.classes;
    if (!task_.finite_class_weights || !(HWY_MAX(factor_, -factor_) < kInfinity)) return false;
    if (!ReduceMasses(n)) return false;
    GradientCoefficientPass pass(*this);
    if (has_coefficients()) WalkOthers(pass, n);
    others_of_sum_ = pass.Total();
    if (!pass.IsFinite() || pass.IsNearAnEnd() || IsNearAnEnd(Constant(largest_ < n ? o_[largest_] : 1))) return false;
    if (target_ == nullptr && static_cast<std::size_t>(label_) != largest_) Add(others_of_sum_, CountedAt(label_));
    sum_ = others_of_sum_;
    if (largest_ < n) Add(sum_, CountedAt(largest_));
    const double all = sum_.magnitude + (kKind == Probabilities::plain ? 0 : CoefficientAt(largest_).magnitude);
    return HWY_MAX(factor_, -factor_) * all < GradientTask::extreme;
  }

  /// Writes the gradient, with NaN in what is not to be trusted; true if there is none.
  HWY_INLINE bool Write(float* gradient) const {
    const std::size_t n = task_.rows.classes;
    const std::size_t lanes = hn::Lanes(D());
    const V factor = Constant(factor_);
    M trusted = hn::Eq(factor, factor);
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes) {
      const GradientLanes value = Of(LoadFloats(o_ + i), CoefficientsFrom(i));
      trusted = hn::And(trusted, value.IsTrusted(factor));
      StoreFloats(value.Trusted(factor), gradient + i);
    }
    if (i < n) {
      const LastPart part(i, n - i, 0);
      const GradientLanes value = Of(part.Load(o_, o_[i]), CoefficientsOf(part));
      trusted = hn::And(trusted, hn::Or(value.IsTrusted(factor), hn::Not(part.mask)));
      StoreFirst(value.Trusted(factor), gradient + i, n - i);
    }
    bool all = hn::AllTrue(D(), trusted);
    // The two classes that stand apart.
    if (target_ == nullptr) all = WriteOne(static_cast<std::size_t>(label_), gradient) && all;
    if (largest_ < n) all = WriteOne(largest_, gradient) && all;
    return all;
  }

  [[nodiscard]] const float* output() const { return o_; }

  HWY_INLINE V MassOf(V o) const {
    if (kFromLogits) return ExpNonPositive(hn::Sub(o, Constant(maximum_)));
    return kClips ? Clamped(o, task_.clip_low, task_.clip_high) : o;
  }

  /// c_i of the lanes from class i on, and of a part of the last ones.
  HWY_INLINE Coefficients CoefficientsFrom(std::size_t i) const {
    return CoefficientOf(target_ == nullptr ? hn::Zero(D()) : LoadFloats(target_ + i),
                         task_.class_weights == nullptr ? Constant(1) : LoadFloats(task_.class_weights + i));
  }
  HWY_INLINE Coefficients CoefficientsOf(const LastPart& part) const {
    return CoefficientOf(target_ == nullptr ? hn::Zero(D()) : part.Load(target_, 0),
                         task_.class_weights == nullptr ? Constant(1) : part.Load(task_.class_weights, 0));
  }
  /// The classes that no clip stops.
  HWY_INLINE M IsActive(V o) const {
    if (kClips) return hn::And(hn::Ge(o, Constant(task_.clip_low)), hn::Le(o, Constant(task_.clip_high)));
    if (kClipsShares) return hn::And(hn::Ge(o, Constant(share_low_)), hn::Le(o, Constant(share_high_)));
    return hn::Eq(o, o);
  }
  /// The classes of which a share's double does not tell whether the clip stops it.
  HWY_INLINE M NearAnEnd(V o) const {
    const V low = Constant(share_low_);
    const M near_low = hn::Lt(hn::Abs(hn::Sub(o, low)), hn::Mul(Constant(0x1p-40), low));
    if (!(share_high_ < kInfinity)) return near_low;
    const V high = Constant(share_high_);
    return hn::Or(near_low, hn::Lt(hn::Abs(hn::Sub(o, high)), hn::Mul(Constant(0x1p-40), high)));
  }

 private:
  /// All classes but the one with the largest mass.
  template <class Pass>
  HWY_INLINE void WalkOthers(Pass& pass, std::size_t n) const {
    WalkShortBlocks(pass, 0, largest_);
    if (largest_ < n) WalkShortBlocks(pass, largest_ + 1, n);
  }

  static HWY_INLINE void Add(Estimate& sum, const Estimate& term) {
    sum.value += term.value;
    sum.magnitude += term.magnitude;
  }

  /// Whether classes other than the label have one, or a clip needs to look at every class.
  [[nodiscard]] HWY_INLINE bool has_coefficients() const {
    return target_ != nullptr || task_.smoothing != 0 || kClipsShares;
  }

  HWY_INLINE bool ReduceMasses(std::size_t n) {
    if (kKind == Probabilities::plain) {
      largest_ = n;
      return RowMinimum(o_, n) >= 0 && RowMaximum(o_, n) <= 1 && !HasNaN(n);
    }
    maximum_ = RowMaximum(o_, n);
    if (kFromLogits) {
      if (!(HWY_MAX(maximum_, -maximum_) < kInfinity)) return false;
      mass_of_largest_ = 1;
    } else {
      mass_of_largest_ = kClips ? HWY_MIN(HWY_MAX(maximum_, task_.clip_low), task_.clip_high) : maximum_;
      if (!kClips && !(RowMinimum(o_, n) >= 0 && (kClipsShares || maximum_ <= 1))) return false;
    }
    largest_ = IndexOf(o_, n, static_cast<float>(maximum_));
    if (largest_ == n) return false;
    GradientMassPass pass(*this);
    WalkOthers(pass, n);
    others_of_mass_ = pass.Total();
    total_ = mass_of_largest_ + others_of_mass_;
    if (!(total_ > 0 && total_ < kInfinity)) return false;
    share_low_ = task_.clip_low * total_;
    share_high_ = task_.clip_high < 1 ? task_.clip_high * total_ : kInfinity;
    return true;
  }

  [[nodiscard]] HWY_INLINE bool HasNaN(std::size_t n) const {
    for (std::size_t i = 0; i < n; ++i) {
      if (o_[i] != o_[i]) return true;
    }
    return false;
  }

  HWY_INLINE Coefficients CoefficientOf(V target, V weight) const {
    const V keep = Constant(task_.keep);
    const V share = Constant(task_.share);
    return {hn::Mul(weight, hn::MulAdd(keep, target, share)),
            hn::Mul(hn::Abs(weight), hn::MulAdd(keep, hn::Abs(target), share))};
  }
  HWY_INLINE Estimate CoefficientAt(std::size_t i) const {
    const double t = target_ != nullptr ? target_[i] : static_cast<std::size_t>(label_) == i ? 1 : 0;
    const Coefficients c = CoefficientOf(Constant(t), Constant(task_.class_weight(i)));
    return {hn::GetLane(c.value), hn::GetLane(c.magnitude)};
  }
  /// What the pass has left out of the sum of the coefficients.
  HWY_INLINE Estimate CountedAt(std::size_t i) const {
    if (kClipsShares && !hn::AllTrue(D(), IsActive(Constant(o_[i])))) return {0, 0};
    Estimate c = CoefficientAt(i);
    if (i == largest_ || task_.smoothing == 0) return c;
    // The label's own share is in the sum already.
    const double weight = task_.class_weight(i);
    return {weight * task_.keep, HWY_MAX(weight, -weight) * task_.keep};
  }

  HWY_INLINE bool IsNearAnEnd(V o) const { return kClipsShares && !hn::AllFalse(D(), NearAnEnd(o)); }

  /// The derivative from u C / S - c, and from probabilities divided by u.
  HWY_INLINE GradientLanes Of(V o, const Coefficients& c) const {
    const V ratio = Constant(sum_.value / total_);
    const V ratio_magnitude = Constant(sum_.magnitude / total_);
    if (kFromLogits) {
      const V u = MassOf(o);
      const V distance = hn::Min(hn::Sub(Constant(maximum_), o), Constant(1024));  // u is 0 beyond
      const V spread = hn::Mul(u, hn::MulAdd(distance, Constant(0x1p-6), Constant(1)));
      return {hn::MulSub(u, ratio, c.value), hn::MulAdd(spread, ratio_magnitude, c.magnitude)};
    }
    // A coefficient of 0 has no pole, and no magnitude either; a clip of the shares stops it alone.
    M is_nothing = hn::Eq(c.magnitude, hn::Zero(D()));
    if (kClipsShares) is_nothing = hn::Or(is_nothing, hn::Not(IsActive(o)));
    const V quotient = hn::IfThenZeroElse(is_nothing, hn::Div(c.value, o));
    const V quotient_magnitude = hn::IfThenZeroElse(is_nothing, hn::Abs(hn::Div(c.magnitude, o)));
    GradientLanes lanes(hn::Sub(ratio, quotient), hn::Add(ratio_magnitude, quotient_magnitude));
    if (kClips) {
      const M active = IsActive(o);
      lanes.value = hn::IfThenElseZero(active, lanes.value);
      lanes.magnitude = hn::IfThenElseZero(active, lanes.magnitude);
    }
    return lanes;
  }

  /// Element i by itself: the label has its own coefficient, the largest mass its own formula.
  HWY_INLINE bool WriteOne(std::size_t i, float* gradient) const {
    Estimate c = CoefficientAt(i);
    GradientLanes lanes = Of(Constant(o_[i]), {Constant(c.value), Constant(c.magnitude)});
    const bool is_active = hn::AllTrue(D(), IsActive(Constant(o_[i])));
    if (i == largest_ && (is_active || kClipsShares)) {
      if (!is_active) c = {0, 0};
      const double u = mass_of_largest_;
      const double divisor = kFromLogits ? total_ : total_ * u;
      const double magnitude = u * others_of_sum_.magnitude + c.magnitude * others_of_mass_;
      lanes = GradientLanes(Constant((u * others_of_sum_.value - c.value * others_of_mass_) / divisor),
                            Constant(8 * magnitude / divisor));
    }
    const V factor = Constant(factor_);
    gradient[i] = static_cast<float>(hn::GetLane(lanes.Trusted(factor)));
    return hn::AllTrue(D(), lanes.IsTrusted(factor));
  }

  const GradientTask& task_;
  const float* o_;
  const float* target_;
  std::int64_t label_;
  double factor_;
  std::size_t largest_ = 0;
  double maximum_ = 0, mass_of_largest_ = 0, others_of_mass_ = 0;
  double total_ = 1;
  double share_low_ = 0, share_high_ = 0;
  Estimate sum_, others_of_sum_;
};

template <Probabilities kKind>
HWY_INLINE void GradientRowsOf(const GradientTask& task, const GradientBatch& batch) {
  const std::size_t n = task.rows.classes;
  for (std::size_t r = 0; r < batch.count; ++r) {
    const std::size_t row = batch.first + r;
    float* gradient = batch.gradient + r * n;
    const std::int64_t label = batch.labels == nullptr ? 0 : batch.labels[r];
    const float* target = batch.target == nullptr ? nullptr : batch.target + r * n;
    batch.is_complete[r] = 0;
    if (task.ignores(row) || (batch.labels != nullptr && !is_class(label, n))) continue;
    GradientRow<kKind> gradient_row(task, batch.output + r * n, target, label, task.factor(row));
    if (gradient_row.Reduce()) {
      batch.is_complete[r] = gradient_row.Write(gradient) ? 1 : 0;
    } else {
      for (std::size_t i = 0; i < n; ++i) gradient[i] = static_cast<float>(kNaN);
    }
  }
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
