#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "fast/careful_gradient.hpp"
#include "fast/entropy_rows.hpp"
#include "fast/gradient_task.hpp"
#include "fast/loss_options.hpp"
#include "fast/losses.hpp"
#include "fast/row_layout.hpp"
#include "fast/row_losses.hpp"
#include "fast/sum_block.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/cross_entropy_error.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/cross_entropy_sum-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// Adds the losses of contiguous rows without class weights all together: it does not matter which row an element is of.
void AddCrossEntropies(const LossTask& task, std::size_t first, std::size_t last, LossSum& sum) {
  AddEntropies(task, first, last, sum);
}

/// One row's loss.
class RowSum {
 public:
  void add_plain(double sum, std::size_t /*count*/) { plain_.Add(sum); }
  void add(const LossEstimate& estimate, double /*s*/, std::size_t /*units*/) {
    other_.Add(estimate.loss.value);
    other_magnitude_.Add(estimate.loss.magnitude);
  }
  /// The plain part is good to 2^-26 only, so the whole is not to be trusted where it is less than half of that. It is
  /// NaN where an input is.
  [[nodiscard]] Estimate Loss() const {
    if (plain_.Total() != plain_.Total()) return Estimate::nan();
    return {plain_.Total() + other_.Total(), 0x1p18 * plain_.Total() + other_magnitude_.Total()};
  }

 private:
  JoinedBlocks plain_, other_, other_magnitude_;
};

void CrossEntropyRows(const LossTask& task, const RowBatch& batch, LossEstimate* out) {
  LossTask rows = task;
  rows.target = batch.target;
  rows.output = batch.output;
  for (std::size_t r = 0; r < batch.count; ++r) {
    RowSum sum;
    AddEntropies(rows, r * task.rows.classes, (r + 1) * task.rows.classes, sum);
    out[r].loss = sum.Loss();
  }
}

/// gradient = -w t factor / p of a row, rounded once from three roundings in double; 0 for t = 0. False, and the
/// gradient is not to be used, where a p outside (0, 1] or a t that is not finite asks for more than that.
bool QuotientRow(const GradientTask& task, const float* target, const float* p, double factor, float* gradient) {
  const D d;
  const float* weights = task.class_weights;
  const V f = Constant(-factor);
  M is_usual = hn::Eq(hn::Sub(f, f), hn::Zero(d));
  const auto quotient = [&](V t, V o, V w) HWY_ATTR {
    const M is_zero = hn::Eq(t, hn::Zero(d));
    const M is_divisor = hn::Or(hn::Gt(o, hn::Zero(d)), hn::And(is_zero, hn::Eq(o, hn::Zero(d))));
    const M is_good = hn::And(hn::And(is_divisor, hn::Le(o, Constant(1))), hn::Lt(hn::Abs(t), Constant(kInfinity)));
    is_usual = hn::And(is_usual, is_good);
    return hn::IfThenZeroElse(is_zero, hn::Div(hn::Mul(hn::Mul(w, t), f), o));
  };
  const std::size_t n = task.rows.classes;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const V w = weights == nullptr ? Constant(1) : LoadFloats(weights + i);
    StoreFloats(quotient(LoadFloats(target + i), LoadFloats(p + i), w), gradient + i);
  }
  if (i < n) {
    const V w = weights == nullptr ? Constant(1) : LoadFirst(weights + i, n - i, 1);
    StoreFirst(quotient(LoadFirst(target + i, n - i, 1), LoadFirst(p + i, n - i, 1), w), gradient + i, n - i);
  }
  return hn::AllTrue(d, is_usual);
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(AddCrossEntropies);
HWY_EXPORT(CrossEntropyRows);
HWY_EXPORT(QuotientRow);

LossCall cross_entropy_error_call(const float* target, const float* p, const Rows& rows, const LossOptions& options) {
  const LossTask task = cross_entropy_error_task(target, p, rows, options);
  if (options.class_weights != nullptr) return row_loss_call(estimate_entropy_rows, task, options);
  LossCall call = row_loss_call(HWY_DYNAMIC_DISPATCH(CrossEntropyRows), task, options);
  if (options.reduction == Reduction::none || options.sample_weights != nullptr) return call;
  call.size = task.losses() * rows.classes;
  call.step = sum_block;
  call.add = [](const LossCall& all, std::size_t first, std::size_t last, LossSum& sum) {
    HWY_DYNAMIC_DISPATCH(AddCrossEntropies)(all.task, first, last, sum);
    sum.add_plain(0, rows_begun(all.task.rows, first, last));
  };
  return call;
}

void cross_entropy_error(const float* target, const float* p, float* result, const Rows& rows,
                         const LossOptions& options) {
  compute_row_losses(cross_entropy_error_call(target, p, rows, options), result);
}

void cross_entropy_error_gradient(const float* target, const float* p, const float* upstream, float* gradient,
                                  const Rows& rows, const LossOptions& options, float* loss) {
  const LossTask losses = cross_entropy_error_call(target, p, rows, options).task;
  if (loss != nullptr) cross_entropy_error(target, p, loss, rows, options);
  const GradientTask task = gradient_of(losses, options, upstream);
  const std::size_t n = rows.classes;
  std::vector<float> outputs;
  std::vector<float> targets;
  std::vector<float> results;
  RowRuns runs(rows);
  for (RowRun run = runs.next(); run.count != 0; run = runs.next()) {
    const float* output = gather(p, rows, run, outputs);
    const float* run_target = gather(target, rows, run, targets);
    results.resize(run.count * n);  // the gradient may be where the target is
    for (std::size_t r = 0; r < run.count; ++r) {
      const std::size_t row = run.first + r;
      float* result = results.data() + r * n;
      if (task.finite_class_weights &&
          HWY_DYNAMIC_DISPATCH(QuotientRow)(task, run_target + r * n, output + r * n, task.factor(row), result)) {
        continue;
      }
      std::fill_n(result, n, std::numeric_limits<float>::quiet_NaN());
      careful::complete_gradient(task, row, result);
    }
    if (rows.inner == 1) {
      std::copy(results.begin(), results.end(), gradient + run.first * n);
    } else {
      scatter(results, rows, run, gradient);
    }
  }
}

}  // namespace lossaudit::fast
#endif
