#include "fast/careful.hpp"
#include "fast/loss_task.hpp"
#include "fast/losses.hpp"
#include "fast/row_layout.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/logsumexp.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// m + log1p(others). Where Σ e^x_j is near 1 the two cancel to nearly nothing, and more digits are needed.
void LogsumexpRows(const float* x, float* result, std::size_t rows, std::size_t classes) {
  for (std::size_t r = 0; r < rows; ++r, x += classes) {
    const LogitRow row = ReduceLogits(x, classes);
    const double size = row.maximum < 0 ? -static_cast<double>(row.maximum) : row.maximum;
    const Estimate estimate = {row.maximum + row.log_of_sum, size + row.log_of_sum};
    result[r] = static_cast<float>(estimate.is_trusted() ? estimate.value : careful::logsumexp(x, classes));
  }
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(LogsumexpRows);

void logsumexp(const float* x, float* result, const Rows& rows) {
  map_rows_to_values(HWY_DYNAMIC_DISPATCH(LogsumexpRows), x, result, rows);
}

}  // namespace lossaudit::fast
#endif
