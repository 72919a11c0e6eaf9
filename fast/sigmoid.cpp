#include "fast/losses.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/sigmoid.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/exp-inl.h"
#include "fast/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// 1 / (1 + e) or e / (1 + e) with e = e^-abs(x): the exponential's 2^-51 and two roundings, then the one to float.
struct SigmoidOf {
  HWY_INLINE V operator()(V x) const {
    const V e = ExpNonPositive(hn::Neg(hn::Abs(x)));
    const V numerator = hn::IfThenElse(hn::Lt(x, Constant(0)), e, Constant(1));
    return hn::Div(numerator, hn::Add(Constant(1), e));
  }
};

void Sigmoid(const float* x, float* result, std::size_t n) { MapElements(SigmoidOf(), x, result, n); }

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(Sigmoid);

void sigmoid(const float* x, float* result, std::size_t n) { HWY_DYNAMIC_DISPATCH(Sigmoid)(x, result, n); }

}  // namespace lossaudit::fast
#endif
