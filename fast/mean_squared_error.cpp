#include <algorithm>
#include <cmath>
#include <vector>

#include "fast/gradient_task.hpp"
#include "fast/loss_options.hpp"
#include "fast/losses.hpp"
#include "fast/row_layout.hpp"
#include "fast/row_losses.hpp"
#include "fast/sum_block.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/mean_squared_error.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/lane_sum-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// Σ (t - o)^2 of up to sum_block elements. The difference of two floats is good to 2^-53, and its square neither
/// overflows nor underflows a double. Two squares, 16 elements apart, go into a lane at once.
double SumOfSquares(const float* target, const float* output, std::size_t n) {
  constexpr std::size_t lanes = hn::MaxLanes(D());
  const auto difference = [](const float* t, const float* o) HWY_ATTR { return hn::Sub(LoadFloats(t), LoadFloats(o)); };
  LaneSum sum;
  std::size_t i = 0;
  for (; i + 2 * kChunk <= n; i += 2 * kChunk) {
#pragma GCC unroll 16
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      const V first = difference(target + i + p * lanes, output + i + p * lanes);
      const V second = difference(target + i + kChunk + p * lanes, output + i + kChunk + p * lanes);
      sum.Add(p, hn::MulAdd(second, second, hn::Mul(first, first)));
    }
  }
  for (; i < n; i += kChunk) {
    const PaddedChunk t(target + i, HWY_MIN(kChunk, n - i), 0);
    const PaddedChunk o(output + i, HWY_MIN(kChunk, n - i), 0);
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      const V last = difference(t.data() + p * lanes, o.data() + p * lanes);
      sum.Add(p, hn::Mul(last, last));
    }
  }
  return sum.Total();
}

void SquaredErrorRows(const LossTask& task, const RowBatch& batch, LossEstimate* out) {
  const std::size_t n = task.rows.classes;
  for (std::size_t r = 0; r < batch.count; ++r) {
    JoinedBlocks sum;
    for (std::size_t i = 0; i < n; i += sum_block) {
      sum.Add(SumOfSquares(batch.target + r * n + i, batch.output + r * n + i, HWY_MIN(sum_block, n - i)));
    }
    const double mean = sum.Total() / static_cast<double>(n);
    out[r].loss = {mean, mean};
  }
}

/// gradient = (o - t) factor, rounded once. A product of 0 and an infinity is 0.
void ScaledDifferences(const float* target, const float* output, double factor, float* gradient, std::size_t n) {
  const V f = Constant(factor);
  const bool is_usual = factor != 0 && factor - factor == 0;
  const auto product = [=](V t, V o) HWY_ATTR {
    const V difference = hn::Sub(o, t);
    const V product = hn::Mul(difference, f);
    if (is_usual) return product;
    const M vanishes = hn::Or(hn::Eq(difference, hn::Zero(D())), hn::Eq(f, hn::Zero(D())));
    const M is_number = hn::And(hn::Eq(difference, difference), hn::Eq(f, f));
    return hn::IfThenZeroElse(hn::And(vanishes, is_number), product);
  };
  const std::size_t lanes = hn::Lanes(D());
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) StoreFloats(product(LoadFloats(target + i), LoadFloats(output + i)), gradient + i);
  if (i < n) {
    StoreFirst(product(LoadFirst(target + i, n - i, 0), LoadFirst(output + i, n - i, 0)), gradient + i, n - i);
  }
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(SumOfSquares);
HWY_EXPORT(SquaredErrorRows);
HWY_EXPORT(ScaledDifferences);

namespace {

/// Adds the means of squares of all rows together: without weights it does not matter which row an element is of.
void add_squares(const LossCall& call, std::size_t first, std::size_t last, LossSum& sum) {
  const LossTask& task = call.task;
  for (std::size_t i = first; i < last; i += sum_block) {
    const std::size_t end = std::min(last, i + sum_block);
    const double squares = HWY_DYNAMIC_DISPATCH(SumOfSquares)(task.target + i, task.output + i, end - i);
    sum.add_plain(squares / static_cast<double>(task.rows.classes), rows_begun(task.rows, i, end));
  }
}

/// What the difference o - t of that row is multiplied by.
double factor_of(const GradientTask& task, std::size_t row) {
  return 2 * (task.weight(row) / (task.divisor * static_cast<double>(task.rows.classes)));
}

void differences(const GradientTask& task, double factor, std::size_t first, std::size_t count, float* gradient) {
  HWY_DYNAMIC_DISPATCH(ScaledDifferences)(task.target + first, task.output + first, factor, gradient + first, count);
}

}  // namespace

LossCall mean_squared_error_call(const float* target, const float* output, const Rows& rows,
                                 const LossOptions& options) {
  const LossTask task = mean_squared_error_task(target, output, rows, options);
  LossCall call = row_loss_call(HWY_DYNAMIC_DISPATCH(SquaredErrorRows), task, options);
  if (options.reduction != Reduction::none && options.sample_weights == nullptr) {
    call.size = task.losses() * rows.classes;
    call.step = sum_block;
    call.add = add_squares;
  }
  return call;
}

void mean_squared_error(const float* target, const float* output, float* result, const Rows& rows,
                        const LossOptions& options) {
  compute_row_losses(mean_squared_error_call(target, output, rows, options), result);
}

void mean_squared_error_gradient(const float* target, const float* output, const float* upstream, float* gradient,
                                 const Rows& rows, const LossOptions& options, float* loss) {
  const LossCall call = mean_squared_error_call(target, output, rows, options);
  const GradientTask task = gradient_of(call.task, options, upstream);
  const bool has_one_factor = (task.reduces || upstream == nullptr) && task.sample_weights == nullptr;
  if (has_one_factor && task.reduces && loss != nullptr) {
    // Block by block, so that a block is read from memory once.
    const double factor = call.size == 0 ? 0 : factor_of(task, 0);
    LossSum sum;
    for (std::size_t i = 0; i < call.size; i += sum_block) {
      const std::size_t end = std::min(call.size, i + sum_block);
      call.add(call, i, end, sum);
      differences(task, factor, i, end - i, gradient);
    }
    *loss = sum.result(options, task);
    return;
  }
  if (loss != nullptr) compute_row_losses(call, loss);
  const std::size_t size = task.losses() * rows.classes;
  if (has_one_factor && size != 0) return differences(task, factor_of(task, 0), 0, size, gradient);
  for (std::size_t r = 0; r < task.losses(); ++r) {
    const double factor = factor_of(task, r);
    if (rows.inner == 1) {
      differences(task, factor, r * rows.classes, rows.classes, gradient);
      continue;
    }
    const std::size_t first = (r / rows.inner) * rows.classes * rows.inner + r % rows.inner;
    for (std::size_t i = 0; i < rows.classes; ++i) differences(task, factor, first + i * rows.inner, 1, gradient);
  }
}

}  // namespace lossaudit::fast
#endif
