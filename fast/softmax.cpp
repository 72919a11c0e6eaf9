#include "fast/careful.hpp"
#include "fast/losses.hpp"
#include "fast/row_layout.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/softmax.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// e^(x_i - m) / (1 + others): two exponentials, each good to 2^-45, and three roundings.
struct SoftmaxOf {
  HWY_INLINE explicit SoftmaxOf(const LogitRow& row) : maximum(row.maximum), scale(1 / (1 + row.others)) {}
  HWY_INLINE V operator()(V x) const { return hn::Mul(ExpNonPositive(hn::Sub(x, Constant(maximum))), Constant(scale)); }
  double maximum, scale;
};

void SoftmaxRows(const float* x, float* result, std::size_t rows, std::size_t classes) {
  MapLogitRows<SoftmaxOf>(careful::softmax_limits, x, result, rows, classes);
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(SoftmaxRows);

void softmax(const float* x, float* result, const Rows& rows) {
  map_rows(HWY_DYNAMIC_DISPATCH(SoftmaxRows), x, result, rows);
}

}  // namespace lossaudit::fast
#endif
