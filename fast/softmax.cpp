#include "fast/careful.hpp"
#include "fast/losses.hpp"
#include "fast/row_layout.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/softmax.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/scaled_exp-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

#if HWY_NATIVE_FMA

/// The exponents that softmax's results can have, and with them all digits of both parts of the factor.
inline constexpr std::int32_t kSoftmaxExponent = 60;
inline constexpr float kSoftmaxDepth = 105;

void SoftmaxRows(const float* x, float* result, std::size_t rows, std::size_t n) {
  const std::size_t batch = BatchRows(n);
  HWY_ALIGN float buffer[kKeptFloats];
  float maximum[kMostRows];
  double sum[kMostRows];
  for (std::size_t first = 0; first < rows; first += batch, x += batch * n, result += batch * n) {
    const std::size_t count = HWY_MIN(batch, rows - first);
    float* kept = n <= kKeptFloats ? buffer : result;
    for (std::size_t r = 0; r < count; ++r) maximum[r] = FloatRowMaximum(x + r * n, n);
    for (std::size_t r = 0; r < count; ++r) {
      if (!IsFinite(maximum[r])) continue;
      const RowScale scale(maximum[r], kSoftmaxExponent, kSoftmaxDepth);
      sum[r] = SumExp<false, true>(scale, x + r * n, n, kNoClass, count * n, kept + r * n).sum;
    }
    for (std::size_t r = 0; r < count; ++r) {
      if (IsFinite(maximum[r])) {
        ScaleRow(kept + r * n, 1 / sum[r], result + r * n, n);
      } else {
        careful::softmax_limits(x + r * n, result + r * n, n);
      }
    }
  }
}

#else

/// e^(x_i - m) / (1 + others): two exponentials, each good to 2^-45, and three roundings.
struct SoftmaxOf {
  HWY_INLINE explicit SoftmaxOf(const LogitRow& row) : maximum(row.maximum), scale(1 / (1 + row.others)) {}
  HWY_INLINE V operator()(V x) const { return hn::Mul(ExpNonPositive(hn::Sub(x, Constant(maximum))), Constant(scale)); }
  double maximum, scale;
};

void SoftmaxRows(const float* x, float* result, std::size_t rows, std::size_t n) {
  for (std::size_t r = 0; r < rows; ++r, x += n, result += n) {
    const LogitRow row = ReduceLogits(x, n);
    if (row.others < kInfinity) {
      MapElements(SoftmaxOf(row), x, result, n);
    } else {
      careful::softmax_limits(x, result, n);
    }
  }
}

#endif

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
