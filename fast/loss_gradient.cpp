#include "fast/loss_gradient.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "fast/careful_gradient.hpp"
#include "fast/row_layout.hpp"

namespace lossaudit::fast {

void complete_entropy_gradient(const GradientTask& task, GradientBatch batch) {
  const std::size_t n = task.rows.classes;
  std::vector<std::uint8_t> is_complete(batch.count);
  batch.is_complete = is_complete.data();
  std::fill_n(batch.gradient, batch.count * n, std::numeric_limits<float>::quiet_NaN());
  entropy_gradient_rows(task, batch);
  for (std::size_t r = 0; r < batch.count; ++r) {
    float* row = batch.gradient + r * n;
    if (task.ignores(batch.first + r)) {
      std::fill_n(row, n, static_cast<float>(0 / task.divisor));
    } else if (is_complete[r] == 0) {
      careful::complete_gradient(task, batch.first + r, row);
    }
  }
}

void compute_entropy_gradient(const GradientTask& task, float* gradient) {
  require_classes(task.rows);
  const std::size_t n = task.rows.classes;
  std::vector<float> output;
  std::vector<float> target;
  std::vector<float> results;
  RowRuns runs(task.rows);
  for (RowRun run = runs.next(); run.count != 0; run = runs.next()) {
    GradientBatch batch;
    batch.output = gather(task.output, task.rows, run, output);
    if (task.target != nullptr) batch.target = gather(task.target, task.rows, run, target);
    if (task.labels != nullptr) batch.labels = task.labels + run.first;
    batch.count = run.count;
    batch.first = run.first;
    results.resize(run.count * n);
    batch.gradient = results.data();
    complete_entropy_gradient(task, batch);
    if (task.rows.inner == 1) {
      std::copy(results.begin(), results.end(), gradient + run.first * n);
    } else {
      scatter(results, task.rows, run, gradient);
    }
  }
}

}  // namespace lossaudit::fast
