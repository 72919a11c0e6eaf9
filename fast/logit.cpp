#include "fast/losses.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/logit.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/lanes-inl.h"
#include "fast/log-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// Near 1/2 it is 2 atanh(2 p - 1), whose argument is exact; elsewhere ln(p / (1 - p)), which is beyond 0.34 there. 1 -
/// p and the quotient are rounded to 2^-53. Outside [0, 1] the quotient is negative.
struct LogitOf {
  HWY_INLINE V operator()(V p) const {
    const V twice_minus_one = hn::Sub(hn::Add(p, p), Constant(1));
    const M is_near_half = hn::Lt(hn::Abs(twice_minus_one), Constant(0.1716));
    return hn::IfThenElse(is_near_half, TwiceAtanh(twice_minus_one), Log(hn::Div(p, hn::Sub(Constant(1), p))));
  }
};

void Logit(const float* x, float* result, std::size_t n) { MapElements(LogitOf(), x, result, n); }

/// 1 / (p (1 - p)): three roundings. NaN outside [0, 1], +inf at its ends, at -0 too.
struct LogitDerivative {
  HWY_INLINE V operator()(V p) const {
    const V derivative = hn::Div(Constant(1), hn::Mul(hn::Abs(p), hn::Sub(Constant(1), p)));
    const M is_probability = hn::And(hn::Ge(p, Constant(0)), hn::Le(p, Constant(1)));
    return hn::IfThenElse(is_probability, derivative, Constant(kNaN));
  }
};

void LogitGradient(const float* x, const float* upstream, float* gradient, std::size_t n) {
  MapGradient(LogitDerivative(), x, upstream, gradient, n);
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(Logit);
HWY_EXPORT(LogitGradient);

void logit(const float* x, float* result, std::size_t n) { HWY_DYNAMIC_DISPATCH(Logit)(x, result, n); }

void logit_gradient(const float* x, const float* upstream, float* gradient, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(LogitGradient)(x, upstream, gradient, n);
}

}  // namespace lossaudit::fast
#endif
