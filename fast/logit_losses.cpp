#include "fast/logit_losses.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "fast/entropy_rows.hpp"
#include "fast/logit_batch.hpp"
#include "fast/loss_gradient.hpp"
#include "fast/row_layout.hpp"

namespace lossaudit::fast {
namespace {

/// The magnitude that an Estimate gives to a loss within 2^-26 of itself.
constexpr double float_magnitude = 0x1.8p18;

/// The labels of some rows, -1 where there is none, and the targets at them.
struct Labels {
  Labels(const LossTask& task, const RowBatch& rows, std::size_t first, std::size_t count) {
    const std::size_t n = task.rows.classes;
    for (std::size_t r = 0; r < count; ++r) {
      index[r] = -1;
      target[r] = 1;
      if (rows.labels != nullptr) {
        const std::int64_t label = rows.labels[first + r];
        const bool counts = is_class(label, n) && !(task.ignore_index && label == *task.ignore_index);
        if (counts) index[r] = label;
        continue;
      }
      const float* row = rows.target + (first + r) * n;
      const std::size_t found = find_hard_target(row, n);
      if (found == n || !(row[found] > 0) || std::isinf(row[found])) continue;
      index[r] = static_cast<std::int64_t>(found);
      target[r] = row[found];
    }
  }
  std::int64_t index[LogitBatch::most_rows];
  double target[LogitBatch::most_rows];
};

RowBatch one_row(const RowBatch& rows, std::size_t row, std::size_t n) {
  return {rows.output + row * n, rows.target == nullptr ? nullptr : rows.target + row * n,
          rows.labels == nullptr ? nullptr : rows.labels + row, 1};
}

LossEstimate estimate_of(double loss) { return {{loss, loss * float_magnitude}, {1, 1}}; }

LossEstimate general_estimate(const LossTask& task, const RowBatch& row) {
  LossEstimate estimate = {{std::numeric_limits<double>::quiet_NaN(), 0}, {1, 1}};
  estimate_entropy_rows(task, row, &estimate);
  return estimate;
}

/// As estimate_logit_rows has it for a row without a label.
LossEstimate estimate_without_label(const LossTask& task, const RowBatch& row) {
  double loss = 0;
  const bool is_left =
      task.target == nullptr || compute_soft_losses(row.output, row.target, task.rows.classes, 1, &loss) != 0;
  return is_left ? general_estimate(task, row) : estimate_of(loss);
}

void estimate_logit_rows(const LossTask& task, const RowBatch& rows, LossEstimate* out) {
  const std::size_t n = task.rows.classes;
  const std::size_t most = LogitBatch::rows_for(n, false);
  for (std::size_t first = 0; first < rows.count; first += most) {
    const std::size_t count = std::min(most, rows.count - first);
    const Labels labels(task, rows, first, count);
    double losses[LogitBatch::most_rows];
    LogitBatch batch;
    batch.x = rows.output + first * n;
    batch.classes = n;
    batch.count = count;
    batch.is_followed = first + count < rows.count;
    if (rows.target != nullptr) batch.targets = rows.target + first * n;
    batch.labels = labels.index;
    batch.losses = losses;
    const std::uint32_t left = compute_logit_batch(batch);
    double soft_losses[LogitBatch::most_rows];
    std::uint32_t soft_left = left;
    if (left != 0 && task.target != nullptr) {
      soft_left = compute_soft_losses(batch.x, rows.target + first * n, n, count, soft_losses);
    }
    for (std::size_t r = 0; r < count; ++r) {
      const bool is_left = (left >> r & 1) != 0;
      if (is_left && (soft_left >> r & 1) == 0) {
        out[first + r] = estimate_of(soft_losses[r]);
        continue;
      }
      out[first + r] =
          is_left ? general_estimate(task, one_row(rows, first + r, n)) : estimate_of(labels.target[r] * losses[r]);
    }
  }
}

/// The gradients, and the losses, of a run of contiguous rows.
void logit_gradient_rows(const GradientTask& task, const RowBatch& rows, std::size_t first_row, float* gradient,
                         bool streams, RowLosses* row_losses) {
  const std::size_t n = task.rows.classes;
  const std::size_t most = LogitBatch::rows_for(n, true);
  std::vector<float> general;
  for (std::size_t first = 0; first < rows.count; first += most) {
    const std::size_t count = std::min(most, rows.count - first);
    const Labels labels(task, rows, first, count);
    double losses[LogitBatch::most_rows];
    double factors[LogitBatch::most_rows];
    for (std::size_t r = 0; r < count; ++r) factors[r] = task.factor(first_row + first + r) * labels.target[r];
    LogitBatch batch;
    batch.x = rows.output + first * n;
    batch.classes = n;
    batch.count = count;
    batch.is_followed = first + count < rows.count;
    if (rows.target != nullptr) batch.targets = rows.target + first * n;
    batch.labels = labels.index;
    batch.factors = factors;
    batch.result = gradient + first * n;
    batch.streams = streams;
    batch.losses = losses;
    const std::uint32_t left = compute_logit_batch(batch);
    for (std::size_t r = 0; r < count; ++r) {
      const bool is_left = (left >> r & 1) != 0;
      const std::size_t row = first_row + first + r;
      // First what reads the row, then what may overwrite it.
      if (row_losses != nullptr) {
        row_losses->take(row, is_left ? estimate_without_label(task, one_row(rows, first + r, n))
                                      : estimate_of(labels.target[r] * losses[r]));
      }
      if (!is_left) continue;
      general.resize(n);
      GradientBatch one;
      static_cast<RowBatch&>(one) = one_row(rows, first + r, n);
      one.first = row;
      one.gradient = general.data();
      complete_entropy_gradient(task, one);
      std::copy(general.begin(), general.end(), batch.result + r * n);
    }
  }
}

}  // namespace

EstimateRow* cross_entropy_rows(const LossTask& task, const LossOptions& options) {
  bool in_floats =
      task.probabilities == Probabilities::from_logits && task.smoothing == 0 && task.class_weights == nullptr;
  if (in_floats && task.sample_weights != nullptr) {
    // Terms that float lanes flush to 2^-200 or so would count beside a weight beyond the largest.
    constexpr float largest_weight = 0x1p60F;
    const bool reduces = options.reduction != Reduction::none;
    const float* weights = task.sample_weights;
    in_floats = std::none_of(weights, weights + task.losses(),
                             [reduces](float s) { return std::abs(s) > largest_weight || (reduces && s < 0); });
  }
  return in_floats ? estimate_logit_rows : estimate_entropy_rows;
}

void compute_cross_entropy_gradient(const LossCall& call, const float* upstream, float* gradient, float* loss) {
  const GradientTask task = gradient_of(call.task, call.options, upstream);
  if (call.estimate_rows != estimate_logit_rows) {
    if (loss != nullptr) compute_row_losses(call, loss);
    compute_entropy_gradient(task, gradient);
    return;
  }
  require_classes(task.rows);
  const bool is_contiguous = task.rows.inner == 1;
  const bool streams = is_contiguous && gradient != task.target &&
                       should_stream(task.output, gradient, task.rows.outer * task.rows.classes);
  RowLosses losses(call, loss);
  std::vector<float> output;
  std::vector<float> target;
  RowRuns runs(task.rows);
  for (RowRun run = runs.next(); run.count != 0; run = runs.next()) {
    RowBatch rows = {gather(task.output, task.rows, run, output), nullptr, nullptr, run.count};
    if (task.target != nullptr) rows.target = gather(task.target, task.rows, run, target);
    if (task.labels != nullptr) rows.labels = task.labels + run.first;
    float* result = is_contiguous ? gradient + run.first * task.rows.classes : output.data();
    logit_gradient_rows(task, rows, run.first, result, streams, loss == nullptr ? nullptr : &losses);
    if (!is_contiguous) scatter(output, task.rows, run, gradient);
  }
  if (streams) flush_streams();
  if (loss != nullptr) losses.finish();
}

}  // namespace lossaudit::fast
