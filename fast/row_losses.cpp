#include "fast/row_losses.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "fast/careful.hpp"
#include "fast/reduction.hpp"
#include "fast/row_layout.hpp"

namespace lossaudit::fast {

void compute_row_losses(EstimateRow& estimate_rows, const LossTask& task, const LossOptions& options, float* result) {
  require_classes(task.rows);
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  const bool reduces = options.reduction != Reduction::none;
  LossSum sum;
  std::vector<LossEstimate> estimates;
  std::vector<float> output;
  std::vector<float> target;
  RowRuns runs(task.rows);
  for (RowRun run = runs.next(); run.count != 0; run = runs.next()) {
    RowBatch batch = {gather(task.output, task.rows, run, output), nullptr, nullptr, run.count};
    if (task.target != nullptr) batch.target = gather(task.target, task.rows, run, target);
    if (task.labels != nullptr) batch.labels = task.labels + run.first;
    estimates.assign(run.count, {{unknown, 0}, {1, 1}});
    estimate_rows(task, batch, estimates.data());
    for (std::size_t i = 0; i < run.count; ++i) {
      const std::size_t row = run.first + i;
      const bool ignored = task.ignores(row);
      if (ignored && !reduces) result[row] = 0;
      if (ignored) continue;
      LossEstimate& estimate = estimates[i];
      if (!estimate.loss.is_trusted()) {
        const double loss = careful::loss(task, row);
        estimate.loss = {loss, std::abs(loss)};
      }
      const double s = task.sample_weight(row);
      if (reduces) {
        sum.add(estimate, s, s != 0 ? 1 : 0);
      } else {
        result[row] = static_cast<float>(weighted(s, estimate.loss.value));
      }
    }
  }
  if (reduces) result[0] = sum.result(options, task);
}

}  // namespace lossaudit::fast
