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

/// A term of a sum: in 1200 bits where doubles have not the range for it.
struct Term {
  DoubleDouble value;
  std::optional<Wide> wide = std::nullopt;
};

bool is_extreme(DoubleDouble x) {
  const double size = std::abs(x.hi);
  return (size < 0x1p-900 && size != 0) || (size > 0x1p900 && size < infinity);
}

/// s L, where L is the loss in double-doubles.
Term weighted_loss(const Task& task, std::size_t index, DoubleDouble loss) {
  const double s = task.sample_weight(index);
  if (std::isnan(loss.hi)) return {loss};
  if (s == 0) return {0};
  const DoubleDouble product = DoubleDouble(s) * loss;
  if (!std::isfinite(s)) return {product};
  const bool has_weight = std::abs(s) > 1 || task.pos_weight != 1 || task.class_weights != nullptr;
  // Lost below the least double, or beyond the largest, on its way; or a weight times a target that is nearly so.
  const bool is_lost = (loss.hi == 0 && has_weight) || std::isinf(loss.hi) || is_extreme(loss) || is_extreme(product) ||
                       std::isinf(product.hi);
  const bool has_lost_target =
      task.kind == LossKind::binary && task.pos_weight != 1 && std::abs(task.target[index]) < 0x1p-900;
  if (!is_lost && !has_lost_target) return {product};
  return {product, Wide(careful::loss_of<Wide>(task, index).value * s)};
}

/// What a loss counts in a mean of dialect exact: its sample weight, times its targets' class weights.
Term weight_of(const Task& task, std::size_t row) {
  const double s = task.sample_weight(row);
  if (!task.needs_weights) return {s};
  const auto product = [&]<class T>(const T& one) {
    if (task.labels != nullptr) {
      const std::int64_t label = task.labels[row];
      return T(one * T(is_class(label, task.rows.classes) ? task.class_weights[label] : not_a_number));
    }
    const RowViewOf<double> target = row_of(task.rows, task.target, row);
    T sum(0.0);
    for (std::size_t i = 0; i < target.size; ++i) {
      if (task.class_weight(i) != 0 && target[i] != 0) sum = sum + T(task.class_weight(i)) * T(target[i]);
    }
    return T(one * sum);
  };
  const DoubleDouble close = product(DoubleDouble(1));
  if (s == 0 && !std::isnan(close.hi)) return {0};
  const DoubleDouble weighted = DoubleDouble(s) * close;
  const bool is_finite = std::isfinite(s) && task.finite_class_weights && !std::isnan(close.hi);
  const bool is_lost = is_extreme(close) || is_extreme(weighted) || std::isinf(weighted.hi);
  if (!is_finite || !is_lost) return {weighted};
  return {weighted, product(Wide(s))};
}

/// A sum, exact but for what 1200 bits round away of its extreme terms.
class Sum {
 public:
  void add(const Term& term) {
    if (term.wide) {
      wide_ = wide_ ? Wide(*wide_ + *term.wide) : *term.wide;
    } else {
      sum_.add(term.value.hi);
      sum_.add(term.value.lo);
    }
  }

  [[nodiscard]] Term total() const {
    const DoubleDouble sum = sum_.value();
    if (!wide_ || !std::isfinite(sum.hi)) return {sum};
    return {sum, Wide(*wide_ + sum.hi + sum.lo)};
  }

 private:
  ExactSum sum_;
  std::optional<Wide> wide_;
};

Wide wide(const Term& term) { return term.wide ? *term.wide : Wide(Wide(term.value.hi) + term.value.lo); }

/// total / divisor, rounded once; NaN for a divisor of 0.
double quotient(const Term& total, const Term& divisor) {
  const bool is_wide = total.wide || divisor.wide;
  if (divisor.wide ? *divisor.wide == 0 : divisor.value.hi == 0) return not_a_number;
  if (!is_wide) return (total.value / divisor.value).hi;
  return to_double(wide(total) / wide(divisor));
}

/// One loss each, or their exact sum, or mean.
void compute(const Task& task, const Options& options, double* result) {
  Losses losses(task);
  Sum sum;
  Sum weight;
  std::size_t counted = 0;
  for (std::size_t i = 0; i < task.losses(); ++i) {
    const Term loss = task.ignores(i) ? Term{0} : weighted_loss(task, i, losses(i));
    if (options.reduction == Reduction::none) {
      result[i] = loss.wide ? to_double(*loss.wide) : loss.value.hi;
    } else if (!task.ignores(i)) {
      sum.add(loss);
      weight.add(weight_of(task, i));
      counted += task.sample_weight(i) != 0 ? 1 : 0;
    }
  }
  if (options.reduction == Reduction::none) return;
  Term divisor = {1};
  if (options.divisor) {
    divisor = {*options.divisor};
  } else if (options.reduction == Reduction::mean) {
    divisor = options.dialect == Dialect::keras1 ? Term{static_cast<double>(counted)} : weight.total();
  }
  result[0] = quotient(sum.total(), divisor);
}

}  // namespace

void binary_crossentropy(const double* target, const double* output, double* result, std::size_t n,
                         const Options& options) {
  compute(binary_crossentropy_task(target, output, n, options), options, result);
}

void categorical_crossentropy(const double* target, const double* output, double* result, const Rows& rows,
                              const Options& options) {
  require_classes(rows);
  compute(categorical_crossentropy_task(target, output, rows, options), options, result);
}

void sparse_categorical_crossentropy(const std::int64_t* labels, const double* output, double* result, const Rows& rows,
                                     const Options& options) {
  require_classes(rows);
  compute(sparse_categorical_crossentropy_task(labels, output, rows, options), options, result);
}

void cross_entropy_error(const double* target, const double* p, double* result, const Rows& rows,
                         const Options& options) {
  require_classes(rows);
  compute(cross_entropy_error_task(target, p, rows, options), options, result);
}

}  // namespace lossaudit::fast
