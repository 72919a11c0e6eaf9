#include "fast/careful.hpp"
#include "fast/losses.hpp"
#include "fast/row_layout.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/logsumexp.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/logit_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// Whether the sum of the two, of which the logarithm is within 2^-26 of itself, is within 2^-25.5 of itself.
HWY_INLINE bool IsPlainLogsumexp(float maximum, double log_of_sum) {
  const double sum = maximum + log_of_sum;
  return HWY_MAX(sum, -sum) >= 0.75 * log_of_sum && log_of_sum < kInfinity;
}

/// Where Σ e^x_j is near 1 more digits are needed.
double CancellingLogsumexp(const float* x, std::size_t n) {
  const LogitRow row = ReduceLogits(x, n);
  const double size = row.maximum < 0 ? -static_cast<double>(row.maximum) : row.maximum;
  const Estimate estimate = {row.maximum + row.log_of_sum, size + row.log_of_sum};
  return estimate.is_trusted() ? estimate.value : careful::logsumexp(x, n);
}

void LogsumexpRows(const float* x, float* result, std::size_t rows, std::size_t classes) {
  const std::size_t batch = BatchRows(classes);
  LogitRows reduced;
  for (std::size_t first = 0; first < rows; first += batch) {
    const std::size_t count = HWY_MIN(batch, rows - first);
    ReduceLogitRows(x + first * classes, classes, count, first + count < rows, reduced);
    for (std::size_t r = 0; r < count; ++r) {
      const double sum = reduced.maximum[r] + reduced.log_of_sum[r];
      const bool is_plain = IsPlainLogsumexp(reduced.maximum[r], reduced.log_of_sum[r]);
      result[first + r] = static_cast<float>(is_plain ? sum : CancellingLogsumexp(x + (first + r) * classes, classes));
    }
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
