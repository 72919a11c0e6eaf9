#include <algorithm>
#include <cmath>

#include "property_tests/second_opinion/formulas.hpp"

namespace lossaudit::second_opinion {

namespace {

const Dual one{Value(1.0)};

/// 1 / (1 + e^−x), as 0 + … for x < 0 and 1 − … for x ≥ 0.
Dual sigmoid(const Dual& x) {
  if (!x.value.is_finite()) return {Value(x.value.infinity_sign > 0 ? 1.0 : 0.0), {}};
  const bool is_negative = x.value.sign() == -1;
  const Dual far = exp(is_negative ? x : -x);
  const Dual smaller = far / (one + far);
  return is_negative ? smaller : one - smaller;
}

Dual relu(const Dual& x, Fault fault) {
  const bool is_zero = x.value.is_zero();
  const bool passes = x.value.sign() == 1 || (is_zero && fault == Fault::slope_at_zero_is_one);
  return passes ? x : Dual();
}

Dual logit(const Contract& contract, double p, Fault fault) {
  const std::size_t n = directions(contract, 1);
  if ((p < 0 || p > 1) && (fault != Fault::domain_unchecked || std::isinf(p))) return undefined(n);
  // The derivative 1 / (p (1 − p)) tends to +inf at either end.
  if (p == 0 || p == 1) return {Value::infinity(p == 0 ? -1 : 1), std::vector<Value>(n, Value::infinity(1))};
  const Dual probability = variable(p, 0, n);
  Dual odds = probability / (one - probability);
  if (odds.value.sign() == -1) return Dual();  // reached by a fault alone
  if (fault == Fault::logit_of_difference_lost) odds.value = Value(nearest(contract.format, odds.value.head));
  return log(odds);
}

}  // namespace

Dual softplus(const Dual& x, Fault fault) {
  if (!x.value.is_finite()) return x.value.infinity_sign > 0 ? x : Dual();
  const bool is_negative = x.value.sign() == -1;
  Dual positive = is_negative ? Dual() : x;
  if (fault == Fault::no_log1p_term) return positive;
  return positive + log(one + exp(is_negative ? x : -x));
}

LogitRow logit_row(const std::vector<double>& x, std::size_t directions, Fault fault) {
  LogitRow row;
  if (any_nan(x)) return row;
  const double top = *std::max_element(x.begin(), x.end());
  const auto at_top = std::count(x.begin(), x.end(), top);
  const bool one_hot = top == HUGE_VAL && at_top == 1;
  row.is_defined = one_hot || std::isfinite(top);
  if (!row.is_defined) return row;
  Dual sum;
  for (std::size_t i = 0; i < x.size(); ++i) {
    Dual shifted = variable(x[i], i, directions);
    if (std::isfinite(top)) {
      shifted = shifted - Dual(Value(top));
    } else {
      shifted.value = x[i] == top ? Value() : Value::infinity(-1);
    }
    // A class that is −inf, or beside a +inf, has no share in the sum, nor does it gain one by a little more.
    row.softmax.push_back(!shifted.value.is_finite() ? Dual() : one_hot ? one : exp(shifted));
    sum = sum + row.softmax.back();
    row.shifted.push_back(std::move(shifted));
  }
  row.log_of_sum = log(sum);
  if (one_hot)
    row.log_of_sum.slopes =
        row.shifted[static_cast<std::size_t>(std::max_element(x.begin(), x.end()) - x.begin())].slopes;
  if (fault == Fault::other_classes_dropped) row.log_of_sum = Dual(log_of(Rational(at_top)));
  for (Dual& e : row.softmax) e = e / sum;
  return row;
}

Dual elementwise(const Contract& contract, double x, Fault fault) {
  const std::size_t n = directions(contract, 1);
  if (std::isnan(x)) return undefined(n);
  const Dual variable_x = variable(x, 0, n);
  switch (contract.function) {
    case Function::relu:
      return relu(variable_x, fault);
    case Function::sigmoid:
      return sigmoid(variable_x);
    case Function::log_sigmoid:
      return -softplus(-variable_x, fault);
    case Function::softplus:
      return softplus(variable_x, fault);
    case Function::logit:
      return logit(contract, x, fault);
    default:
      throw BadInput("not an elementwise function");
  }
}

std::vector<Dual> row_function(const Contract& contract, const std::vector<double>& row, Fault fault) {
  const std::size_t n = directions(contract, row.size());
  const LogitRow logits = logit_row(row, n, fault);
  if (contract.function == Function::logsumexp) {
    if (any_nan(row)) return {undefined(n)};
    const double top = *std::max_element(row.begin(), row.end());
    if (!logits.is_defined) return {{Value(top), std::vector<Value>(n, Value::nan())}};
    return {Dual(Value(top)) + logits.log_of_sum};
  }
  std::vector<Dual> results(row.size(), undefined(n));
  if (!logits.is_defined) return results;
  if (contract.function == Function::softmax) return logits.softmax;
  for (std::size_t i = 0; i < row.size(); ++i) results[i] = logits.shifted[i] - logits.log_of_sum;
  return results;
}

}  // namespace lossaudit::second_opinion
