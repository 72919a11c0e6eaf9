#include "fast/loss_options.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace lossaudit::fast {
namespace {

/// Which options a loss takes.
struct Takes {
  bool keras1 = false, from_logits = false, label_smoothing = false, pos_weight = false;
  bool class_weights = false, ignore_index = false;
};

// Keras 1's K.epsilon(): keras/backend/common.py, _EPSILON.
constexpr double keras1_epsilon = 1e-7;

/// The bits of a number's significand, and the exponent of its smallest normal value.
struct Precision {
  int bits, min_exponent;
};
constexpr Precision precision_of(Format format) {
  switch (format) {
    case Format::f64:
      return {53, -1022};
    case Format::f32:
      return {24, -126};
    case Format::f16:
      return {11, -14};
    default:
      return {8, -126};
  }
}

/// x rounded to nearest even; x is at most the format's largest number.
double rounded_to(Format format, double x) {
  if (x == 0 || x == 1) return x;  // the usual options, whose rounding would take as long as a thousand losses
  const Precision precision = precision_of(format);
  const int exponent = x == 0 ? 0 : std::max(std::ilogb(x), precision.min_exponent);
  const int last_place = exponent - precision.bits + 1;
  return std::ldexp(std::nearbyint(std::ldexp(x, -last_place)), last_place);
}

double largest(Format format) {
  const Precision precision = precision_of(format);
  return std::ldexp(2 - std::ldexp(1.0, 1 - precision.bits), 1 - precision.min_exponent);
}

/// What is wrong with the options, or "".
template <class V>
std::string objection(const Takes& takes, const LossOptionsOf<V>& o) {
  if (o.dialect == Dialect::keras1 && !takes.keras1) return "is not defined in the dialect keras1";
  if (o.from_logits && !takes.from_logits) return "takes no from_logits";
  if (o.label_smoothing != 0 && !takes.label_smoothing) return "takes no label_smoothing";
  if (!(o.label_smoothing >= 0 && o.label_smoothing <= 1)) return "takes a label_smoothing from 0 to 1";
  if (o.pos_weight != 1 && !takes.pos_weight) return "takes no pos_weight";
  if (o.pos_weight != 1 && !(std::abs(o.pos_weight) <= largest(o.constants)))
    return "takes a pos_weight that is finite in its format";
  if (o.class_weights != nullptr && !takes.class_weights) return "takes no class_weights";
  if (o.ignore_index && !takes.ignore_index) return "takes no ignore_index";
  if (o.epsilon && (o.dialect != Dialect::keras1 || o.from_logits)) return "takes an epsilon only where it clips";
  if (o.divisor && o.reduction != Reduction::mean) return "takes a divisor only for a mean";
  if (o.epsilon && !(*o.epsilon >= 0 && *o.epsilon < 0.5)) return "takes an epsilon from 0 to below 0.5";
  return "";
}

/// A task with every constant set and no tensor. `smoothed_classes` is the K of label smoothing.
template <class V>
LossTaskOf<V> make_task(const char* loss, const Takes& takes, const LossOptionsOf<V>& options, const Rows& rows,
                        std::size_t smoothed_classes) {
  if (const std::string why = objection(takes, options); !why.empty()) {
    throw std::invalid_argument(std::string(loss) + " " + why);
  }
  LossTaskOf<V> task;
  task.rows = rows;
  task.class_weights = options.class_weights;
  task.sample_weights = options.sample_weights;
  task.ignore_index = options.ignore_index;
  // The clip's bounds are values of the format (reference/semantics.md, "keras1").
  if (options.dialect == Dialect::keras1) {
    const double epsilon = options.epsilon.value_or(keras1_epsilon);
    task.clip_low = rounded_to(options.constants, epsilon);
    task.clip_high = rounded_to(options.constants, 1 - epsilon);
    task.clip_low_surprise = -std::log(task.clip_low);
    task.clip_high_surprise = -std::log(task.clip_high);
  }
  task.smoothing = rounded_to(options.constants, options.label_smoothing);
  task.keep = 1 - task.smoothing;
  task.share = task.smoothing / static_cast<double>(smoothed_classes);
  task.pos_weight = rounded_to(options.constants, options.pos_weight);
  task.needs_weights =
      options.class_weights != nullptr && options.reduction == Reduction::mean && options.dialect == Dialect::exact;
  for (std::size_t i = 0; options.class_weights != nullptr && i < rows.classes; ++i) {
    task.finite_class_weights = task.finite_class_weights && std::isfinite(options.class_weights[i]);
  }
  return task;
}

/// Logits when the options say so, else the way of their dialect.
template <class V>
Probabilities probabilities_of(const LossOptionsOf<V>& options, Probabilities exact, Probabilities keras1) {
  if (options.from_logits) return Probabilities::from_logits;
  return options.dialect == Dialect::keras1 ? keras1 : exact;
}

}  // namespace

template <class V>
LossTaskOf<V> binary_crossentropy_task(const V* target, const V* output, std::size_t n,
                                       const LossOptionsOf<V>& options) {
  constexpr Takes takes = {.keras1 = true, .from_logits = true, .label_smoothing = true, .pos_weight = true};
  LossTaskOf<V> task = make_task("binary_crossentropy", takes, options, {n, 1, 1}, 2);
  task.kind = LossKind::binary;
  task.target = target;
  task.output = output;
  task.probabilities = probabilities_of(options, Probabilities::plain, Probabilities::clipped);
  return task;
}

template <class V>
LossTaskOf<V> categorical_crossentropy_task(const V* target, const V* output, const Rows& rows,
                                            const LossOptionsOf<V>& options) {
  constexpr Takes takes = {.keras1 = true, .from_logits = true, .label_smoothing = true, .class_weights = true};
  LossTaskOf<V> task = make_task("categorical_crossentropy", takes, options, rows, rows.classes);
  task.target = target;
  task.output = output;
  task.probabilities = probabilities_of(options, Probabilities::normalised, Probabilities::normalised_clipped);
  return task;
}

template <class V>
LossTaskOf<V> sparse_categorical_crossentropy_task(const std::int64_t* labels, const V* output, const Rows& rows,
                                                   const LossOptionsOf<V>& options) {
  constexpr Takes takes = {
      .keras1 = true, .from_logits = true, .label_smoothing = true, .class_weights = true, .ignore_index = true};
  LossTaskOf<V> task = make_task("sparse_categorical_crossentropy", takes, options, rows, rows.classes);
  task.labels = labels;
  task.output = output;
  task.probabilities = probabilities_of(options, Probabilities::normalised, Probabilities::clipped_normalised);
  return task;
}

template <class V>
LossTaskOf<V> cross_entropy_error_task(const V* target, const V* p, const Rows& rows, const LossOptionsOf<V>& options) {
  LossTaskOf<V> task = make_task("cross_entropy_error", {.class_weights = true}, options, rows, rows.classes);
  task.target = target;
  task.output = p;
  return task;
}

template <class V>
LossTaskOf<V> mean_squared_error_task(const V* target, const V* output, const Rows& rows,
                                      const LossOptionsOf<V>& options) {
  LossTaskOf<V> task = make_task("mean_squared_error", {}, options, rows, rows.classes);
  task.kind = LossKind::squares;
  task.target = target;
  task.output = output;
  return task;
}

template LossTask binary_crossentropy_task(const float*, const float*, std::size_t, const LossOptions&);
template LossTask categorical_crossentropy_task(const float*, const float*, const Rows&, const LossOptions&);
template LossTask sparse_categorical_crossentropy_task(const std::int64_t*, const float*, const Rows&,
                                                       const LossOptions&);
template LossTask cross_entropy_error_task(const float*, const float*, const Rows&, const LossOptions&);
template LossTask mean_squared_error_task(const float*, const float*, const Rows&, const LossOptions&);

using DoubleOptions = LossOptionsOf<double>;
template LossTaskOf<double> binary_crossentropy_task(const double*, const double*, std::size_t, const DoubleOptions&);
template LossTaskOf<double> categorical_crossentropy_task(const double*, const double*, const Rows&,
                                                          const DoubleOptions&);
template LossTaskOf<double> sparse_categorical_crossentropy_task(const std::int64_t*, const double*, const Rows&,
                                                                 const DoubleOptions&);
template LossTaskOf<double> cross_entropy_error_task(const double*, const double*, const Rows&, const DoubleOptions&);

}  // namespace lossaudit::fast
