#include "fast/row_losses.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "fast/careful.hpp"
#include "fast/row_layout.hpp"

namespace lossaudit::fast {
namespace {

/// take(row, estimate) for each row of [first, last) that counts, with an estimate to be trusted; ignored(row) for the
/// others.
template <class Take, class Ignored>
void for_each_loss(const LossCall& call, std::size_t first, std::size_t last, const Take& take,
                   const Ignored& ignored) {
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
    for (std::size_t i = 0; i < run.count; ++i) {
      const std::size_t row = run.first + i;
      if (task.ignores(row)) {
        ignored(row);
        continue;
      }
      LossEstimate& estimate = estimates[i];
      if (!estimate.loss.is_trusted()) {
        const double loss = careful::loss(task, row);
        estimate.loss = {loss, std::abs(loss)};
      }
      take(row, estimate);
    }
  }
}

void add_row_losses(const LossCall& call, std::size_t first, std::size_t last, LossSum& sum) {
  const auto take = [&](std::size_t row, const LossEstimate& estimate) {
    const double s = call.task.sample_weight(row);
    sum.add(estimate, s, s != 0 ? 1 : 0);
  };
  for_each_loss(call, first, last, take, [](std::size_t) {});
}

}  // namespace

LossCall row_loss_call(EstimateRow& estimate_rows, const LossTask& task, const LossOptions& options) {
  require_classes(task.rows);
  return {task, options, task.losses(), 1, add_row_losses, estimate_rows};
}

void compute_row_losses(const LossCall& call, float* result) {
  if (call.options.reduction != Reduction::none) {
    result[0] = call.result();
    return;
  }
  const auto take = [&](std::size_t row, const LossEstimate& estimate) {
    result[row] = static_cast<float>(weighted(call.task.sample_weight(row), estimate.loss.value));
  };
  for_each_loss(call, 0, call.size, take, [&](std::size_t row) { result[row] = 0; });
}

}  // namespace lossaudit::fast
