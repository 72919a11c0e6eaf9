// The derivative of the binary loss in double lanes, with every option.
#if defined(LOSSAUDIT_FAST_BINARY_GRADIENT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_BINARY_GRADIENT_INL_H_
#undef LOSSAUDIT_FAST_BINARY_GRADIENT_INL_H_
#else
#define LOSSAUDIT_FAST_BINARY_GRADIENT_INL_H_
#endif

#include "fast/careful_gradient.hpp"
#include "fast/exp-inl.h"
#include "fast/gradient_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// The derivative of w t' (-ln p) + (1 - t') (-ln(1 - p)), with c = w t' and d = 1 - t':
///
///   from logits          (d e^-[x<0] - c e^-[x>0]) / (1 + e), e = e^-abs(x): the exponential is beside one of the two
///   from probabilities   ((c + d) p - c) / (p (1 - p)); without its term, where c or d is 0, d / (1 - p) or -c / p
///
/// p (1 - p) has three roundings for any float p, and p - t one. c and d are those of BinaryTerms; the magnitudes tell
/// where they, or the difference, cancelled.
template <Probabilities kKind, bool kPlain>
class BinaryDerivative {
 public:
  HWY_INLINE explicit BinaryDerivative(const GradientTask& task) : task_(task) {}

  HWY_INLINE V Whole(std::size_t i) const {
    V upstream = Constant(1);
    if (task_.upstream != nullptr) {
      upstream = task_.reduces ? Constant(task_.upstream[0]) : LoadFloats(task_.upstream + i);
    }
    const V s = task_.sample_weights == nullptr ? Constant(1) : LoadFloats(task_.sample_weights + i);
    return Result(i, hn::Lanes(D()), LoadFloats(task_.target + i), LoadFloats(task_.output + i), Factor(upstream, s));
  }
  HWY_INLINE V First(std::size_t i, std::size_t count) const {
    V upstream = Constant(1);
    if (task_.upstream != nullptr) {
      upstream = task_.reduces ? Constant(task_.upstream[0]) : LoadFirst(task_.upstream + i, count, 1);
    }
    const V s = task_.sample_weights == nullptr ? Constant(1) : LoadFirst(task_.sample_weights + i, count, 1);
    return Result(i, count, LoadFirst(task_.target + i, count, 0), LoadFirst(task_.output + i, count, 0.5F),
                  Factor(upstream, s));
  }

 private:
  /// A coefficient and the magnitudes that it was added up from.
  struct Coefficient {
    V value, magnitude;
  };

  HWY_INLINE V Factor(V upstream, V s) const { return hn::Div(hn::Mul(upstream, s), Constant(task_.divisor)); }

  HWY_INLINE GradientLanes Of(V target, V output) const {
    Coefficient c = {target, hn::Abs(target)};
    const V rest = hn::Sub(Constant(1), target);
    Coefficient d = {rest, hn::Abs(rest)};
    if (!kPlain) {
      const V keep = Constant(task_.keep);
      const V share = Constant(task_.share);
      const V weight = Constant(task_.pos_weight);
      c.value = hn::Mul(weight, hn::MulAdd(keep, c.value, share));
      c.magnitude = hn::Mul(hn::Abs(weight), hn::MulAdd(keep, c.magnitude, share));
      d.value = hn::MulAdd(keep, d.value, share);
      d.magnitude = hn::MulAdd(keep, d.magnitude, share);
    }
    GradientLanes lanes =
        kKind == Probabilities::from_logits ? FromLogits(output, c, d) : FromProbabilities(output, c, d);
    if (kPlain && kKind == Probabilities::from_logits) KeepEvenOdds(target, output, lanes);
    if (kPlain || task_.pos_weight == 1) {
      // The one exact 0 that is no accident: t = p = 1/2.
      const V half = Constant(0.5);
      const V even = kKind == Probabilities::from_logits ? hn::Zero(D()) : half;
      const M is_even = hn::And(hn::Eq(target, half), hn::Eq(output, even));
      lanes.value = hn::IfThenZeroElse(is_even, lanes.value);
      lanes.magnitude = hn::IfThenZeroElse(is_even, lanes.magnitude);
    }
    return lanes;
  }

  /// Of t = 1/2 it is tanh(x / 2) / 2, where e and 1 cancel for half of all floats x. For y = x / 2 below 2^-4 in size,
  /// tanh y = y (1 - y^2 / 3 + 2 y^4 / 15 - 17 y^6 / 315 + ...), whose next term, 62 y^8 / 2835, is below 2^-37.
  static HWY_INLINE void KeepEvenOdds(V target, V x, GradientLanes& lanes) {
    const V half = Constant(0.5);
    const M is_near = hn::And(hn::Eq(target, half), hn::Lt(hn::Abs(x), Constant(0.125)));
    if (HWY_LIKELY(hn::AllFalse(D(), is_near))) return;
    const V y = hn::Mul(half, x);
    const V square = hn::Mul(y, y);
    V series = hn::MulAdd(square, Constant(-17.0 / 315), Constant(2.0 / 15));
    series = hn::MulAdd(square, series, Constant(-1.0 / 3));
    series = hn::MulAdd(square, series, Constant(1));
    const V value = hn::Mul(hn::Mul(half, y), series);
    lanes.value = hn::IfThenElse(is_near, value, lanes.value);
    lanes.magnitude = hn::IfThenElse(is_near, hn::Abs(value), lanes.magnitude);
  }

  static HWY_INLINE GradientLanes FromLogits(V x, const Coefficient& c, const Coefficient& d) {
    const V e = ExpNonPositive(hn::Neg(hn::Abs(x)));
    const M is_positive = hn::Gt(x, hn::Zero(D()));
    const V of_d = hn::IfThenElse(is_positive, Constant(1), e);
    const V of_c = hn::IfThenElse(is_positive, e, Constant(1));
    const V difference = hn::Sub(hn::Mul(of_d, d.value), hn::Mul(of_c, c.value));
    const V magnitude = hn::MulAdd(of_d, d.magnitude, hn::Mul(of_c, c.magnitude));
    return {hn::Div(difference, hn::Add(Constant(1), e)), magnitude};
  }

  HWY_INLINE GradientLanes FromProbabilities(V output, const Coefficient& c, const Coefficient& d) const {
    V p = output;
    if (kKind == Probabilities::clipped) {
      p = Clamped(p, task_.clip_low, task_.clip_high);
    } else {
      const M is_probability = hn::And(hn::Ge(p, hn::Zero(D())), hn::Le(p, Constant(1)));
      p = hn::IfThenElse(is_probability, p, Constant(kNaN));
    }
    p = hn::Abs(p);  // -0 would turn a pole's sign
    const V rest = hn::Sub(Constant(1), p);
    V numerator = hn::Sub(p, c.value);
    V magnitude = hn::Abs(numerator);  // p - t has no error but its rounding
    if (!kPlain) {
      numerator = hn::MulSub(hn::Add(c.value, d.value), p, c.value);
      magnitude = hn::MulAdd(hn::Add(c.magnitude, d.magnitude), p, c.magnitude);
    }
    V denominator = hn::Mul(p, rest);
    const M has_no_c = hn::Eq(c.magnitude, hn::Zero(D()));
    numerator = hn::IfThenElse(has_no_c, d.value, numerator);
    magnitude = hn::IfThenElse(has_no_c, d.magnitude, magnitude);
    denominator = hn::IfThenElse(has_no_c, rest, denominator);
    const M has_no_d = hn::Eq(d.magnitude, hn::Zero(D()));
    numerator = hn::IfThenElse(has_no_d, hn::Neg(c.value), numerator);
    magnitude = hn::IfThenElse(has_no_d, c.magnitude, magnitude);
    denominator = hn::IfThenElse(has_no_d, p, denominator);
    GradientLanes lanes(hn::Div(numerator, denominator), hn::Div(magnitude, denominator));
    if (kKind == Probabilities::clipped) {
      const M is_stopped = hn::Ne(p, output);
      const M is_number = hn::Eq(output, output);
      lanes.value = hn::IfThenZeroElse(hn::And(is_stopped, is_number), lanes.value);
      lanes.magnitude = hn::IfThenZeroElse(hn::And(is_stopped, is_number), lanes.magnitude);
    }
    return lanes;
  }

  /// The product with the factor; what is not to be trusted is computed with care.
  HWY_INLINE V Result(std::size_t i, std::size_t count, V target, V output, V factor) const {
    const GradientLanes lanes = Of(target, output);
    // What of the exponential a double flushes to 0 must not count either: see GradientTask::extreme.
    const V size = hn::Mul(hn::Abs(factor), hn::Add(hn::Abs(target), Constant(1)));
    const M is_moderate = hn::Lt(size, Constant(GradientTask::extreme * 0x1p-128));
    // What is no output has no gradient, whatever its factor but 0.
    M is_none = hn::IsNaN(output);
    if (kKind == Probabilities::plain) {
      is_none = hn::Not(hn::And(hn::Ge(output, hn::Zero(D())), hn::Le(output, Constant(1))));
    }
    is_none = hn::And(hn::And(is_none, hn::IsNaN(lanes.value)), hn::Ne(factor, hn::Zero(D())));
    const M is_trusted = hn::Or(hn::And(lanes.IsTrusted(factor), is_moderate), is_none);
    V result = hn::Mul(lanes.value, factor);
    if (HWY_LIKELY(hn::AllTrue(D(), is_trusted))) return result;
    HWY_ALIGN double values[hn::MaxLanes(D())];
    HWY_ALIGN double marks[hn::MaxLanes(D())];
    hn::Store(result, D(), values);
    hn::Store(hn::IfThenElseZero(is_trusted, Constant(1)), D(), marks);
    for (std::size_t j = 0; j < count; ++j) {
      if (marks[j] == 0) values[j] = careful::binary_gradient(task_, i + j);
    }
    return hn::Load(D(), values);
  }

  const GradientTask& task_;
};

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
