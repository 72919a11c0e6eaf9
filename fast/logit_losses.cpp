#include "fast/logit_losses.hpp"

#include <algorithm>
#include <bit>
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
#include "fast/soft_completion.hpp"
#include "hwy/aligned_allocator.h"

namespace lossaudit::fast {
namespace {

RowBatch some_rows(const RowBatch& rows, std::size_t first, std::size_t count, std::size_t n) {
  return {rows.output + first * n, rows.target == nullptr ? nullptr : rows.target + first * n,
          rows.labels == nullptr ? nullptr : rows.labels + first, count};
}

LossEstimate general_estimate(const LossTask& task, const RowBatch& row) {
  LossEstimate estimate = {{std::numeric_limits<double>::quiet_NaN(), 0}, {1, 1}};
  estimate_entropy_rows(task, row, &estimate);
  return estimate;
}

/// A bit for each of so many rows.
std::uint64_t all_of(std::size_t count) { return ~std::uint64_t{0} >> (LogitBatch::most_rows - count); }

/// Some rows of a batch, together as SoftBatch wants them: copies, unless they are neighbours.
class PickedRows {
 public:
  /// Takes off `left`, which is not 0, what it picks.
  void pick(const RowBatch& rows, std::size_t n, std::uint64_t& left) {
    const std::size_t most = n <= SoftBatch::short_row ? SoftBatch::most_rows : 1;
    first_ = static_cast<std::size_t>(std::countr_zero(left));
    const auto neighbours = static_cast<std::size_t>(std::countr_one(left >> first_));
    const std::uint64_t others = neighbours < most ? left & ~(all_of(neighbours) << first_) : 0;
    are_copies_ = others != 0;
    if (!are_copies_) {
      count_ = std::min(neighbours, most);
      rows_ = some_rows(rows, first_, count_, n);
      left &= ~(all_of(count_) << first_);
      return;
    }
    output_.resize(most * n);
    target_.resize(most * n);
    for (count_ = 0; left != 0 && count_ < most; left &= left - 1, ++count_) {
      index_[count_] = static_cast<std::size_t>(std::countr_zero(left));
      std::copy_n(rows.output + index_[count_] * n, n, output_.data() + count_ * n);
      std::copy_n(rows.target + index_[count_] * n, n, target_.data() + count_ * n);
    }
    rows_ = {output_.data(), target_.data(), nullptr, count_};
  }
  [[nodiscard]] std::size_t size() const { return count_; }
  /// The number in the batch of the i-th.
  std::size_t operator[](std::size_t i) const { return are_copies_ ? index_[i] : first_ + i; }
  [[nodiscard]] const RowBatch& rows() const { return rows_; }
  [[nodiscard]] bool are_copies() const { return are_copies_; }

 private:
  std::size_t first_ = 0, count_ = 0;
  bool are_copies_ = false;
  std::size_t index_[SoftBatch::most_rows];
  RowBatch rows_;
  std::vector<float> output_, target_;
};

/// Where losses go: into a call's, or to their places among estimates; or nowhere.
struct LossSink {
  RowLosses* losses = nullptr;
  LossEstimate* estimates = nullptr;

  [[nodiscard]] bool is_open() const { return losses != nullptr || estimates != nullptr; }
  void take(std::size_t row, const LossEstimate& estimate) const {
    if (losses != nullptr) losses->take(row, estimate);
    if (estimates != nullptr) estimates[row] = estimate;
  }
  void take_near(std::size_t first, const double* near, std::size_t count) const {
    if (losses != nullptr) losses->take_near(first, near, count);
    for (std::size_t r = 0; r < count && estimates != nullptr; ++r) estimates[first + r] = near_estimate(near[r]);
  }
};

/// The losses and the gradients of runs of contiguous rows.
class LogitLosses {
 public:
  /// With `overwrites` the gradient lies in the place of a tensor of the task.
  LogitLosses(const GradientTask& task, const LossSink& sink, bool overwrites, bool streams)
      : task_(task), n_(task.rows.classes), sink_(sink), overwrites_(overwrites), streams_(streams) {
    if (has_one_factor()) std::fill_n(factors_, LogitBatch::most_rows, task.factor(0));
  }

  /// `gradient` may be nullptr: losses alone.
  void run(const RowBatch& rows, std::size_t first_row, float* gradient) {
    const std::size_t most = LogitBatch::rows_for(n_, gradient != nullptr);
    for (std::size_t first = 0; first < rows.count; first += most) {
      const std::size_t count = std::min(most, rows.count - first);
      const RowBatch some = some_rows(rows, first, count, n_);
      const bool is_followed = first + count < rows.count;
      float* to = gradient == nullptr ? nullptr : gradient + first * n_;
      const bool is_smoothed = task_.target != nullptr && task_.smoothing != 0;
      const std::uint64_t left = is_smoothed ? all_of(count) : take_hard(some, is_followed, first_row + first, to);
      if (task_.target != nullptr) {
        take_soft(some, is_followed, left, first_row + first, to);
      } else {
        take_general(some, left, first_row + first, to);
      }
    }
  }

 private:
  [[nodiscard]] bool has_one_factor() const {
    return task_.sample_weights == nullptr && (task_.upstream == nullptr || task_.reduces);
  }
  double factor(std::size_t row) const { return has_one_factor() ? factors_[0] : task_.factor(row); }

  /// Gives a bit for every row that is left.
  std::uint64_t take_hard(const RowBatch& rows, bool is_followed, std::size_t first_row, float* gradient) {
    double losses[LogitBatch::most_rows];
    LogitBatch batch;
    batch.x = rows.output;
    batch.classes = n_;
    batch.count = rows.count;
    batch.is_followed = is_followed;
    batch.labels = rows.labels;
    batch.ignored = task_.ignore_index.value_or(-1);
    batch.targets = rows.target;
    batch.losses = losses;
    if (gradient != nullptr) {
      for (std::size_t r = 0; r < rows.count && !has_one_factor(); ++r) factors_[r] = task_.factor(first_row + r);
      batch.factors = factors_;
      batch.result = gradient;
      batch.streams = streams_;
    }
    const std::uint64_t left = compute_logit_batch(batch);
    if (left == 0) {
      sink_.take_near(first_row, losses, rows.count);
    } else {
      for (std::size_t r = 0; r < rows.count; ++r) {
        if ((left >> r & 1) == 0) sink_.take(first_row + r, near_estimate(losses[r]));
      }
    }
    return left;
  }

  void take_soft(const RowBatch& rows, bool is_followed, std::uint64_t left, std::size_t first_row, float* gradient) {
    while (left != 0) {
      picked_.pick(rows, n_, left);
      double losses[SoftBatch::most_rows];
      double factors[SoftBatch::most_rows];
      SoftBatch batch;
      batch.x = picked_.rows().output;
      batch.target = picked_.rows().target;
      batch.classes = n_;
      batch.count = picked_.size();
      batch.is_followed = !picked_.are_copies() && (is_followed || picked_[picked_.size()] < rows.count);
      batch.keep = task_.keep;
      batch.share = task_.share;
      batch.losses = losses;
      // What is completed reads the task's tensors.
      const bool is_copied = overwrites_ || picked_.are_copies();
      if (gradient != nullptr) {
        for (std::size_t i = 0; i < picked_.size(); ++i) factors[i] = factor(first_row + picked_[i]);
        batch.factors = factors;
        batch.gradient = is_copied ? scratch(picked_.size()) : gradient + picked_[0] * n_;
        if (room_ == nullptr && SoftBatch::room_for(n_) != 0)
          room_ = hwy::AllocateAligned<double>(SoftBatch::room_for(n_));
        batch.room = room_.get();
      }
      const SoftOutcome outcome = compute_soft_batch(batch);
      if (outcome.left == 0 && outcome.incomplete == 0 && !picked_.are_copies()) {
        sink_.take_near(first_row + picked_[0], losses, picked_.size());
        if (is_copied && gradient != nullptr) {
          std::copy_n(batch.gradient, picked_.size() * n_, gradient + picked_[0] * n_);
        }
        continue;
      }
      for (std::size_t i = 0; i < picked_.size(); ++i) {
        const std::size_t row = first_row + picked_[i];
        float* to = gradient == nullptr ? nullptr : batch.gradient + i * n_;
        if ((outcome.left >> i & 1) != 0) {
          take_general_row(some_rows(picked_.rows(), i, 1, n_), row, to);
          continue;
        }
        sink_.take(row, near_estimate(losses[i]));
        if ((outcome.incomplete >> i & 1) != 0 && !complete_soft_gradient(batch, i)) {
          careful::complete_gradient(task_, row, to);
        }
      }
      for (std::size_t i = 0; i < picked_.size() && gradient != nullptr && is_copied; ++i) {
        std::copy_n(batch.gradient + i * n_, n_, gradient + picked_[i] * n_);
      }
    }
  }

  void take_general(const RowBatch& rows, std::uint64_t left, std::size_t first_row, float* gradient) {
    for (; left != 0; left &= left - 1) {
      const auto r = static_cast<std::size_t>(std::countr_zero(left));
      take_general_row(some_rows(rows, r, 1, n_), first_row + r, gradient == nullptr ? nullptr : gradient + r * n_);
    }
  }

  void take_general_row(const RowBatch& row, std::size_t index, float* gradient) {
    // First what reads the row, then what may overwrite it.
    if (sink_.is_open()) sink_.take(index, general_estimate(task_, row));
    if (gradient == nullptr) return;
    general_.resize(n_);
    GradientBatch batch;
    static_cast<RowBatch&>(batch) = row;
    batch.first = index;
    batch.gradient = general_.data();
    complete_entropy_gradient(task_, batch);
    std::copy(general_.begin(), general_.end(), gradient);
  }

  float* scratch(std::size_t rows) {
    scratch_.resize(rows * n_);
    return scratch_.data();
  }

  const GradientTask& task_;
  std::size_t n_;
  LossSink sink_;
  bool overwrites_, streams_;
  double factors_[LogitBatch::most_rows];
  PickedRows picked_;
  std::vector<float> general_, scratch_;
  hwy::AlignedFreeUniquePtr<double[]> room_;
};

GradientTask losses_of(const LossTask& task) {
  GradientTask losses;
  static_cast<LossTask&>(losses) = task;
  return losses;
}

void estimate_logit_rows(const LossTask& task, const RowBatch& rows, LossEstimate* out) {
  LogitLosses(losses_of(task), {.losses = nullptr, .estimates = out}, false, false).run(rows, 0, nullptr);
}

/// Gradient or loss may be nullptr.
void run_logit_losses(const LossCall& call, const GradientTask& task, float* gradient, float* loss) {
  require_classes(task.rows);
  const bool is_contiguous = task.rows.inner == 1;
  const bool is_written = gradient != nullptr && is_contiguous;
  const bool streams = is_written && gradient != task.target &&
                       should_stream(task.output, gradient, task.rows.outer * task.rows.classes);
  RowLosses losses(call, loss);
  const bool overwrites = is_written && (gradient == task.output || gradient == task.target);
  LogitLosses both(task, {.losses = loss == nullptr ? nullptr : &losses, .estimates = nullptr}, overwrites, streams);
  std::vector<float> output;
  std::vector<float> target;
  RowRuns runs(task.rows);
  for (RowRun run = runs.next(); run.count != 0; run = runs.next()) {
    RowBatch rows = {gather(task.output, task.rows, run, output), nullptr, nullptr, run.count};
    if (task.target != nullptr) rows.target = gather(task.target, task.rows, run, target);
    if (task.labels != nullptr) rows.labels = task.labels + run.first;
    if (gradient == nullptr) {
      both.run(rows, run.first, nullptr);
    } else if (is_contiguous) {
      both.run(rows, run.first, gradient + run.first * task.rows.classes);
    } else {
      both.run(rows, run.first, output.data());
      scatter(output, task.rows, run, gradient);
    }
  }
  if (streams) flush_streams();
  if (loss != nullptr) losses.finish();
}

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

void compute_cross_entropy(const LossCall& call, float* loss) {
  if (call.estimate_rows != estimate_logit_rows) return compute_row_losses(call, loss);
  run_logit_losses(call, losses_of(call.task), nullptr, loss);
}

void compute_cross_entropy_gradient(const LossCall& call, const float* upstream, float* gradient, float* loss) {
  const GradientTask task = gradient_of(call.task, call.options, upstream);
  if (call.estimate_rows == estimate_logit_rows) return run_logit_losses(call, task, gradient, loss);
  if (loss != nullptr) compute_row_losses(call, loss);
  compute_entropy_gradient(task, gradient);
}

}  // namespace lossaudit::fast
