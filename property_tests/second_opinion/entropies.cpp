#include <algorithm>
#include <cmath>

#include "property_tests/second_opinion/formulas.hpp"

namespace lossaudit::second_opinion {

namespace {

const Dual one{Value(1.0)};

bool outside(double p) { return p < 0 || p > 1; }

/// Whether a row of probabilities gives NaN before anything is computed: only what clips takes any number.
bool out_of_domain(const Contract& contract, const std::vector<double>& row, Fault fault) {
  const bool clips = contract.dialect != Dialect::exact && contract.dialect != Dialect::torch;
  if (clips || std::none_of(row.begin(), row.end(), outside)) return false;
  return fault != Fault::domain_unchecked || any_infinite(row);
}

/// Whether the dialect multiplies a coefficient of 0 by an infinite logarithm, which is NaN.
bool loses_zero(const Contract& contract, const Value& coefficient, const Value& logarithm, Fault fault) {
  return contract.dialect == Dialect::optax && contract.function != Function::sparse_categorical_crossentropy &&
         fault != Fault::zero_takes_infinity_out && coefficient.is_zero() && !logarithm.is_finite();
}

/// A row on its way to its logarithms. ∂ ln p_i / ∂o_j is carried beside ∂p_i / ∂o_j because it has a limit where
/// p_i is 0.
struct Probabilities {
  std::vector<Dual> p;
  std::vector<std::vector<Value>> log_slopes;  ///< [i][j]; empty: 0
};

/// ln of the probability of each class, by the dialect's steps. Empty when the row gives NaN.
class Row {
 public:
  Row(const Contract& contract, const std::vector<double>& outputs, Fault fault)
      : n_(directions(contract, outputs.size())), clip_(contract, fault), fault_(fault) {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      p_.push_back(variable(outputs[i], i, n_));
      const Value inverse = outputs[i] == 0          ? Value::infinity(1)
                            : std::isinf(outputs[i]) ? Value()
                                                     : Value(Rational(1 / Rational(outputs[i])));
      log_slopes_.emplace_back(n_);
      if (n_ != 0) log_slopes_[i][i] = inverse;
    }
  }

  /// p_i / Σ p; false when that is NaN.
  bool normalise() {
    const auto is_infinite = [](const Dual& p) { return !p.value.is_finite(); };
    const auto infinite = std::count_if(p_.begin(), p_.end(), is_infinite);
    if (infinite > 1) return false;
    if (infinite == 1) {
      // One output beyond all others: the row is one-hot, and nothing changes it.
      for (Dual& p : p_) p = Dual(Value(is_infinite(p) ? 1.0 : 0.0));
      return true;
    }
    Dual sum;
    for (const Dual& p : p_) sum = sum + p;
    if (sum.value.is_zero()) return false;
    if (fault_ == Fault::normalisation_constant) sum.slopes.clear();
    for (std::size_t i = 0; i < p_.size(); ++i) {
      p_[i] = p_[i] / sum;
      for (std::size_t j = 0; j < n_; ++j) log_slopes_[i][j] = log_slopes_[i][j] - sum.slope(j) / sum.value;
    }
    return true;
  }

  void clip() {
    for (std::size_t i = 0; i < p_.size(); ++i) {
      const std::optional<bool> passes = clip_.passes(p_[i].value);
      if (passes == false && fault_ != Fault::clip_passes_everything) log_slopes_[i].assign(n_, Value());
      if (passes == false && fault_ == Fault::clip_passes_everything && log_slopes_[i].size() > i) {
        // No division by an output of 0: the planted mistake is that of a finite gradient.
        for (Value& slope : log_slopes_[i]) slope = slope.is_finite() ? slope : Value(1.0);
      }
      p_[i] = clip_(p_[i]);
    }
  }

  /// Logits to probabilities; false when there is no limit.
  bool softmax(const Contract& contract, const std::vector<double>& logits) {
    const LogitRow row = logit_row(logits, directions(contract, logits.size()), fault_);
    if (!row.is_defined) return false;
    p_ = row.softmax;
    for (std::size_t i = 0; i < p_.size(); ++i) {
      for (std::size_t j = 0; j < n_; ++j) log_slopes_[i][j] = row.shifted[i].slope(j) - row.log_of_sum.slope(j);
    }
    return true;
  }

  std::vector<Dual> logs(const Value& added) const {
    std::vector<Dual> result;
    for (std::size_t i = 0; i < p_.size(); ++i) {
      Value argument = p_[i].value + added;
      if (argument.is_finite() && argument.sign() == -1) argument = Value();  // reached by a fault alone
      result.emplace_back(log(argument), log_slopes_[i]);
    }
    return result;
  }

 private:
  std::size_t n_;
  Clip clip_;
  Fault fault_;
  std::vector<Dual> p_;
  std::vector<std::vector<Value>> log_slopes_;
};

std::vector<Dual> log_probabilities(const Contract& contract, const std::vector<double>& outputs, Fault fault) {
  if (!contract.options.from_logits && out_of_domain(contract, outputs, fault)) return {};
  const Preparation steps = preparation(contract, fault);
  Row row(contract, outputs, fault);
  if (steps == Preparation::softmax_then_clip && !row.softmax(contract, outputs)) return {};
  if (steps == Preparation::clip || steps == Preparation::clip_then_normalise) row.clip();
  const bool normalises = steps == Preparation::normalise || steps == Preparation::normalise_then_clip ||
                          steps == Preparation::clip_then_normalise;
  if (normalises && !row.normalise()) return {};
  if (steps == Preparation::normalise_then_clip || steps == Preparation::softmax_then_clip) row.clip();
  const bool adds = fault == Fault::epsilon_added_to_log;
  return row.logs(adds ? Value(Rational(epsilon(contract))) : Value());
}

Value class_weight(const Contract& contract, const Batch& batch, const Item& item, std::size_t i, Fault fault) {
  if (batch.class_weights.empty()) return Value(1.0);
  if (fault == Fault::gradient_without_class_weights && contract.pass == Pass::gradient) return Value(1.0);
  if (fault != Fault::class_weight_of_label) return Value(batch.class_weights[i]);
  const auto label = std::max_element(item.target.begin(), item.target.end()) - item.target.begin();
  return Value(batch.class_weights[static_cast<std::size_t>(label)]);
}

/// −w t ln p − (1 − t) ln(1 − p) at p = sigmoid(x): a softplus(−x) + b softplus(x) with one tail for both.
Dual binary_from_logits(const Contract& contract, const Value& a, const Value& b, double x, Fault fault) {
  const Dual logit = variable(x, 0, directions(contract, 1));
  if (std::isinf(x)) {
    const Dual loss = term(a, softplus(-logit, fault)) + term(b, softplus(logit, fault));
    const Value& coefficient = x > 0 ? b : a;
    return loses_zero(contract, coefficient, Value::infinity(-1), fault) ? Dual(Value::nan(), loss.slopes) : loss;
  }
  const Dual linear = x < 0 ? term(-a, logit) : term(b, logit);
  const Dual tail = softplus(x < 0 ? logit : -logit, fault);
  return linear + term(a + b, tail);
}

/// The gradient that PyTorch wrote down: (o − t) / max((1 − o) o, 1e-12), with 1e-12 a float whatever is computed in.
Value bounded_quotient(const Contract& contract, const Value& t, double o, Fault fault) {
  const Rational p(o);
  Rational bound(1e-12);
  if (fault == Fault::bound_of_the_format) {
    bound = nearest(contract.format, bound);
  } else if (fault != Fault::bound_not_rounded) {
    bound = nearest(Format::f32, bound);
  }
  Rational width = (1 - p) * p;
  if (fault != Fault::quotient_not_bounded) width = std::max(width, bound);
  return (Value(p) - t) / Value(width);
}

/// max(ln p, −100).
Dual floored(Dual logarithm, Fault fault) {
  if (fault == Fault::log_not_floored) return logarithm;
  const std::optional<int> above = logarithm.value.is_finite() ? logarithm.value.compare(-100) : std::optional<int>(-1);
  if (!above) logarithm.value.kind = Value::Kind::undecided;
  return above == -1 ? Dual(Value(-100.0)) : logarithm;
}

}  // namespace

Dual binary(const Contract& contract, const Item& item, Fault fault) {
  const double o = item.output[0];
  const std::size_t n = directions(contract, 1);
  if (any_nan(item.output) || any_nan(item.target) || any_infinite(item.target)) return undefined(n);
  const Value t = smoothed(contract, item.target[0], 2, fault);
  const double given = contract.options.pos_weight.value_or(1);
  const Value w(fault == Fault::scalars_not_rounded ? Rational(given) : nearest(contract.format, Rational(given)));
  const bool first = fault != Fault::pos_weight_on_negative;
  const bool second = fault == Fault::pos_weight_on_negative || fault == Fault::pos_weight_on_both;
  const Value positive = first ? w * t : t;
  const Value negative = second ? w * (Value(1.0) - t) : Value(1.0) - t;
  if (contract.options.from_logits) return binary_from_logits(contract, positive, negative, o, fault);
  if (out_of_domain(contract, item.output, fault)) return undefined(n);

  const bool clips = preparation(contract, fault) == Preparation::clip;
  const Dual p = clips ? Clip(contract, fault)(variable(o, 0, n)) : variable(o, 0, n);
  Dual complement = one - p;
  if (fault == Fault::complement_rounded) complement.value = Value(nearest(contract.format, complement.value.head));
  Value added;
  const bool adds = contract.dialect == Dialect::keras2 && fault != Fault::epsilon_not_added;
  if (adds) added = Value(nearest(contract.format, Rational(epsilon(contract))));
  if (clips && !adds && fault == Fault::epsilon_added_to_log) added = Value(Rational(epsilon(contract)));
  const auto logarithm = [&](Dual q) {
    q.value = q.value + added;
    if (q.value.sign() == -1) q.value = -q.value;  // reached by a fault alone
    const Dual result = log(q);
    return contract.dialect == Dialect::torch ? floored(result, fault) : result;
  };
  const Dual of_rest = term(negative, logarithm(complement));
  Dual loss = -term(positive, logarithm(p)) + (fault == Fault::log_sign ? of_rest : -of_rest);
  if (contract.dialect == Dialect::torch && n != 0) loss.slopes = {bounded_quotient(contract, t, o, fault)};
  return loss;
}

Dual categorical(const Contract& contract, const Batch& batch, const Item& item, Fault fault) {
  const std::size_t classes = item.output.size();
  const std::size_t n = directions(contract, classes);
  if (any_nan(item.output) || any_nan(item.target) || any_infinite(item.target) || any_nan(batch.class_weights) ||
      !item.label_is_class) {
    return undefined(n);
  }
  std::vector<Value> coefficients;
  Value total;
  for (std::size_t i = 0; i < classes; ++i) {
    coefficients.push_back(class_weight(contract, batch, item, i, fault) *
                           smoothed(contract, item.target[i], classes, fault));
    total = total + coefficients.back();
  }
  Dual sum;
  if (!contract.options.from_logits || preparation(contract, fault) != Preparation::nothing) {
    const std::vector<Dual> logs = log_probabilities(contract, item.output, fault);
    if (logs.empty()) return undefined(n);
    for (std::size_t i = 0; i < classes; ++i) sum = sum + term(coefficients[i], logs[i]);
    return -sum;
  }
  // Every logarithm has the same ln Σ e^(x − m): it is taken once, times the sum of the coefficients.
  const LogitRow row = logit_row(item.output, n, fault);
  if (!row.is_defined) return undefined(n);
  for (std::size_t i = 0; i < classes; ++i) {
    if (loses_zero(contract, coefficients[i], row.shifted[i].value, fault)) return undefined(n);
    sum = sum + term(coefficients[i], row.shifted[i]);
  }
  Dual loss = term(total, row.log_of_sum) - sum;
  // TensorFlow's backprop of the dense loss is softmax − labels, whatever these sum to.
  const bool declared = contract.dialect == Dialect::tf && contract.function == Function::categorical_crossentropy;
  if ((declared && fault != Fault::target_sum_kept) || fault == Fault::target_sum_taken_for_one) {
    loss.slopes = (row.log_of_sum - sum).slopes;
  }
  return loss;
}

}  // namespace lossaudit::second_opinion
