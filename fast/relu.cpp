#include "fast/losses.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/relu.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// Exact. Written so that a NaN stays one.
struct ReluOf {
  HWY_INLINE V operator()(V x) const { return hn::IfThenZeroElse(hn::Le(x, Constant(0)), x); }
};

void Relu(const float* x, float* result, std::size_t n) { MapElements(ReluOf(), x, result, n); }

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(Relu);

void relu(const float* x, float* result, std::size_t n) { HWY_DYNAMIC_DISPATCH(Relu)(x, result, n); }

}  // namespace lossaudit::fast
#endif
