#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fast/careful.hpp"
#include "fast/logit_batch.hpp"
#include "fast/losses.hpp"
#include "fast/row_layout.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/softmax.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/gradient_lanes-inl.h"
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

/// Σ e_j (g_j - g_0) and the magnitudes of its terms, with e_j = e^(x_j - m).
class PullbackPass {
 public:
  HWY_INLINE PullbackPass(const float* x, const float* g, float maximum, float origin)
      : x_(x), g_(g), maximum_(maximum), origin_(origin) {}
  HWY_INLINE void Step(std::size_t i) { Take(LoadFloats(x_ + i), LoadFloats(g_ + i)); }
  HWY_INLINE void LastStep(std::size_t i, std::size_t count) {
    Take(LoadFirst(x_ + i, count, maximum_), LoadFirst(g_ + i, count, origin_));
  }
  HWY_INLINE void EndBlock() {
    sum_.EndBlock();
    magnitude_.EndBlock();
  }
  HWY_INLINE Estimate Total() { return {sum_.Total(), magnitude_.Total()}; }

 private:
  HWY_INLINE void Take(V x, V g) {
    const V term = hn::Mul(ExpNonPositive(hn::Sub(x, Constant(maximum_))), hn::Sub(g, Constant(origin_)));
    sum_.Add(term);
    magnitude_.Add(hn::Abs(term));
  }
  const float* x_;
  const float* g_;
  float maximum_, origin_;
  BlockedSum sum_, magnitude_;
};

/// s_i ((g_i - g_0) - Σ s_j (g_j - g_0)), where g_0 stands at a maximum, with NaN in what is not to be trusted. False if
/// there is such.
bool SoftmaxGradientRow(const float* x, const float* g, float* gradient, std::size_t n) {
  const LogitRow row = ReduceLogits(x, n);
  if (!(row.others < kInfinity)) {
    for (std::size_t i = 0; i < n; ++i) gradient[i] = static_cast<float>(kNaN);
    return false;
  }
  std::size_t top = 0;
  while (x[top] != row.maximum) ++top;
  const SoftmaxOf softmax(row);
  PullbackPass pass(x, g, row.maximum, g[top]);
  Walk(pass, n);
  const Estimate sum = pass.Total();
  const V origin = Constant(g[top]);
  const V mean = Constant(sum.value * softmax.scale);
  const V magnitude = Constant(sum.magnitude * softmax.scale);
  M trusted = hn::FirstN(D(), hn::Lanes(D()));
  const auto value = [&](V logit, V incoming) HWY_ATTR {
    const V relative = hn::Sub(incoming, origin);
    const GradientLanes lanes(hn::Sub(relative, mean), hn::Add(hn::Abs(relative), magnitude));
    const V s = softmax(logit);
    trusted = hn::And(trusted, lanes.IsTrusted(s));
    return lanes.Trusted(s);
  };
  std::size_t i = 0;
  for (; i + hn::Lanes(D()) <= n; i += hn::Lanes(D())) {
    StoreFloats(value(LoadFloats(x + i), LoadFloats(g + i)), gradient + i);
  }
  if (i < n) {
    // Copies of the first of the rest are as good as it.
    StoreFirst(value(LoadFirst(x + i, n - i, x[i]), LoadFirst(g + i, n - i, g[i])), gradient + i, n - i);
  }
  return hn::AllTrue(D(), trusted);
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(SoftmaxRow);
HWY_EXPORT(SoftmaxGradientRow);

namespace {

void softmax_rows(const float* x, float* result, std::size_t rows, std::size_t n) {
  const std::size_t most = LogitBatch::rows_for(n, true);
  const bool streams = should_stream(x, result, rows * n);
  for (std::size_t first = 0; first < rows; first += most) {
    LogitBatch batch;
    batch.x = x + first * n;
    batch.classes = n;
    batch.count = std::min(most, rows - first);
    batch.streams = streams;
    batch.is_followed = first + batch.count < rows;
    batch.result = result + first * n;
    const std::uint64_t left = compute_logit_batch(batch);
    for (std::size_t r = 0; r < batch.count; ++r) {
      if ((left >> r & 1) != 0) HWY_DYNAMIC_DISPATCH(SoftmaxRow)(batch.x + r * n, batch.result + r * n, n);
    }
  }
  if (streams) flush_streams();
}

void softmax_gradient_rows(const float* x, const float* g, float* result, std::size_t rows, std::size_t n) {
  std::vector<float> ones;
  if (g == nullptr) ones.assign(n, 1);
  std::vector<float> gradient(n);
  for (std::size_t first = 0; first < rows * n; first += n) {
    const float* incoming = g == nullptr ? ones.data() : g + first;
    if (!HWY_DYNAMIC_DISPATCH(SoftmaxGradientRow)(x + first, incoming, gradient.data(), n)) {
      careful::complete_softmax_gradient(x + first, incoming, gradient.data(), n);
    }
    std::copy(gradient.begin(), gradient.end(), result + first);
  }
}

}  // namespace

void softmax(const float* x, float* result, const Rows& rows) { map_rows(softmax_rows, x, result, rows); }

void softmax_gradient(const float* x, const float* upstream, float* gradient, const Rows& rows) {
  map_row_pairs(softmax_gradient_rows, x, upstream, gradient, rows);
}

}  // namespace lossaudit::fast
#endif
