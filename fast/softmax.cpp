#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "fast/careful.hpp"
#include "fast/logit_batch.hpp"
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

void SoftmaxRow(const float* x, float* result, std::size_t n) {
  const LogitRow row = ReduceLogits(x, n);
  if (row.others < kInfinity) {
    MapElements(SoftmaxOf(row), x, result, n);
  } else {
    careful::softmax_limits(x, result, n);
  }
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(SoftmaxRow);

namespace {

void softmax_rows(const float* x, float* result, std::size_t rows, std::size_t n) {
  const std::size_t most = LogitBatch::rows_for(n);
  for (std::size_t first = 0; first < rows; first += most) {
    LogitBatch batch;
    batch.x = x + first * n;
    batch.classes = n;
    batch.count = std::min(most, rows - first);
    batch.is_followed = first + batch.count < rows;
    batch.result = result + first * n;
    const std::uint32_t left = compute_logit_batch(batch);
    for (std::size_t r = 0; r < batch.count; ++r) {
      if ((left >> r & 1) != 0) HWY_DYNAMIC_DISPATCH(SoftmaxRow)(batch.x + r * n, batch.result + r * n, n);
    }
  }
}

}  // namespace

void softmax(const float* x, float* result, const Rows& rows) { map_rows(softmax_rows, x, result, rows); }

}  // namespace lossaudit::fast
#endif
