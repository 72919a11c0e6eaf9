#include "fast/losses.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/relu.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/float_blocks-inl.h"
#include "fast/lanes-inl.h"
#include "fast/results-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// Exact. Written so that a NaN stays one.
struct ReluBlock {
  template <bool kStreamed>
  HWY_INLINE void Block(const float* from, float* to, std::size_t vectors) const {
    for (std::size_t i = 0; i < vectors * hn::Lanes(FD()); i += hn::Lanes(FD())) {
      const VF x = Passage<kStreamed>::Load(from + i);
      Passage<kStreamed>::Store(hn::IfThenZeroElse(hn::Le(x, Floats(0)), x), to + i);
    }
  }
};

void Relu(const float* x, float* result, std::size_t n) { MapBlocks(ReluBlock(), x, result, n); }

/// 1 or 0; NaN for NaN.
struct ReluDerivative {
  template <std::size_t kN>
  HWY_INLINE void operator()(V (&x)[kN]) const {
    Each<kN>([&](std::size_t i) HWY_ATTR {
      const V one_or_nan = hn::IfThenElse(hn::Eq(x[i], x[i]), Constant(1), x[i]);
      x[i] = hn::IfThenZeroElse(hn::Le(x[i], Constant(0)), one_or_nan);
    });
  }
};

HWY_FLATTEN void ReluGradient(const float* x, const float* upstream, float* gradient, std::size_t n) {
  MapGradient<4>(ReluDerivative(), x, upstream, gradient, n);
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(Relu);
HWY_EXPORT(ReluGradient);

void relu(const float* x, float* result, std::size_t n) { HWY_DYNAMIC_DISPATCH(Relu)(x, result, n); }

void relu_gradient(const float* x, const float* upstream, float* gradient, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(ReluGradient)(x, upstream, gradient, n);
}

}  // namespace lossaudit::fast
#endif
