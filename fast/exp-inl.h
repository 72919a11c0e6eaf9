// e^x for x <= 0, in double lanes.
#if defined(LOSSAUDIT_FAST_EXP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_EXP_INL_H_
#undef LOSSAUDIT_FAST_EXP_INL_H_
#else
#define LOSSAUDIT_FAST_EXP_INL_H_
#endif

#include <cstddef>
#include <iterator>

#include "fast/float_lanes-inl.h"
#include "fast/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// How many vectors of e^x stand side by side at best: what does not fit in registers waits in memory next to them.
inline constexpr std::size_t kExponentialsAtOnce = 8;

/// (e^r - 1 - r) / r^2 by its Taylor polynomial: that of e^r to degree 13, whose remainder is below r^14 / 14! * e^r.
/// Of kN vectors side by side: one after another, more of its steps wait than the scheduler's window holds.
template <std::size_t kN>
HWY_INLINE void ExpTail(const V (&r)[kN], V (&q)[kN]) {
  constexpr double coefficients[] = {
      1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
      1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      0.5};
  Each<kN>([&](std::size_t i) HWY_ATTR { q[i] = Constant(1.0 / 6227020800); });
  Each<std::size(coefficients)>([&](std::size_t k) HWY_ATTR {
    Each<kN>([&](std::size_t i) HWY_ATTR { q[i] = hn::MulAdd(q[i], r[i], Constant(coefficients[k])); });
  });
}
HWY_INLINE V ExpTail(V r) {
  const V from[] = {r};
  V q[1];
  ExpTail(from, q);
  return q[0];
}

/// e^x for x <= 0, within 2^-51 of it relatively; 0 below -708 (e^-708 = 2^-1021.4 is beneath any float by far), NaN
/// for NaN.
///
/// x = k ln 2 + r with k an integer and abs(r) <= (ln 2) / 2 + 2^-40. ln 2 is split as in fdlibm's e_exp.c: the high
/// part has 21 zero bits at its end, so k times it is exact and so is the first difference (its operands are within a
/// factor 2, or k is 0); the low part adds a relative 2^-53 of r. e^r is the Taylor polynomial of degree 13, whose
/// remainder is below r^14 / 14! * e^r = 2^-57; Horner's scheme with abs(r) < 0.35 rounds by at most 0.5 + 0.2 units of
/// 2^-53 in its last step. 2^k is exact.
template <std::size_t kN>
HWY_INLINE void ExpNonPositive(const V (&x)[kN], V (&result)[kN]) {
  const D d;
  const hn::RebindToUnsigned<D> du;
  // Adding 1.5 * 2^52 leaves the nearest integer in the low bits of the sum.
  const V shift = Constant(0x1.8p52);
  V shifted[kN];
  V r[kN];
  Each<kN>([&](std::size_t i) HWY_ATTR {
    shifted[i] = hn::Add(hn::Mul(x[i], Constant(0x1.71547652b82fep0)), shift);
    const V k = hn::Sub(shifted[i], shift);
    r[i] = hn::NegMulAdd(k, Constant(0x1.62e42feep-1), x[i]);
    r[i] = hn::NegMulAdd(k, Constant(0x1.a39ef35793c76p-33), r[i]);
  });
  ExpTail(r, result);
  Each<kN>([&](std::size_t i) HWY_ATTR { result[i] = hn::MulAdd(result[i], r[i], Constant(1.0)); });
  Each<kN>([&](std::size_t i) HWY_ATTR { result[i] = hn::MulAdd(result[i], r[i], Constant(1.0)); });
  Each<kN>([&](std::size_t i) HWY_ATTR {
    const auto exponent = hn::ShiftLeft<52>(hn::Add(hn::BitCast(du, shifted[i]), hn::Set(du, 1023)));
    // Below the limit k means nothing, so those lanes are replaced; NaN is not below and comes out of r.
    result[i] = hn::IfThenZeroElse(hn::Lt(x[i], Constant(-708)), hn::Mul(result[i], hn::BitCast(d, exponent)));
  });
}
HWY_INLINE V ExpNonPositive(V x) {
  const V from[] = {x};
  V result[1];
  ExpNonPositive(from, result);
  return result[0];
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
