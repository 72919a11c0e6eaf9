// The elementwise functions over either number type N (Single, Pair), each with its error bound.
//
// A bound is a relative one, put together from N's own: ε_e of exp, ε_l of ln(1 + y), ω of one + − × ÷. What is added
// up here is first order; every second-order term (below 2^-40 of the first) and the rounding of the radius itself are
// in `slack`. N::kFloor covers what underflows. Radii are strict: the real number lies inside, not on the edge.
#if defined(LOSSAUDIT_REFERENCE_BULK_FUNCTIONS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_REFERENCE_BULK_FUNCTIONS_INL_H_
#undef LOSSAUDIT_REFERENCE_BULK_FUNCTIONS_INL_H_
#else
#define LOSSAUDIT_REFERENCE_BULK_FUNCTIONS_INL_H_
#endif

#include "reference/bulk/pair-inl.h"
#include "reference/bulk/single-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::bulk::HWY_NAMESPACE {

inline constexpr double kSlack = 1 + 0x1p-6;

/// The real number lies within `radius` of `value`; a radius that is infinite or NaN says that nothing is known.
template <class N>
struct Enclosed {
  N value;
  V radius;
};

/// |value| · bound + what underflows.
template <class N>
HWY_INLINE V RadiusOf(V magnitude, double bound) {
  return hn::MulAdd(hn::Abs(magnitude), Constant(bound * kSlack), Constant(N::kFloor));
}

/// 0 for a finite x, else NaN: what makes a radius unknown by addition.
HWY_INLINE V Unknown(V x) { return hn::Sub(x, x); }

/// Where the real number is known to be above c (side > 0), below it (side < 0) or c itself (side = 0), but so near that
/// an enclosure around c could not tell its ulp: there the enclosure becomes (c, c + 2 edge), its mirror image, or c. It
/// holds what the old one held on that side, as radii near c are below the edge.
template <class N>
HWY_INLINE void KeepToSide(Enclosed<N>& y, V c, V side, M where, double edge_size = N::kEdge) {
  const M near = hn::And(where, hn::Lt(hn::Abs(y.value.Above(c)), Constant(edge_size)));
  const V edge = hn::IfThenZeroElse(hn::Eq(side, hn::Zero(D())), Constant(edge_size));
  y.value = IfThenElse(near, N::Beside(c, hn::CopySignToAbs(edge, side)), y.value);
  y.radius = hn::IfThenElse(near, edge, y.radius);
}

/// e^-|x|.
template <class N>
HWY_INLINE N ExpOfMinusMagnitude(V x) {
  return ExpOf(N{}, ExactSum{hn::Neg(hn::Abs(x)), hn::Zero(D())});
}

/// What every sigmoid is known to do: 1/2 at 0, elsewhere strictly on x's side of it, and below 1.
template <class N>
HWY_INLINE void KeepToSigmoid(Enclosed<N>& y, V x, M where) {
  const V toward_half = hn::Sub(Constant(0.75), y.value.High());
  const M upper = hn::Lt(toward_half, hn::Zero(D()));
  KeepToSide(y, hn::IfThenElse(upper, Constant(1), Constant(0.5)), hn::IfThenElse(upper, Constant(-1), x), where);
}

/// 1 / (1 + e) or e / (1 + e), e = e^-|x|: e's error enters with a factor 1 / (1 + e) or −e / (1 + e), and there are
/// two operations: ε_e + 2 ω.
struct SigmoidOf {
  static constexpr bool kTakesTarget = false;
  template <class N>
  HWY_INLINE Enclosed<N> operator()(N /*type*/, V x, V /*target*/) const {
    const N e = ExpOfMinusMagnitude<N>(x);
    const N s = IfThenElse(hn::Lt(x, hn::Zero(D())), e, N::Of(1)) / (N::Of(1) + e);
    Enclosed<N> y{s, RadiusOf<N>(s.High(), N::kExp + 2 * N::kArithmetic)};
    KeepToSigmoid(y, x, hn::Eq(x, x));
    y.radius = hn::Add(y.radius, Unknown(x));
    return y;
  }
};

/// s (1 − s) = e / (1 + e)²: e's error enters with a factor (1 − e) / (1 + e), two sums count as one operation each, the
/// product and the quotient one each: ε_e + 4 ω. 1/4 at 0, less elsewhere.
struct SigmoidDerivative {
  static constexpr bool kTakesTarget = false;
  template <class N>
  HWY_INLINE Enclosed<N> operator()(N /*type*/, V x, V /*target*/) const {
    const N e = ExpOfMinusMagnitude<N>(x);
    const N sum = N::Of(1) + e;
    const N s = e / (sum * sum);
    Enclosed<N> y{s, RadiusOf<N>(s.High(), N::kExp + 4 * N::kArithmetic)};
    KeepToSide(y, Constant(0.25), hn::Neg(hn::Abs(x)), hn::Eq(x, x));
    y.radius = hn::Add(y.radius, Unknown(x));
    return y;
  }
};

/// ln(1 + e^-|x|): the condition of ln(1 + y) in y is at most 1, so ε_e + ε_l.
template <class N>
HWY_INLINE N SoftplusTail(V x) {
  return Log1pOf(ExpOfMinusMagnitude<N>(x));
}
template <class N>
inline constexpr double kTail = N::kExp + N::kLog1p;

/// max(x, 0) + the tail, neither negative: the tail's bound and one operation.
struct SoftplusOf {
  static constexpr bool kTakesTarget = false;
  template <class N>
  HWY_INLINE Enclosed<N> operator()(N /*type*/, V x, V /*target*/) const {
    const N y = N::Of(hn::Max(x, hn::Zero(D()))) + SoftplusTail<N>(x);
    return {y, hn::Add(RadiusOf<N>(y.High(), kTail<N> + N::kArithmetic), Unknown(x))};
  }
};

/// Mirrored: function(−x), or its negative.
template <class Function, bool kNegate>
struct Mirrored {
  static constexpr bool kTakesTarget = Function::kTakesTarget;
  template <class N>
  HWY_INLINE Enclosed<N> operator()(N type, V x, V target) const {
    Enclosed<N> y = Function()(type, hn::Neg(x), target);
    if (kNegate) y.value = -y.value;
    return y;
  }
};
using LogSigmoidOf = Mirrored<SoftplusOf, true>;
using LogSigmoidDerivative = Mirrored<SigmoidOf, false>;

/// Where the formulas of logit hold.
HWY_INLINE M IsInnerProbability(V p) { return hn::And(hn::Ge(p, Constant(0x1p-1000)), hn::Lt(p, Constant(1))); }

/// Where 1 / p and its ratios leave both number types room.
HWY_INLINE M IsWellInside(V p) { return hn::And(hn::Ge(p, Constant(0x1p-590)), hn::Lt(p, Constant(1))); }

/// ln(p / (1 − p)): N's own bound. 0 at 1/2.
struct LogitOf {
  static constexpr bool kTakesTarget = false;
  template <class N>
  HWY_INLINE Enclosed<N> operator()(N type, V p, V /*target*/) const {
    const N y = LogOddsOf(type, p);
    const V radius = hn::IfThenZeroElse(hn::Eq(p, Constant(0.5)), RadiusOf<N>(y.High(), N::kLogOdds));
    return {y, hn::IfThenElse(IsInnerProbability(p), radius, Constant(kInfinity))};
  }
};

/// 1 / (p (1 − p)): three operations. Above 4, except at 1/2.
struct LogitDerivative {
  static constexpr bool kTakesTarget = false;
  template <class N>
  HWY_INLINE Enclosed<N> operator()(N /*type*/, V p, V /*target*/) const {
    const N y = N::Of(1) / (N::Difference(Constant(1), p) * p);
    const M known = IsWellInside(p);
    Enclosed<N> result{y, RadiusOf<N>(y.High(), 3 * N::kArithmetic)};
    KeepToSide(result, Constant(4), hn::Abs(hn::Sub(p, Constant(0.5))), known);
    result.radius = hn::IfThenElse(known, result.radius, Constant(kInfinity));
    return result;
  }
};

/// From logits: t softplus(−x) + (1 − t) softplus(x) = c |x| + tail with c = 1 − t for x ≥ 0, else t. c and its product
/// are one operation each on c |x|, the tail has its own bound, the sum is one more: ε_e + ε_l + 3 ω of |c| |x| + tail,
/// which is the result itself for t in [0, 1].
struct BinaryCrossentropyOf {
  static constexpr bool kTakesTarget = true;
  template <class N>
  HWY_INLINE Enclosed<N> operator()(N /*type*/, V x, V t) const {
    const N c = IfThenElse(hn::Ge(x, hn::Zero(D())), N::Difference(Constant(1), t), N::Of(t));
    const N linear = c * hn::Abs(x);
    const N tail = SoftplusTail<N>(x);
    const N y = linear + tail;
    const V magnitude = hn::Add(hn::Abs(linear.High()), tail.High());
    return {y, hn::Add(RadiusOf<N>(magnitude, kTail<N> + 3 * N::kArithmetic), hn::Add(Unknown(x), Unknown(t)))};
  }
};

/// (1 − t) sigmoid(x) − t sigmoid(−x) = (a − b) / (1 + e), e = e^-|x|: for x ≥ 0, a = 1 − t and b = t e; else a = (1 − t)
/// e and b = t. a and b are good to ε_e + 2 ω, their difference to ω of |a| + |b|, the sum 1 + e to ε_e / 2 + ω and the
/// quotient to ω: 1.5 ε_e + 5 ω of (|a| + |b|) / (1 + e); claimed, for the radius's own quotient: 2 ε_e + 6 ω. For hard
/// targets it is sigmoid(x) or −sigmoid(−x), and keeps to their sides.
struct BinaryCrossentropyDerivative {
  static constexpr bool kTakesTarget = true;
  template <class N>
  HWY_INLINE Enclosed<N> operator()(N /*type*/, V x, V t) const {
    const V zero = hn::Zero(D());
    const M right = hn::Ge(x, zero);
    const N e = ExpOfMinusMagnitude<N>(x);
    const N rest = N::Difference(Constant(1), t);
    const N a = IfThenElse(right, rest, rest * e);
    const N b = IfThenElse(right, e * t, N::Of(t));
    const N sum = N::Of(1) + e;
    const N slope = (a - b) / sum;
    const V magnitude = hn::Div(hn::Add(hn::Abs(a.High()), hn::Abs(b.High())), sum.High());
    Enclosed<N> y{slope, RadiusOf<N>(magnitude, 2 * N::kExp + 6 * N::kArithmetic)};
    const M one = hn::Eq(t, Constant(1));
    y.value = IfThenElse(one, -y.value, y.value);
    KeepToSigmoid(y, hn::IfThenElse(one, hn::Neg(x), x), hn::Or(one, hn::Eq(t, zero)));
    y.value = IfThenElse(one, -y.value, y.value);
    y.radius = hn::Add(y.radius, hn::Add(Unknown(x), Unknown(t)));
    return y;
  }
};

/// From probabilities, at p in [low, high]: t L(1 / p) + (1 − t) L(1 / (1 − p)) with L(1 / p) = ln(1 + (1 − p) / p), so no
/// logarithm is negative. 1 − p, its quotient with p and 1 − t are one operation each, the condition of ln(1 + y) in y is at
/// most 1: ε_l + 4 ω for each term with its product, and one sum: ε_l + 5 ω of |t| L + |1 − t| L.
struct ProbableCrossentropyOf {
  static constexpr bool kTakesTarget = true;
  template <class N>
  HWY_INLINE Enclosed<N> operator()(N /*type*/, V p, V t) const {
    const N rest = N::Difference(Constant(1), p);
    const N positive = Log1pOf(rest / N::Of(p)) * t;
    const N negative = Log1pOf(N::Of(p) / rest) * N::Difference(Constant(1), t);
    const V magnitude = hn::Add(hn::Abs(positive.High()), hn::Abs(negative.High()));
    const V radius = hn::Add(RadiusOf<N>(magnitude, N::kLog1p + 5 * N::kArithmetic), Unknown(t));
    return {positive + negative, hn::IfThenElse(IsWellInside(p), radius, Constant(kInfinity))};
  }
};

/// (p − t) / (p (1 − p)): four operations. 1 / (1 − p), above 1, for t = 0.
struct ProbableCrossentropyDerivative {
  static constexpr bool kTakesTarget = true;
  template <class N>
  HWY_INLINE Enclosed<N> operator()(N /*type*/, V p, V t) const {
    const N y = N::Difference(p, t) / (N::Difference(Constant(1), p) * p);
    Enclosed<N> result{y, RadiusOf<N>(y.High(), 4 * N::kArithmetic)};
    KeepToSide(result, Constant(1), Constant(1), hn::Eq(t, hn::Zero(D())));
    result.radius = hn::IfThenElse(IsWellInside(p), hn::Add(result.radius, Unknown(t)), Constant(kInfinity));
    return result;
  }
};

/// A function of a probability at the output clipped to [low, high], as Clips has it; its slope is 0 outside.
template <class Formula, bool kIsSlope>
struct Clipped {
  static constexpr bool kTakesTarget = Formula::kTakesTarget;
  double low, high;
  template <class N>
  HWY_INLINE Enclosed<N> operator()(N type, V x, V t) const {
    Enclosed<N> y = Formula()(type, hn::Min(hn::Max(x, Constant(low)), Constant(high)), t);
    if (kIsSlope) {
      const M outside = hn::Or(hn::Lt(x, Constant(low)), hn::Gt(x, Constant(high)));
      y.value = IfThenElse(outside, N::Of(0.0), y.value);
      y.radius = hn::IfThenElse(outside, hn::Add(Constant(N::kFloor), Unknown(t)), y.radius);
    }
    y.radius = hn::Add(y.radius, Unknown(x));
    return y;
  }
};

/// A gradient times the incoming one, g: one operation.
template <class N>
HWY_INLINE Enclosed<N> Times(Enclosed<N> y, V g) {
  const N product = y.value * g;
  const V spread = hn::MulAdd(y.radius, hn::Abs(g), hn::Mul(hn::Abs(product.High()), Constant(2 * N::kArithmetic)));
  return {product, hn::Add(hn::MulAdd(spread, Constant(kSlack), Constant(N::kFloor)), Unknown(g))};
}

/// The number, its low part and its radius to three arrays; +inf where nothing is known.
template <class N>
HWY_INLINE void Store(const Enclosed<N>& y, Part part, double* value, double* low, double* radius) {
  y.value.Store(part, value, low);
  // A value that overflowed has a radius that did, or that is NaN with it.
  const V known = hn::Add(y.radius, y.value.UnknownLow());
  part.Store(hn::IfThenElse(hn::Lt(known, Constant(kInfinity)), known, Constant(kInfinity)), radius);
}

}  // namespace lossaudit::bulk::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
