#include "fast/losses.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/softplus.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/float_softplus-inl.h"
#include "fast/lanes-inl.h"
#include "fast/results-inl.h"
#include "fast/softplus-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// max(x, 0) + ln(1 + e^-abs(x)): a sum of two terms that are not negative.
struct SoftplusOf {
  HWY_INLINE V operator()(V x) const { return hn::Add(Positive(x), SoftplusTail(x)); }
};

HWY_FLATTEN void Softplus(const float* x, float* result, std::size_t n) {
  if constexpr (kFused) {
    MapBlocks(TwoKinds<SoftplusLanes<false>>(), x, result, n);
  } else {
    MapElements(SoftplusOf(), x, result, n);
  }
}

struct SoftplusDerivative {
  template <std::size_t kN>
  HWY_INLINE void operator()(V (&x)[kN]) const {
    SigmoidInDoubles(x, x);
  }
};

HWY_FLATTEN void SoftplusGradient(const float* x, const float* upstream, float* gradient, std::size_t n) {
  MapGradient<kExponentialsAtOnce>(SoftplusDerivative(), x, upstream, gradient, n);
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(Softplus);
HWY_EXPORT(SoftplusGradient);

void softplus(const float* x, float* result, std::size_t n) { HWY_DYNAMIC_DISPATCH(Softplus)(x, result, n); }

void softplus_gradient(const float* x, const float* upstream, float* gradient, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(SoftplusGradient)(x, upstream, gradient, n);
}

}  // namespace lossaudit::fast
#endif
