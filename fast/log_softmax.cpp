#include <cstddef>
#include <vector>

#include "fast/careful.hpp"
#include "fast/logit_batch.hpp"
#include "fast/loss_gradient.hpp"
#include "fast/losses.hpp"
#include "fast/row_layout.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/log_softmax.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/logit_rows-inl.h"
#include "fast/streaming-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

#if HWY_NATIVE_FMA

/// (x_i - m) - log1p(others) in floats: neither term is positive, and each rounds by 2^-24 of itself, so before its own
/// rounding the difference is within 2^-24 + 2^-26 of itself: 1.75 ulp in all.
template <bool kStreams>
HWY_INLINE void LogSoftmaxRow(const float* x, float* result, std::size_t n, float maximum, double log_of_sum) {
  const FD d;
  const VF m = Floats(maximum);
  const VF log = Floats(static_cast<float>(log_of_sum));
  const auto of = [&](VF v) HWY_ATTR { return hn::Sub(hn::Sub(v, m), log); };
  std::size_t i = kStreams ? HWY_MIN(n, FloatsBeforeAligned(result)) : 0;
  if (i != 0) StorePart(of(LoadPart(x, i, 0)), result, i);
  for (; i + kFloatLanes <= n; i += kFloatLanes) {
    const VF y = of(hn::LoadU(d, x + i));
    if (kStreams) {
      hn::Stream(y, d, result + i);
    } else {
      hn::StoreU(y, d, result + i);
    }
  }
  if (i < n) StorePart(of(LoadPart(x + i, n - i, 0)), result + i, n - i);
}

#else

/// The same in double lanes, each term good to 2^-45.
template <bool kStreams>
HWY_INLINE void LogSoftmaxRow(const float* x, float* result, std::size_t n, float maximum, double log_of_sum) {
  const V m = Constant(maximum);
  const V log = Constant(log_of_sum);
  MapElements([&](V v) { return hn::Sub(hn::Sub(v, m), log); }, x, result, n);
}

#endif

void LogSoftmaxRows(const float* x, float* result, std::size_t rows, std::size_t classes) {
  const std::size_t batch = BatchRows(classes);
  LogitRows reduced;
  const bool streams = kFused && should_stream(x, result, rows * classes);
  for (std::size_t first = 0; first < rows; first += batch) {
    const std::size_t count = HWY_MIN(batch, rows - first);
    if (streams) FetchEnds(result + first * classes, count * classes);
    ReduceLogitRows(x + first * classes, classes, count, first + count < rows, reduced);
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t at = (first + r) * classes;
      if (reduced.others[r] < kInfinity) {
        const auto write = streams ? LogSoftmaxRow<true> : LogSoftmaxRow<false>;
        write(x + at, result + at, classes, reduced.maximum[r], reduced.log_of_sum[r]);
      } else {
        careful::log_softmax_limits(x + at, result + at, classes);
      }
    }
  }
  if (streams) flush_streams();
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(LogSoftmaxRows);

void log_softmax(const float* x, float* result, const Rows& rows) {
  map_rows(HWY_DYNAMIC_DISPATCH(LogSoftmaxRows), x, result, rows);
}

namespace {

/// g_i - s_i Σ g is the gradient of a cross-entropy from logits with the targets g, with the other sign.
void log_softmax_gradient_rows(const float* x, const float* g, float* result, std::size_t rows, std::size_t n) {
  std::vector<float> ones;
  if (g == nullptr) ones.assign(n, 1);
  GradientTask task;
  task.rows = {1, n, 1};
  task.probabilities = Probabilities::from_logits;
  task.divisor = -1;
  for (std::size_t first = 0; first < rows * n; first += n) {
    task.output = x + first;
    task.target = g == nullptr ? ones.data() : g + first;
    compute_entropy_gradient(task, result + first);
  }
}

}  // namespace

void log_softmax_gradient(const float* x, const float* upstream, float* gradient, const Rows& rows) {
  map_row_pairs(log_softmax_gradient_rows, x, upstream, gradient, rows);
}

}  // namespace lossaudit::fast
#endif
