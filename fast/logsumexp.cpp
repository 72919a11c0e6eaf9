#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fast/careful.hpp"
#include "fast/logit_batch.hpp"
#include "fast/loss_task.hpp"
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

/// factor softmax(x)_i in double lanes. False where there are but limits.
bool ScaledSoftmaxRow(const float* x, double factor, float* result, std::size_t n) {
  const LogitRow row = ReduceLogits(x, n);
  if (!(row.others < kInfinity)) return false;
  const V maximum = Constant(row.maximum);
  const V scale = Constant(factor / (1 + row.others));
  MapElements([&](V v) HWY_ATTR { return hn::Mul(ExpNonPositive(hn::Sub(v, maximum)), scale); }, x, result, n);
  return true;
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(LogsumexpRows);
HWY_EXPORT(ScaledSoftmaxRow);

void logsumexp(const float* x, float* result, const Rows& rows) {
  map_rows_to_values(HWY_DYNAMIC_DISPATCH(LogsumexpRows), x, result, rows);
}

namespace {

void general_gradient_row(const float* x, double factor, float* gradient, std::size_t n) {
  if (HWY_DYNAMIC_DISPATCH(ScaledSoftmaxRow)(x, factor, gradient, n)) return;
  careful::softmax_limits(x, gradient, n);
  for (std::size_t i = 0; i < n; ++i) gradient[i] = static_cast<float>(weighted(gradient[i], factor));
}

/// The gradients of contiguous rows, whose incoming gradients come with them.
void logsumexp_gradient_rows(const float* x, const float* upstream, float* gradient, std::size_t rows, std::size_t n) {
  const std::size_t most = LogitBatch::rows_for(n, true);
  for (std::size_t first = 0; first < rows; first += most) {
    double factors[LogitBatch::most_rows];
    LogitBatch batch;
    batch.x = x + first * n;
    batch.classes = n;
    batch.count = std::min(most, rows - first);
    batch.is_followed = first + batch.count < rows;
    batch.factors = factors;
    batch.result = gradient + first * n;
    for (std::size_t r = 0; r < batch.count; ++r) factors[r] = upstream == nullptr ? 1 : upstream[first + r];
    const std::uint64_t left = compute_logit_batch(batch);
    for (std::size_t r = 0; r < batch.count; ++r) {
      if ((left >> r & 1) != 0) general_gradient_row(batch.x + r * n, factors[r], batch.result + r * n, n);
    }
  }
}

}  // namespace

void logsumexp_gradient(const float* x, const float* upstream, float* gradient, const Rows& rows) {
  require_classes(rows);
  std::vector<float> scratch;
  RowRuns runs(rows);
  for (RowRun run = runs.next(); run.count != 0; run = runs.next()) {
    const bool is_contiguous = rows.inner == 1;
    const float* from = gather(x, rows, run, scratch);
    float* to = is_contiguous ? gradient + run.first * rows.classes : scratch.data();
    logsumexp_gradient_rows(from, upstream == nullptr ? nullptr : upstream + run.first, to, run.count, rows.classes);
    if (!is_contiguous) scatter(scratch, rows, run, gradient);
  }
}

}  // namespace lossaudit::fast
#endif
