#include "fast/careful.hpp"
#include "fast/losses.hpp"
#include "fast/row_layout.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/log_softmax.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// (x_i - m) - log1p(others): a sum of two terms that are not positive, each good to 2^-45.
struct LogSoftmaxOf {
  HWY_INLINE explicit LogSoftmaxOf(const LogitRow& row) : maximum(row.maximum), log_of_sum(row.log_of_sum) {}
  HWY_INLINE V operator()(V x) const { return hn::Sub(hn::Sub(x, Constant(maximum)), Constant(log_of_sum)); }
  double maximum, log_of_sum;
};

void LogSoftmaxRows(const float* x, float* result, std::size_t rows, std::size_t classes) {
  MapLogitRows<LogSoftmaxOf>(careful::log_softmax_limits, x, result, rows, classes);
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(LogSoftmaxRows);

void log_softmax(const float* x, float* result, const Rows& rows) {
  map_rows(HWY_DYNAMIC_DISPATCH(LogSoftmaxRows), x, result, rows);
}

}  // namespace lossaudit::fast
#endif
