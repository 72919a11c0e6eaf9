// The cross-entropies of doubles, in double-doubles: where nothing cancels, every loss and sum is rounded but once.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "fast/careful_loss.hpp"
#include "fast/double_double.hpp"
#include "fast/double_row.hpp"
#include "fast/exact_sum.hpp"
#include "fast/loss_options.hpp"
#include "fast/loss_task.hpp"
#include "fast/losses.hpp"
#include "fast/row_layout.hpp"
#include "fast/wide.hpp"

namespace lossaudit::fast {
namespace {

using Task = LossTaskOf<double>;
using Options = LossOptionsOf<double>;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// a * b, where 0 times an infinity is 0.
DoubleDouble scaled_product(DoubleDouble a, DoubleDouble b) {
  const bool vanishes = (a.hi == 0 || b.hi == 0) && !std::isnan(a.hi) && !std::isnan(b.hi);
  return vanishes ? DoubleDouble(0) : a * b;
}

/// -ln p_i = (m - x_i) + ln Σ e^(x_j - m) of a row of logits, neither negative.
class Surprise {
 public:
  explicit Surprise(const DoubleRow& row) : row_(row), has_limit_(!row.is_finite() && row.has_limit()) {
    if (row.is_finite()) log_ = row.log_of_sum();
  }

  [[nodiscard]] bool exists() const { return row_.is_finite() || has_limit_; }
  [[nodiscard]] DoubleDouble operator[](std::size_t i) const {
    if (has_limit_) return row_[i] == infinity ? 0 : infinity;
    if (std::isinf(row_[i])) return infinity;
    return two_sum(row_.maximum(), -row_[i]) + log_;
  }

 private:
  const DoubleRow& row_;
  bool has_limit_;
  DoubleDouble log_;
};

/// The losses of a task one by one, before their sample weights.
class Losses {
 public:
  explicit Losses(const Task& task) : task_(task) {}

  DoubleDouble operator()(std::size_t index) {
    if (task_.kind == LossKind::binary || task_.probabilities != Probabilities::from_logits) {
      return careful::loss_of<DoubleDouble>(task_, index).value;
    }
    const DoubleRow row(contiguous(task_.output, task_.rows, index, logits_), task_.rows.classes);
    const Surprise surprise(row);
    if (!surprise.exists()) return not_a_number;
    if (task_.labels != nullptr) return of_label(surprise, task_.labels[index]);
    return of_targets(surprise, contiguous(task_.target, task_.rows, index, targets_));
  }

 private:
  [[nodiscard]] DoubleDouble term(const Surprise& surprise, std::size_t i, double target) const {
    const double w = task_.class_weight(i);
    // A target may be subnormal: it comes last.
    if (task_.smoothing == 0) return scaled_product(scaled_product(w, surprise[i]), target);
    return scaled_product(careful::coefficient<DoubleDouble>(task_, w, target, task_.rows.classes).value, surprise[i]);
  }

  [[nodiscard]] DoubleDouble of_targets(const Surprise& surprise, const double* target) const {
    DoubleDouble sum;
    for (std::size_t i = 0; i < task_.rows.classes; ++i) {
      if (!std::isfinite(target[i])) return not_a_number;
      if (target[i] != 0 || task_.smoothing != 0) sum = sum + term(surprise, i, target[i]);
    }
    return sum;
  }

  [[nodiscard]] DoubleDouble of_label(const Surprise& surprise, std::int64_t label) const {
    if (!is_class(label, task_.rows.classes)) return not_a_number;
    const auto own = static_cast<std::size_t>(label);
    if (task_.smoothing == 0) return term(surprise, own, 1);
    DoubleDouble sum;
    for (std::size_t i = 0; i < task_.rows.classes; ++i) sum = sum + term(surprise, i, i == own ? 1 : 0);
    return sum;
  }

  const Task& task_;
  std::vector<double> logits_, targets_;
};

/// Whether a loss may have lost digits below the smallest double, or passed through an infinity, on its way.
bool is_beyond_doubles(const Task& task, std::size_t index, DoubleDouble loss) {
  const double size = std::abs(loss.hi);
  const bool has_weight =
      std::abs(task.sample_weight(index)) > 1 || task.pos_weight != 1 || task.class_weights != nullptr;
  if (size == 0) return has_weight;
  // The weight and a target that is nearly subnormal are multiplied first.
  if (task.kind == LossKind::binary && task.pos_weight != 1 && std::abs(task.target[index]) < 0x1p-900) return true;
  return size < 0x1p-900 || size > 0x1p900;
}

/// Σ s L, exactly, but for what 1200 bits round away of the losses beyond doubles.
class WeightedSum {
 public:
  void add(DoubleDouble weighted) {
    sum_.add(weighted.hi);
    sum_.add(weighted.lo);
  }
  void add(const Wide& weighted) { wide_ = wide_ ? Wide(*wide_ + weighted) : weighted; }

  /// The sum divided by `divisor`, rounded.
  [[nodiscard]] double over(DoubleDouble divisor) const {
    const DoubleDouble sum = sum_.value();
    if (!wide_ || !std::isfinite(sum.hi)) return (sum / divisor).hi;
    return to_double((*wide_ + sum.hi + sum.lo) / (Wide(divisor.hi) + divisor.lo));
  }

 private:
  ExactSum sum_;
  std::optional<Wide> wide_;
};

/// What a loss counts in a mean of dialect exact, before its sample weight: 1, or its targets' class weights.
DoubleDouble weight_of(const Task& task, std::size_t row) {
  if (!task.needs_weights) return 1;
  if (task.labels != nullptr) {
    const std::int64_t label = task.labels[row];
    return is_class(label, task.rows.classes) ? task.class_weights[label] : not_a_number;
  }
  const RowViewOf<double> target = row_of(task.rows, task.target, row);
  DoubleDouble sum;
  for (std::size_t i = 0; i < target.size; ++i) sum = sum + scaled_product(task.class_weight(i), target[i]);
  return sum;
}

/// One loss each, or their exact sum, or mean.
void compute(const Task& task, const Options& options, double* result) {
  Losses losses(task);
  WeightedSum sum;
  ExactSum weight;
  std::size_t counted = 0;
  for (std::size_t i = 0; i < task.losses(); ++i) {
    const bool is_kept = !task.ignores(i);
    const double s = task.sample_weight(i);
    DoubleDouble loss = is_kept ? losses(i) : DoubleDouble(0);
    std::optional<Wide> wide;
    if (s == 0 && !std::isnan(loss.hi)) {
      loss = 0;
    } else if (is_kept && is_beyond_doubles(task, i, loss)) {
      wide = Wide(careful::loss_of<Wide>(task, i).value * s);
    } else {
      loss = DoubleDouble(s) * loss;
    }
    if (options.reduction == Reduction::none) {
      result[i] = wide ? to_double(*wide) : loss.hi;
    } else if (is_kept) {
      wide ? sum.add(*wide) : sum.add(loss);
      const DoubleDouble w = scaled_product(s, weight_of(task, i));
      weight.add(w.hi);
      weight.add(w.lo);
      counted += s != 0 ? 1 : 0;
    }
  }
  if (options.reduction == Reduction::none) return;
  DoubleDouble divisor = 1;
  if (options.divisor) {
    divisor = *options.divisor;
  } else if (options.reduction == Reduction::mean) {
    divisor = options.dialect == Dialect::keras1 ? DoubleDouble(static_cast<double>(counted)) : weight.value();
  }
  result[0] = divisor.hi == 0 ? not_a_number : sum.over(divisor);
}

}  // namespace

void binary_crossentropy(const double* target, const double* output, double* result, std::size_t n,
                         const Options& options) {
  constexpr Takes takes = {.keras1 = true, .from_logits = true, .label_smoothing = true, .pos_weight = true};
  Task task = make_task("binary_crossentropy", takes, options, {n, 1, 1}, 2);
  task.kind = LossKind::binary;
  task.target = target;
  task.output = output;
  task.probabilities = probabilities_of(options, Probabilities::plain, Probabilities::clipped);
  compute(task, options, result);
}

void categorical_crossentropy(const double* target, const double* output, double* result, const Rows& rows,
                              const Options& options) {
  constexpr Takes takes = {.keras1 = true, .from_logits = true, .label_smoothing = true, .class_weights = true};
  require_classes(rows);
  Task task = make_task("categorical_crossentropy", takes, options, rows, rows.classes);
  task.target = target;
  task.output = output;
  task.probabilities = probabilities_of(options, Probabilities::normalised, Probabilities::normalised_clipped);
  compute(task, options, result);
}

void sparse_categorical_crossentropy(const std::int64_t* labels, const double* output, double* result, const Rows& rows,
                                     const Options& options) {
  constexpr Takes takes = {
      .keras1 = true, .from_logits = true, .label_smoothing = true, .class_weights = true, .ignore_index = true};
  require_classes(rows);
  Task task = make_task("sparse_categorical_crossentropy", takes, options, rows, rows.classes);
  task.labels = labels;
  task.output = output;
  task.probabilities = probabilities_of(options, Probabilities::normalised, Probabilities::clipped_normalised);
  compute(task, options, result);
}

void cross_entropy_error(const double* target, const double* p, double* result, const Rows& rows,
                         const Options& options) {
  constexpr Takes takes = {.class_weights = true};
  require_classes(rows);
  Task task = make_task("cross_entropy_error", takes, options, rows, rows.classes);
  task.target = target;
  task.output = p;
  compute(task, options, result);
}

}  // namespace lossaudit::fast
