#include "fast/row_losses.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "fast/careful.hpp"
#include "fast/row_layout.hpp"

namespace lossaudit::fast {
namespace {

/// take(row, estimate) for each row of [first, last).
template <class Take>
void for_each_estimate(const LossCall& call, std::size_t first, std::size_t last, const Take& take) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  const LossTask& task = call.task;
  std::vector<LossEstimate> estimates;
  std::vector<float> output;
  std::vector<float> target;
  RowRuns runs(task.rows, first, last);
  for (RowRun run = runs.next(); run.count != 0; run = runs.next()) {
    RowBatch batch = {gather(task.output, task.rows, run, output), nullptr, nullptr, run.count};
    if (task.target != nullptr) batch.target = gather(task.target, task.rows, run, target);
    if (task.labels != nullptr) batch.labels = task.labels + run.first;
    estimates.assign(run.count, {{unknown, 0}, {1, 1}});
    call.estimate_rows(task, batch, estimates.data());
    for (std::size_t i = 0; i < run.count; ++i) take(run.first + i, estimates[i]);
  }
}

/// The estimate, or a better one where it is not to be trusted.
LossEstimate trusted(const LossTask& task, std::size_t row, const LossEstimate& estimate) {
  if (estimate.loss.is_trusted()) return estimate;
  const double loss = estimate.loss.is_nan() ? estimate.loss.value : careful::loss(task, row);
  return {{loss, std::abs(loss)}, estimate.weight};
}

void add_loss(const LossTask& task, std::size_t row, const LossEstimate& estimate, LossSum& sum) {
  if (task.ignores(row)) return;
  const bool is_plain = task.sample_weights == nullptr && task.class_weights == nullptr && estimate.loss.value >= 0;
  if (is_plain && estimate.loss.is_trusted()) return sum.add_plain(estimate.loss.value, 1);
  const double s = task.sample_weight(row);
  sum.add(trusted(task, row, estimate), s, s != 0 ? 1 : 0);
}

void add_row_losses(const LossCall& call, std::size_t first, std::size_t last, LossSum& sum) {
  for_each_estimate(call, first, last,
                    [&](std::size_t row, const LossEstimate& estimate) { add_loss(call.task, row, estimate, sum); });
}

}  // namespace

void RowLosses::take_any(std::size_t row, const LossEstimate& estimate) {
  const LossTask& task = call_.task;
  if (call_.options.reduction != Reduction::none) {
    add_loss(task, row, estimate, sum_);
  } else if (task.ignores(row)) {
    result_[row] = 0;
  } else {
    result_[row] = static_cast<float>(weighted(task.sample_weight(row), trusted(task, row, estimate).loss.value));
  }
}

void RowLosses::finish() {
  if (call_.options.reduction != Reduction::none) result_[0] = sum_.result(call_.options, call_.task);
}

LossCall row_loss_call(EstimateRow& estimate_rows, const LossTask& task, const LossOptions& options) {
  require_classes(task.rows);
  return {task, options, task.losses(), 1, add_row_losses, estimate_rows};
}

void compute_row_losses(const LossCall& call, float* result) {
  if (call.options.reduction != Reduction::none) {
    result[0] = call.result();
    return;
  }
  RowLosses losses(call, result);
  for_each_estimate(call, 0, call.size,
                    [&](std::size_t row, const LossEstimate& estimate) { losses.take(row, estimate); });
}

}  // namespace lossaudit::fast
