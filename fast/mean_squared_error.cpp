#include <algorithm>
#include <cmath>
#include <type_traits>
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
#include "fast/results-inl.h"

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

/// What is computed of each pair of a target and an output, of(i, t, o), for WriteResults.
template <class Of>
struct PairTerms {
  template <std::size_t kN>
  HWY_INLINE void Several(std::size_t at, V (&y)[kN]) const {
    Each<kN>([&](std::size_t k) HWY_ATTR {
      const std::size_t i = at + k * hn::Lanes(D());
      y[k] = of.Whole(i, LoadFloats(target + i), LoadFloats(output + i));
    });
  }
  HWY_INLINE V First(std::size_t i, std::size_t count) const {
    return of.First(i, count, LoadFirst(target + i, count, 0), LoadFirst(output + i, count, 0));
  }
  Of of;
  const float* target;
  const float* output;
};
inline constexpr std::size_t kPairsAtOnce = 4;

/// (t - o)^2: the losses of rows of one class.
struct SquaredDifference {
  HWY_INLINE V Whole(std::size_t /*i*/, V t, V o) const {
    const V difference = hn::Sub(t, o);
    return hn::Mul(difference, difference);
  }
  HWY_INLINE V First(std::size_t i, std::size_t /*count*/, V t, V o) const { return Whole(i, t, o); }
};

void SquaredDifferences(const float* target, const float* output, float* result, std::size_t n) {
  WriteResults<kPairsAtOnce>(PairTerms<SquaredDifference>{{}, target, output}, n >= kStreamedFrom, result, n, target,
                             output);
}

/// (o - t) f. A product of 0 and an infinity is 0.
HWY_INLINE V ProductOf(V difference, V f) {
  const V product = hn::Mul(difference, f);
  const M is_number = hn::And(hn::Eq(difference, difference), hn::Eq(f, f));
  const M f_vanishes = hn::Eq(f, hn::Zero(D()));
  const M difference_vanishes = hn::And(hn::Eq(difference, hn::Zero(D())), hn::Eq(hn::Abs(f), Constant(kInfinity)));
  return hn::IfThenZeroElse(hn::And(hn::Or(f_vanishes, difference_vanishes), is_number), product);
}

/// One factor for all.
template <bool kIsUsual>
struct ScaledDifference {
  HWY_INLINE V Whole(std::size_t /*i*/, V t, V o) const {
    const V difference = hn::Sub(o, t);
    return kIsUsual ? hn::Mul(difference, Constant(factor)) : ProductOf(difference, Constant(factor));
  }
  HWY_INLINE V First(std::size_t i, std::size_t /*count*/, V t, V o) const { return Whole(i, t, o); }
  double factor;
};

/// Twice an incoming gradient for each.
struct WeightedDifference {
  HWY_INLINE V Whole(std::size_t i, V t, V o) const { return Of(LoadFloats(upstream + i), t, o); }
  HWY_INLINE V First(std::size_t i, std::size_t count, V t, V o) const {
    return Of(LoadFirst(upstream + i, count, 0), t, o);
  }
  static HWY_INLINE V Of(V u, V t, V o) { return ProductOf(hn::Sub(o, t), hn::Add(u, u)); }
  const float* upstream;
};

/// gradient = (o - t) factor, rounded once, for n elements of a tensor of `whole`.
void ScaledDifferences(const float* target, const float* output, double factor, float* gradient, std::size_t n,
                       std::size_t whole) {
  const bool is_streamed = whole >= kStreamedFrom && n >= kStreamedPart;
  const auto write = [=](const auto& of) HWY_ATTR {
    using Of = std::remove_cvref_t<decltype(of)>;
    WriteResults<kPairsAtOnce>(PairTerms<Of>{of, target, output}, is_streamed, gradient, n, target, output);
  };
  if (factor != 0 && factor - factor == 0) {
    write(ScaledDifference<true>{factor});
  } else {
    write(ScaledDifference<false>{factor});
  }
}

/// gradient = 2 (o - t) upstream, rounded once.
void WeightedDifferences(const float* target, const float* output, const float* upstream, float* gradient,
                         std::size_t n) {
  const PairTerms<WeightedDifference> terms = {{upstream}, target, output};
  WriteResults<kPairsAtOnce>(terms, n >= kStreamedFrom, gradient, n, target, output, upstream);
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(SumOfSquares);
HWY_EXPORT(SquaredErrorRows);
HWY_EXPORT(SquaredDifferences);
HWY_EXPORT(ScaledDifferences);
HWY_EXPORT(WeightedDifferences);

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
  HWY_DYNAMIC_DISPATCH(ScaledDifferences)
  (task.target + first, task.output + first, factor, gradient + first, count, task.losses() * task.rows.classes);
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
  const LossCall call = mean_squared_error_call(target, output, rows, options);
  if (options.reduction == Reduction::none && rows.classes == 1 && options.sample_weights == nullptr) {
    return HWY_DYNAMIC_DISPATCH(SquaredDifferences)(target, output, result, call.task.losses());
  }
  compute_row_losses(call, result);
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
  if (loss != nullptr) mean_squared_error(target, output, loss, rows, options);
  const std::size_t size = task.losses() * rows.classes;
  if (has_one_factor && size != 0) return differences(task, factor_of(task, 0), 0, size, gradient);
  if (rows.classes == 1 && task.sample_weights == nullptr) {
    return HWY_DYNAMIC_DISPATCH(WeightedDifferences)(target, output, upstream, gradient, size);
  }
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
