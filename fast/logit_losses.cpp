#include "fast/logit_losses.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "fast/careful_gradient.hpp"
#include "fast/entropy_rows.hpp"
#include "fast/logit_batch.hpp"
#include "fast/loss_gradient.hpp"
#include "fast/row_layout.hpp"
#include "fast/soft_batch.hpp"

namespace lossaudit::fast {
namespace {

/// The magnitude that an Estimate gives to a loss within 2^-26 of itself.
constexpr double float_magnitude = 0x1.8p18;

RowBatch one_row(const RowBatch& rows, std::size_t row, std::size_t n) {
  return {rows.output + row * n, rows.target == nullptr ? nullptr : rows.target + row * n,
          rows.labels == nullptr ? nullptr : rows.labels + row, 1};
}

/// Of a loss that is NaN where a logit is.
LossEstimate estimate_of(double loss) {
  return {std::isnan(loss) ? Estimate::nan() : Estimate{loss, loss * float_magnitude}, {1, 1}};
}

LossEstimate general_estimate(const LossTask& task, const RowBatch& row) {
  LossEstimate estimate = {{std::numeric_limits<double>::quiet_NaN(), 0}, {1, 1}};
  estimate_entropy_rows(task, row, &estimate);
  return estimate;
}

/// The rows of a batch with targets of any kind.
SoftBatch soft_batch(const LossTask& task, const RowBatch& rows, bool is_followed) {
  SoftBatch batch;
  batch.x = rows.output;
  batch.target = rows.target;
  batch.classes = task.rows.classes;
  batch.count = rows.count;
  batch.is_followed = is_followed;
  batch.keep = task.keep;
  batch.share = task.share;
  return batch;
}

RowBatch some_rows(const RowBatch& rows, std::size_t first, std::size_t count, std::size_t n) {
  RowBatch some = one_row(rows, first, n);
  some.count = count;
  return some;
}

void estimate_soft_rows(const LossTask& task, const RowBatch& rows, bool is_followed, LossEstimate* out) {
  SoftBatch batch = soft_batch(task, rows, is_followed);
  double losses[SoftBatch::most_rows];
  batch.losses = losses;
  const SoftOutcome outcome = compute_soft_batch(batch);
  for (std::size_t r = 0; r < rows.count; ++r) {
    const bool is_left = (outcome.left >> r & 1) != 0;
    out[r] = is_left ? general_estimate(task, one_row(rows, r, task.rows.classes)) : estimate_of(losses[r]);
  }
}

/// Whether rows with targets are none of compute_logit_batch's: short ones, and those whose targets are smoothed.
bool are_soft(const LossTask& task) {
  return task.target != nullptr && (task.smoothing != 0 || task.rows.classes <= SoftBatch::short_row);
}

/// The labels of some rows, -1 where there is none.
class Labels {
 public:
  Labels(const LossTask& task, const RowBatch& rows) {
    if (rows.labels == nullptr) return;
    for (std::size_t r = 0; r < rows.count; ++r) {
      const std::int64_t label = rows.labels[r];
      const bool counts = is_class(label, task.rows.classes) && !(task.ignore_index && label == *task.ignore_index);
      index_[r] = counts ? label : -1;
    }
  }
  [[nodiscard]] const std::int64_t* of(const RowBatch& rows) const { return rows.labels == nullptr ? nullptr : index_; }

 private:
  std::int64_t index_[LogitBatch::most_rows];
};

void estimate_logit_rows(const LossTask& task, const RowBatch& rows, LossEstimate* out) {
  const std::size_t n = task.rows.classes;
  const std::size_t most = LogitBatch::rows_for(n, false);
  for (std::size_t first = 0; first < rows.count; first += most) {
    const std::size_t count = std::min(most, rows.count - first);
    const bool is_followed = first + count < rows.count;
    if (are_soft(task)) {
      estimate_soft_rows(task, some_rows(rows, first, count, n), is_followed, out + first);
      continue;
    }
    const RowBatch some = some_rows(rows, first, count, n);
    const Labels labels(task, some);
    double losses[LogitBatch::most_rows];
    LogitBatch batch;
    batch.x = some.output;
    batch.classes = n;
    batch.count = count;
    batch.is_followed = is_followed;
    batch.labels = labels.of(some);
    batch.targets = some.target;
    batch.losses = losses;
    const std::uint32_t left = compute_logit_batch(batch);
    for (std::size_t r = 0; r < count; ++r) {
      if ((left >> r & 1) == 0) {
        out[first + r] = estimate_of(losses[r]);
      } else if (task.target != nullptr) {
        estimate_soft_rows(task, one_row(rows, first + r, n), is_followed, out + first + r);
      } else {
        out[first + r] = general_estimate(task, one_row(rows, first + r, n));
      }
    }
  }
}

/// The gradients, and the losses, of runs of contiguous rows.
class LogitGradients {
 public:
  /// `losses` may be nullptr. With `overwrites` the gradient lies in the place of a tensor of the task.
  LogitGradients(const GradientTask& task, bool overwrites, bool streams, RowLosses* losses)
      : task_(task), n_(task.rows.classes), overwrites_(overwrites), streams_(streams), losses_(losses) {}

  void run(const RowBatch& rows, std::size_t first_row, float* gradient) {
    const std::size_t most = LogitBatch::rows_for(n_, true);
    for (std::size_t first = 0; first < rows.count; first += most) {
      const std::size_t count = std::min(most, rows.count - first);
      const RowBatch some = some_rows(rows, first, count, n_);
      const bool is_followed = first + count < rows.count;
      if (are_soft(task_)) {
        take_soft(some, is_followed, first_row + first, gradient + first * n_);
      } else {
        take(some, is_followed, first_row + first, gradient + first * n_);
      }
    }
  }

 private:
  void take(const RowBatch& rows, bool is_followed, std::size_t first_row, float* gradient) {
    const Labels labels(task_, rows);
    double losses[LogitBatch::most_rows];
    double factors[LogitBatch::most_rows];
    for (std::size_t r = 0; r < rows.count; ++r) factors[r] = task_.factor(first_row + r);
    LogitBatch batch;
    batch.x = rows.output;
    batch.classes = n_;
    batch.count = rows.count;
    batch.is_followed = is_followed;
    batch.labels = labels.of(rows);
    batch.targets = rows.target;
    batch.factors = factors;
    batch.result = gradient;
    batch.streams = streams_;
    batch.losses = losses;
    const std::uint32_t left = compute_logit_batch(batch);
    for (std::size_t r = 0; r < rows.count; ++r) {
      const RowBatch row = one_row(rows, r, n_);
      if ((left >> r & 1) == 0) {
        tell(first_row + r, estimate_of(losses[r]));
      } else if (task_.target != nullptr) {
        take_soft(row, is_followed, first_row + r, gradient + r * n_);
      } else {
        take_general(row, first_row + r, gradient + r * n_);
      }
    }
  }

  void take_soft(const RowBatch& rows, bool is_followed, std::size_t first_row, float* gradient) {
    SoftBatch batch = soft_batch(task_, rows, is_followed);
    double losses[SoftBatch::most_rows];
    double factors[SoftBatch::most_rows];
    for (std::size_t r = 0; r < rows.count; ++r) factors[r] = task_.factor(first_row + r);
    batch.losses = losses;
    batch.factors = factors;
    // What is completed reads the task's tensors.
    batch.gradient = overwrites_ ? scratch(rows.count) : gradient;
    const SoftOutcome outcome = compute_soft_batch(batch);
    for (std::size_t r = 0; r < rows.count; ++r) {
      if ((outcome.left >> r & 1) != 0) {
        take_general(one_row(rows, r, n_), first_row + r, batch.gradient + r * n_);
        continue;
      }
      tell(first_row + r, estimate_of(losses[r]));
      if ((outcome.incomplete >> r & 1) != 0) {
        careful::complete_gradient(task_, first_row + r, batch.gradient + r * n_);
      }
    }
    if (overwrites_) std::copy_n(batch.gradient, rows.count * n_, gradient);
  }

  void take_general(const RowBatch& row, std::size_t index, float* gradient) {
    // First what reads the row, then what may overwrite it.
    if (losses_ != nullptr) tell(index, general_estimate(task_, row));
    general_.resize(n_);
    GradientBatch batch;
    static_cast<RowBatch&>(batch) = row;
    batch.first = index;
    batch.gradient = general_.data();
    complete_entropy_gradient(task_, batch);
    std::copy(general_.begin(), general_.end(), gradient);
  }

  void tell(std::size_t row, const LossEstimate& estimate) {
    if (losses_ != nullptr) losses_->take(row, estimate);
  }

  float* scratch(std::size_t rows) {
    scratch_.resize(rows * n_);
    return scratch_.data();
  }

  const GradientTask& task_;
  std::size_t n_;
  bool overwrites_, streams_;
  RowLosses* losses_;
  std::vector<float> general_, scratch_;
};

}  // namespace

EstimateRow* cross_entropy_rows(const LossTask& task, const LossOptions& options) {
  bool in_floats = task.probabilities == Probabilities::from_logits && task.class_weights == nullptr &&
                   (task.smoothing == 0 || task.target != nullptr);
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
  const bool overwrites = is_contiguous && (gradient == task.output || gradient == task.target);
  LogitGradients gradients(task, overwrites, streams, loss == nullptr ? nullptr : &losses);
  std::vector<float> output;
  std::vector<float> target;
  RowRuns runs(task.rows);
  for (RowRun run = runs.next(); run.count != 0; run = runs.next()) {
    RowBatch rows = {gather(task.output, task.rows, run, output), nullptr, nullptr, run.count};
    if (task.target != nullptr) rows.target = gather(task.target, task.rows, run, target);
    if (task.labels != nullptr) rows.labels = task.labels + run.first;
    float* result = is_contiguous ? gradient + run.first * task.rows.classes : output.data();
    gradients.run(rows, run.first, result);
    if (!is_contiguous) scatter(output, task.rows, run, gradient);
  }
  if (streams) flush_streams();
  if (loss != nullptr) losses.finish();
}

}  // namespace lossaudit::fast
