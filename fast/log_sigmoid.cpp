#include "fast/losses.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/log_sigmoid.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/float_softplus-inl.h"
#include "fast/lanes-inl.h"
#include "fast/results-inl.h"
#include "fast/softplus-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// -softplus(-x).
struct LogSigmoidOf {
  HWY_INLINE V operator()(V x) const { return hn::Neg(hn::Add(Positive(hn::Neg(x)), SoftplusTail(x))); }
};

HWY_FLATTEN void LogSigmoid(const float* x, float* result, std::size_t n) {
  if constexpr (kFused) {
    MapBlocks(TwoKinds<SoftplusLanes<true>>(), x, result, n);
  } else {
    MapElements(LogSigmoidOf(), x, result, n);
  }
}

struct LogSigmoidDerivative {
  template <std::size_t kN>
  HWY_INLINE void operator()(V (&x)[kN]) const {
    Each<kN>([&](std::size_t i) HWY_ATTR { x[i] = hn::Neg(x[i]); });
    SigmoidInDoubles(x, x);
  }
};

HWY_FLATTEN void LogSigmoidGradient(const float* x, const float* upstream, float* gradient, std::size_t n) {
  MapGradient<kExponentialsAtOnce>(LogSigmoidDerivative(), x, upstream, gradient, n);
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(LogSigmoid);
HWY_EXPORT(LogSigmoidGradient);

void log_sigmoid(const float* x, float* result, std::size_t n) { HWY_DYNAMIC_DISPATCH(LogSigmoid)(x, result, n); }

void log_sigmoid_gradient(const float* x, const float* upstream, float* gradient, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(LogSigmoidGradient)(x, upstream, gradient, n);
}

}  // namespace lossaudit::fast
#endif
