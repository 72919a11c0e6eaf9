#include "fast/row_losses.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "fast/careful.hpp"
#include "fast/reduction.hpp"
#include "fast/row_layout.hpp"

namespace lossaudit::fast {
namespace {

double sample_weight(const LossTask& task, std::size_t row) {
  return task.sample_weights == nullptr ? 1 : task.sample_weights[row];
}

Estimate exactly(DoubleDouble x) { return {x.hi, std::abs(x.hi)}; }

}  // namespace

void compute_row_loss(const RowLoss& loss, const LossTask& task, const LossOptions& options, float* result) {
  require_classes(task.rows);
  const bool reduces = options.reduction != Reduction::none;
  const auto is_ignored = [&](std::size_t row) {
    return options.ignore_index && task.labels[row] == *options.ignore_index;
  };
  constexpr LossEstimate unknown = {{std::numeric_limits<double>::quiet_NaN(), 0}, {1, 1}};
  LossSum sum;
  std::vector<LossEstimate> estimates;
  std::vector<float> output;
  std::vector<float> target;
  RowRuns runs(task.rows);
  for (RowRun run = runs.next(); run.count != 0; run = runs.next()) {
    RowBatch batch = {gather(task.output, task.rows, run, output), nullptr, nullptr, run.count};
    if (task.target != nullptr) batch.target = gather(task.target, task.rows, run, target);
    if (task.labels != nullptr) batch.labels = task.labels + run.first;
    estimates.assign(run.count, unknown);
    loss.estimate(task, batch, estimates.data());
    for (std::size_t i = 0; i < run.count; ++i) {
      const std::size_t row = run.first + i;
      const bool ignored = is_ignored(row);
      if (ignored && !reduces) result[row] = 0;
      if (ignored) continue;
      LossEstimate& estimate = estimates[i];
      if (!estimate.loss.is_trusted()) estimate.loss = exactly(loss.careful_loss(task, row));
      const double s = sample_weight(task, row);
      if (reduces) {
        sum.add(estimate, s, s != 0 ? 1 : 0);
      } else {
        result[row] = static_cast<float>(weighted(s, estimate.loss.value));
      }
    }
  }
  if (!reduces) return;
  const auto again = [&](std::size_t row) {
    if (is_ignored(row)) return LossSum::Exact{};
    const DoubleDouble weight = task.needs_weights ? loss.careful_weight(task, row) : DoubleDouble{1, 0};
    return LossSum::Exact{loss.careful_loss(task, row), weight, sample_weight(task, row)};
  };
  result[0] = sum.result(options, task.rows.outer * task.rows.inner, again);
}

DoubleDouble careful_entropy_of_row(const LossTask& task, std::size_t row) {
  return careful::entropy(task, row_of(task.rows, task.target, row), task.labels == nullptr ? 0 : task.labels[row],
                          row_of(task.rows, task.output, row));
}

DoubleDouble careful_weight_of_row(const LossTask& task, std::size_t row) {
  return careful::class_weight(task, row_of(task.rows, task.target, row),
                               task.labels == nullptr ? 0 : task.labels[row]);
}

}  // namespace lossaudit::fast
