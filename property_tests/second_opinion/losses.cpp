#include <algorithm>
#include <cmath>
#include <numeric>

#include "property_tests/second_opinion/formulas.hpp"

namespace lossaudit::second_opinion {

namespace {

/// One loss before reduction: the row (or, binary, the element) and what belongs to it.
struct Item {
  std::vector<double> output;
  std::vector<double> target;  ///< dense, or one-hot from the label
  bool label_is_class = true;
  bool kept = true;
  double sample_weight = 1;
};

Rational scalar(const Contract& contract, double given, Fault fault) {
  return fault == Fault::scalars_not_rounded ? Rational(given) : nearest(contract.format, Rational(given));
}

Rational epsilon(const Contract& contract) { return Rational(contract.options.epsilon.value_or(1e-7)); }

/// min(max(o, lo), hi).
Rational clip(const Contract& contract, const Rational& o, Fault fault) {
  Rational lo = epsilon(contract);
  Rational hi = 1 - lo;
  if (fault != Fault::epsilon_not_rounded) {
    lo = nearest(contract.format, lo);
    hi = nearest(contract.format, hi);
  }
  if (fault == Fault::no_upper_clip) hi = std::max(hi, Rational(1));
  return std::min(std::max(o, lo), hi);
}

/// What clips as o does: o itself, and a number beyond either end for an infinity.
Rational clippable(double o) { return std::isinf(o) ? Rational(o > 0 ? 2 : -1) : Rational(o); }

/// ln p with the dialect's own treatment of p already done.
Value log_probability(const Contract& contract, const Rational& p, Fault fault) {
  return log_of(fault == Fault::epsilon_added_to_log ? Rational(p + epsilon(contract)) : p);
}

bool outside(double p) { return p < 0 || p > 1; }

/// o / Σo with an infinite output taken to its limit; empty when there is none.
std::vector<Rational> normalised(const std::vector<double>& row) {
  const auto infinite = std::count_if(row.begin(), row.end(), [](double o) { return std::isinf(o); });
  std::vector<Rational> result;
  if (infinite > 1) return result;
  Rational sum = 0;
  for (const double o : row) sum += std::isinf(o) ? Rational(0) : Rational(o);
  if (infinite == 0 && sum == 0) return result;
  for (const double o : row) {
    if (infinite == 1) {
      result.emplace_back(std::isinf(o) ? 1 : 0);
    } else {
      result.push_back(Rational(o) / sum);
    }
  }
  return result;
}

/// ln of the probability of each class, from probabilities; empty when the row gives NaN.
std::vector<Value> log_probabilities(const Contract& contract, const std::vector<double>& row, Fault fault) {
  const bool exact = contract.dialect == Dialect::exact;
  const bool normalises = contract.function != Function::cross_entropy_error && fault != Fault::not_normalised;
  if (exact && fault != Fault::domain_unchecked && std::any_of(row.begin(), row.end(), outside)) return {};

  std::vector<Rational> p;
  const bool clip_first = !exact && contract.function == Function::sparse_categorical_crossentropy &&
                          fault != Fault::normalised_before_clip;
  if (clip_first) {
    for (const double o : row) p.push_back(clip(contract, clippable(o), fault));
    const Rational sum = std::accumulate(p.begin(), p.end(), Rational(0));
    if (sum == 0) return {};
    for (Rational& each : p) {
      if (normalises) each /= sum;
    }
  } else {
    if (normalises) {
      p = normalised(row);
    } else {
      for (const double o : row) p.push_back(clippable(o));
    }
    for (Rational& each : p) {
      if (!exact) each = clip(contract, each, fault);
      if (each < 0) each = 0;  // reached by a fault alone
    }
  }
  std::vector<Value> logs;
  for (const Rational& each : p) logs.push_back(log_probability(contract, each, fault));
  return logs;
}

Value smoothed(const Contract& contract, double target, std::size_t classes, Fault fault) {
  const Rational alpha = scalar(contract, contract.options.label_smoothing, fault);
  const long share = static_cast<long>(classes) - (fault == Fault::smoothing_over_others ? 1 : 0);
  if (alpha == 0 || share == 0) return Value(target);
  return Value(Rational(1 - alpha)) * Value(target) + Value(Rational(alpha / share));
}

bool any_nan(const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); });
}

bool any_infinite(const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(), [](double v) { return std::isinf(v); });
}

Value binary(const Contract& contract, const Item& item, Fault fault) {
  const double o = item.output[0];
  if (any_nan(item.output) || any_nan(item.target) || any_infinite(item.target)) return Value::nan();
  const Value t = smoothed(contract, item.target[0], 2, fault);
  const Value w(contract.options.pos_weight ? scalar(contract, *contract.options.pos_weight, fault) : Rational(1));
  const Value positive = w * t;
  const Value negative = (fault == Fault::pos_weight_on_both ? w : Value(1.0)) * (Value(1.0) - t);
  if (contract.options.from_logits) {
    if (std::isinf(o) || !positive.is_finite())
      return term(positive, softplus(-o, fault)) + term(negative, softplus(o, fault));
    // a·softplus(−x) + b·softplus(x) = a max(−x, 0) + b max(x, 0) + (a + b) ln(1 + e^−|x|)
    return positive * Value(std::max(-o, 0.0)) + negative * Value(std::max(o, 0.0)) +
           (positive + negative) * softplus(-std::fabs(o), fault);
  }
  if (contract.dialect == Dialect::exact && (outside(o) && (fault != Fault::domain_unchecked || std::isinf(o)))) {
    return Value::nan();
  }
  const Rational p = contract.dialect == Dialect::exact ? Rational(o) : clip(contract, clippable(o), fault);
  Rational complement = 1 - p;
  if (fault == Fault::complement_rounded) complement = nearest(contract.format, complement);
  const auto magnitude = [](const Rational& q) { return q < 0 ? Rational(-q) : q; };  // a fault alone reaches q < 0
  const Value second = term(negative, log_probability(contract, magnitude(complement), fault));
  return -term(positive, log_probability(contract, magnitude(p), fault)) +
         (fault == Fault::log_sign ? second : -second);
}

Value class_weight(const Batch& batch, const Item& item, std::size_t i, Fault fault) {
  if (batch.class_weights.empty()) return Value(1.0);
  if (fault != Fault::class_weight_of_label) return Value(batch.class_weights[i]);
  const auto label = std::max_element(item.target.begin(), item.target.end()) - item.target.begin();
  return Value(batch.class_weights[static_cast<std::size_t>(label)]);
}

Value categorical(const Contract& contract, const Batch& batch, const Item& item, Fault fault) {
  if (any_nan(item.output) || any_nan(item.target) || any_infinite(item.target) || any_nan(batch.class_weights) ||
      !item.label_is_class) {
    return Value::nan();
  }
  const std::size_t classes = item.output.size();
  std::vector<Value> logs;
  if (contract.options.from_logits) {
    logs = log_softmax(item.output, fault);
  } else {
    logs = log_probabilities(contract, item.output, fault);
    if (logs.empty()) return Value::nan();
  }
  Value sum;
  // From logits every logarithm has the same tail, −ln Σ e^(x − m): it is taken once, times the sum of the
  // coefficients.
  Value shared_coefficient;
  Ball shared_tail;
  for (std::size_t i = 0; i < classes; ++i) {
    const Value coefficient = class_weight(batch, item, i, fault) * smoothed(contract, item.target[i], classes, fault);
    if (contract.options.from_logits && logs[i].is_finite() && coefficient.is_finite()) {
      shared_coefficient = shared_coefficient + coefficient;
      shared_tail = logs[i].tail;
      sum = sum + coefficient * Value(logs[i].head);
    } else {
      sum = sum + term(coefficient, logs[i]);
    }
  }
  return -(sum + shared_coefficient * Value(shared_tail));
}

Value squares(const Item& item, Fault fault) {
  if (any_nan(item.output) || any_nan(item.target) || any_infinite(item.target)) return Value::nan();
  Value sum;
  for (std::size_t i = 0; i < item.output.size(); ++i) {
    const Value difference = Value(item.target[i]) - Value(item.output[i]);
    sum = sum + difference * difference;
  }
  return fault == Fault::squares_summed ? sum : sum / Value(static_cast<double>(item.output.size()));
}

/// c_r of the exact mean: Σ w_i t_i when there are class weights, else 1.
Value weight_of(const Contract& contract, const Batch& batch, const Item& item, Fault fault) {
  if (batch.class_weights.empty()) return Value(1.0);
  Value sum;
  for (std::size_t i = 0; i < item.target.size(); ++i) {
    const Value t = fault == Fault::weight_after_smoothing
                        ? smoothed(contract, item.target[i], item.target.size(), fault)
                        : Value(item.target[i]);
    sum = sum + Value(batch.class_weights[i]) * t;
  }
  return sum;
}

/// The tensors cut into losses, in the order of the unreduced results.
std::vector<Item> items(const Contract& contract, const Batch& batch) {
  const Shape& shape = batch.shape;
  std::vector<Item> result;
  if (contract.function == Function::binary_crossentropy) {
    for (std::size_t i = 0; i < shape.elements(); ++i) result.push_back({{batch.output[i]}, {batch.target[i]}});
  } else {
    for (std::size_t outer = 0; outer < shape.outer; ++outer) {
      for (std::size_t inner = 0; inner < shape.inner; ++inner) {
        Item item;
        for (std::size_t i = 0; i < shape.classes; ++i) {
          const std::size_t at = (outer * shape.classes + i) * shape.inner + inner;
          item.output.push_back(batch.output[at]);
          if (batch.labels.empty()) item.target.push_back(batch.target[at]);
        }
        if (!batch.labels.empty()) {
          const std::int64_t label = batch.labels[outer * shape.inner + inner];
          item.kept = contract.options.ignore_index != label;
          item.label_is_class = label >= 0 && label < static_cast<std::int64_t>(shape.classes);
          item.target.assign(shape.classes, 0.0);
          if (item.label_is_class) item.target[static_cast<std::size_t>(label)] = 1;
        }
        result.push_back(std::move(item));
      }
    }
  }
  for (std::size_t r = 0; r < batch.sample_weights.size(); ++r) result[r].sample_weight = batch.sample_weights[r];
  return result;
}

Opinion one_loss(const Contract& contract, const Batch& batch, const Item& item, Fault fault) {
  if (!item.kept) return {};
  Opinion opinion;
  switch (contract.function) {
    case Function::binary_crossentropy:
      opinion.value = binary(contract, item, fault);
      break;
    case Function::mean_squared_error:
      opinion.value = squares(item, fault);
      break;
    default:
      opinion.value = categorical(contract, batch, item, fault);
  }
  opinion.value = term(Value(item.sample_weight), opinion.value);
  opinion.infinite_input = any_infinite(item.output) || any_infinite(item.target) || std::isinf(item.sample_weight) ||
                           any_infinite(batch.class_weights);
  return opinion;
}

}  // namespace

std::vector<Opinion> loss(const Contract& contract, const Batch& batch, Fault fault) {
  const std::vector<Item> all = items(contract, batch);
  std::vector<Opinion> losses;
  for (const Item& item : all) losses.push_back(one_loss(contract, batch, item, fault));
  if (contract.options.reduction == Reduction::none) return losses;

  Opinion total;
  Value divisor;
  for (std::size_t r = 0; r < all.size(); ++r) {
    total.value = total.value + losses[r].value;
    total.infinite_input |= losses[r].infinite_input;
    const bool counts = all[r].kept && (all[r].sample_weight != 0 || fault == Fault::zero_weight_counts);
    if (fault == Fault::mean_over_all_rows || (contract.dialect == Dialect::keras1 && counts)) {
      divisor = divisor + Value(1.0);
    } else if (contract.dialect == Dialect::exact && all[r].kept) {
      divisor = divisor + Value(all[r].sample_weight) * weight_of(contract, batch, all[r], fault);
    }
  }
  if (contract.options.reduction == Reduction::mean) total.value = total.value / divisor;
  return {total};
}

const std::array<NamedFault, 19> faults = {{
    {Fault::no_log1p_term, "no_log1p_term"},
    {Fault::other_classes_dropped, "other_classes_dropped"},
    {Fault::log_sign, "log_sign"},
    {Fault::epsilon_not_rounded, "epsilon_not_rounded"},
    {Fault::epsilon_added_to_log, "epsilon_added_to_log"},
    {Fault::no_upper_clip, "no_upper_clip"},
    {Fault::not_normalised, "not_normalised"},
    {Fault::normalised_before_clip, "normalised_before_clip"},
    {Fault::smoothing_over_others, "smoothing_over_others"},
    {Fault::scalars_not_rounded, "scalars_not_rounded"},
    {Fault::pos_weight_on_both, "pos_weight_on_both"},
    {Fault::mean_over_all_rows, "mean_over_all_rows"},
    {Fault::weight_after_smoothing, "weight_after_smoothing"},
    {Fault::class_weight_of_label, "class_weight_of_label"},
    {Fault::zero_weight_counts, "zero_weight_counts"},
    {Fault::squares_summed, "squares_summed"},
    {Fault::domain_unchecked, "domain_unchecked"},
    {Fault::complement_rounded, "complement_rounded"},
    {Fault::logit_of_difference_lost, "logit_of_difference_lost"},
}};

std::vector<Opinion> opine(const Contract& contract, const Batch& batch, Fault fault) {
  if (traits(contract.function).is_loss) return loss(contract, batch, fault);
  std::vector<Opinion> opinions;
  if (traits(contract.function).layout == Layout::elementwise) {
    for (const double x : batch.output) opinions.push_back({elementwise(contract, x, fault), std::isinf(x)});
    return opinions;
  }
  const Shape& shape = batch.shape;
  const bool to_value = traits(contract.function).layout == Layout::row_to_value;
  opinions.resize(to_value ? shape.rows() : shape.elements());
  for (std::size_t outer = 0; outer < shape.outer; ++outer) {
    for (std::size_t inner = 0; inner < shape.inner; ++inner) {
      std::vector<double> row;
      for (std::size_t i = 0; i < shape.classes; ++i) {
        row.push_back(batch.output[(outer * shape.classes + i) * shape.inner + inner]);
      }
      const std::vector<Value> values = row_function(contract, row, fault);
      for (std::size_t i = 0; i < values.size(); ++i) {
        const std::size_t at =
            to_value ? outer * shape.inner + inner : (outer * shape.classes + i) * shape.inner + inner;
        opinions[at] = {values[i], any_infinite(row)};
      }
    }
  }
  return opinions;
}

}  // namespace lossaudit::second_opinion
