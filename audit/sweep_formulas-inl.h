// The formulas of sweeps that the bulk oracle has not, or not so that all can be told of their results.
#if defined(LOSSAUDIT_AUDIT_SWEEP_FORMULAS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_AUDIT_SWEEP_FORMULAS_INL_H_
#undef LOSSAUDIT_AUDIT_SWEEP_FORMULAS_INL_H_
#else
#define LOSSAUDIT_AUDIT_SWEEP_FORMULAS_INL_H_
#endif

#include "audit/sweep_judge.hpp"
#include "reference/bulk/functions-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
namespace bulk = lossaudit::bulk::HWY_NAMESPACE;
using bulk::Constant;
using bulk::D;
using bulk::M;
using bulk::V;

/// max(x, 0) and its derivative, which round nothing.
struct ReluOf {
  template <class N>
  HWY_INLINE bulk::Enclosed<N> operator()(N /*type*/, V x, V /*target*/) const {
    return {N::Of(hn::Max(x, hn::Zero(D()))), bulk::Unknown(x)};
  }
};
struct ReluDerivative {
  template <class N>
  HWY_INLINE bulk::Enclosed<N> operator()(N /*type*/, V x, V /*target*/) const {
    return {N::Of(hn::IfThenElseZero(hn::Gt(x, hn::Zero(D())), Constant(1))), bulk::Unknown(x)};
  }
};

/// The power of two of a double in the normal range.
HWY_INLINE V PowerWithin(V x) {
  const hn::RebindToUnsigned<D> du;
  return hn::BitCast(D(), hn::And(hn::BitCast(du, x), hn::Set(du, 0x7ff0000000000000U)));
}

/// binary_crossentropy's derivative from logits at t = 1/2: tanh(x / 2) / 2, where sigmoid(x) and t cancel for half of all
/// floats x. For y = x / 2 below 2^-4 in size the terms of
///
///   tanh y = y (1 - y^2 / 3 + 2 y^4 / 15 - 17 y^6 / 315 + 62 y^8 / 2835 - 1382 y^10 / 155925 + ...)
///
/// alternate and fall, so the first left out bounds those left out: below 2^-46.8. The series is within 2^-8 of 1, and its
/// roundings and the product's are below 2^-51. Claimed: 2^-45.
struct EvenOddsDerivative {
  template <class N>
  HWY_INLINE bulk::Enclosed<N> operator()(N type, V x, V target) const {
    bulk::Enclosed<N> result = bulk::BinaryCrossentropyDerivative()(type, x, target);
    const V y = hn::Mul(x, Constant(0.5));
    const V square = hn::Mul(y, y);
    V series = hn::MulAdd(square, Constant(62.0 / 2835), Constant(-17.0 / 315));
    series = hn::MulAdd(square, series, Constant(2.0 / 15));
    series = hn::MulAdd(square, series, Constant(-1.0 / 3));
    series = hn::MulAdd(square, series, Constant(1));
    const V value = hn::Mul(hn::Mul(y, Constant(0.5)), series);
    const M is_near = hn::Lt(hn::Abs(y), Constant(0x1p-4));
    result.value = IfThenElse(is_near, N::Of(value), result.value);
    result.radius = hn::IfThenElse(is_near, hn::Mul(hn::Abs(value), Constant(0x1p-45)), result.radius);
    return result;
  }
};

/// binary_crossentropy from logits in the formats of 16 bits. A sum of short numbers often lies in the middle between two
/// results there, and what is added to it tells which is nearer, however small it is. For finite x the result is
///
/// - forward: above c |x|, c = 1 − t for x ≥ 0, else t, for ln(1 + e^-|x|) is added to it;
/// - of the derivative, sigmoid(x) − t: below 1 − t, above −t, and on x's side of 1/2 − t.
///
/// Let L be that number, computed without a rounding, and edge 2^-40 of its power of two. Where v is within edge / 2 of L, and
/// so is the result of v, that is within edge of L, and lies strictly between L and L ± 2 edge. Claimed: within edge of
/// L ± edge, where that is a double.
template <class Formula, bool kIsSlope>
struct TieBroken {
  template <class N>
  HWY_INLINE bulk::Enclosed<N> operator()(N type, V x, V t) const {
    bulk::Enclosed<N> y = Formula()(type, x, t);
    const V zero = hn::Zero(D());
    const V one = Constant(1);
    const M right = hn::Ge(x, zero);
    const bulk::ExactSum rest = bulk::TwoDifference(one, t);
    V sum, lost, side;
    if (kIsSlope) {
      const M middle = hn::Lt(hn::Abs(x), Constant(0x1p-20));
      const bulk::ExactSum half = bulk::TwoDifference(Constant(0.5), t);
      sum = hn::IfThenElse(middle, half.hi, hn::IfThenElse(right, rest.hi, hn::Neg(t)));
      lost = hn::IfThenElse(middle, half.lo, hn::IfThenElseZero(right, rest.lo));
      side = hn::IfThenElse(middle, x, hn::IfThenElse(right, hn::Neg(one), one));
    } else {
      const bulk::ExactSum product = bulk::TwoProduct(hn::IfThenElse(right, rest.hi, t), hn::Abs(x));
      sum = product.hi;
      lost = hn::Or(product.lo, hn::IfThenElseZero(right, rest.lo));
      side = one;
    }
    const V edge = hn::Mul(PowerWithin(sum), Constant(0x1p-40));
    const V beside = hn::Add(sum, hn::CopySignToAbs(edge, side));
    const V near = hn::Mul(edge, Constant(0.5));
    const M holds = hn::And(hn::Le(hn::Abs(hn::Sub(y.value.v, sum)), near), hn::Le(y.radius, near));
    const M is_exact = hn::And(hn::Eq(lost, zero), hn::Eq(hn::Abs(hn::Sub(beside, sum)), edge));
    const M told = hn::And(hn::And(holds, is_exact), hn::And(hn::Ne(x, zero), hn::Gt(edge, Constant(0x1p-900))));
    y.value.v = hn::IfThenElse(told, beside, y.value.v);
    y.radius = hn::IfThenElse(told, edge, y.radius);
    return y;
  }
};

/// binary_crossentropy from probabilities at the output clipped to [low, high], where rounding leaves no bound below
/// (low = 0) or above (high = 1): at 0 and t = 0, and at 1 and t = 1, the terms are −1 ln 1 and −0 ln 0, which counts as 0.
/// (Other targets have a pole there: SweepDomain.)
struct HalfClipped {
  double low, high;
  template <class N>
  HWY_INLINE bulk::Enclosed<N> operator()(N type, V x, V t) const {
    bulk::Enclosed<N> y = bulk::Clipped<bulk::ProbableCrossentropyOf, false>{low, high}(type, x, t);
    const V p = hn::Min(hn::Max(x, Constant(low)), Constant(high));
    const M is_end = hn::Or(hn::Eq(p, hn::Zero(D())), hn::Eq(p, Constant(1)));
    const M is_finite = hn::Eq(bulk::Unknown(x), hn::Zero(D()));
    const M is_zero = hn::And(hn::And(is_end, hn::Eq(p, t)), is_finite);
    y.value = IfThenElse(is_zero, N::Of(0.0), y.value);
    y.radius = hn::IfThenZeroElse(is_zero, y.radius);
    return y;
  }
};

}  // namespace lossaudit::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
