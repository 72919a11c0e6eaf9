#include <algorithm>
#include <cmath>

#include "property_tests/second_opinion/formulas.hpp"

namespace lossaudit::second_opinion {

namespace {

/// 1 / (1 + e^−x), as 0 + … for x < 0 and 1 − … for x ≥ 0.
Value sigmoid(double x) {
  if (std::isinf(x)) return Value(x > 0 ? 1.0 : 0.0);
  const Ball far = exp(Ball(Rational(-std::fabs(x))));
  const Ball smaller = far / (Ball(Rational(1)) + far);
  return x < 0 ? Value(smaller) : Value(1, -smaller);
}

Value logit(const Contract& contract, double p, Fault fault) {
  if ((p < 0 || p > 1) && fault != Fault::domain_unchecked) return Value::nan();
  if (p == 0 || p == 1) return Value::infinity(p == 0 ? -1 : 1);
  const Rational odds = Rational(p) / (1 - Rational(p));
  if (odds < 0) return Value();  // reached by a fault alone
  if (fault == Fault::logit_of_difference_lost) return log_of(nearest(contract.format, odds));
  return log_of(odds);
}

/// A row of logits, shifted: e^(x_i − m) of each, how many reach the maximum m, and the sum of the others.
struct Exponentials {
  bool defined = false;  ///< false: a NaN, two +inf, or all −inf
  bool one_hot = false;  ///< one +inf
  Rational maximum;
  std::size_t at_maximum = 0;
  std::vector<Ball> each;
  Ball others;
};

Exponentials exponentials(const std::vector<double>& row) {
  Exponentials result;
  if (std::any_of(row.begin(), row.end(), [](double x) { return std::isnan(x); })) return result;
  const double top = *std::max_element(row.begin(), row.end());
  result.at_maximum = static_cast<std::size_t>(std::count(row.begin(), row.end(), top));
  result.one_hot = top == HUGE_VAL && result.at_maximum == 1;
  result.defined = result.one_hot || std::isfinite(top);
  if (!result.defined || result.one_hot) return result;
  result.maximum = Rational(top);
  for (const double x : row) {
    if (x == -HUGE_VAL) {
      result.each.emplace_back();
      continue;
    }
    result.each.push_back(exp(Ball(Rational(Rational(x) - result.maximum))));
    if (x != top) result.others = result.others + result.each.back();
  }
  return result;
}

/// ln Σ e^(x − m) = ln n + log1p(others / n) where n classes reach the maximum.
Ball log_of_sum(const Exponentials& row, Fault fault) {
  const Rational n(row.at_maximum);
  Ball several = log_of(n).tail;
  if (row.others.is_zero() || fault == Fault::other_classes_dropped) return several;
  return several + log1p(row.others / Ball(n));
}

std::vector<Value> softmax(const std::vector<double>& row) {
  const Exponentials e = exponentials(row);
  std::vector<Value> result;
  const Rational n(e.at_maximum);
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!e.defined) {
      result.push_back(Value::nan());
    } else if (e.one_hot) {
      result.emplace_back(row[i] == HUGE_VAL ? 1.0 : 0.0);
    } else if (row[i] == -HUGE_VAL) {
      result.emplace_back();
    } else if (Rational(row[i]) != e.maximum) {
      result.emplace_back(e.each[i] / (Ball(n) + e.others));
    } else {
      // 1 / (n + S) = 1/n − S / (n (n + S))
      const Ball lost = e.others.is_zero() ? Ball() : e.others / (Ball(n) * (Ball(n) + e.others));
      result.emplace_back(Rational(1 / n), -lost);
    }
  }
  return result;
}

Value logsumexp(const std::vector<double>& row, Fault fault) {
  if (std::any_of(row.begin(), row.end(), [](double x) { return std::isnan(x); })) return Value::nan();
  const double top = *std::max_element(row.begin(), row.end());
  if (std::isinf(top)) return Value(top);
  const Exponentials e = exponentials(row);
  return {e.maximum, log_of_sum(e, fault)};
}

}  // namespace

Value softplus(double x, Fault fault) {
  if (std::isnan(x)) return Value::nan();
  if (std::isinf(x)) return Value(std::max(x, 0.0));
  const Rational positive(std::max(x, 0.0));
  if (fault == Fault::no_log1p_term) return Value(positive);
  return {positive, log1p(exp(Ball(Rational(-std::fabs(x)))))};
}

std::vector<Value> log_softmax(const std::vector<double>& row, Fault fault) {
  const Exponentials e = exponentials(row);
  std::vector<Value> result;
  for (const double x : row) {
    if (!e.defined) {
      result.push_back(Value::nan());
    } else if (e.one_hot) {
      result.push_back(x == HUGE_VAL ? Value() : Value::infinity(-1));
    } else if (x == -HUGE_VAL) {
      result.push_back(Value::infinity(-1));
    } else {
      result.emplace_back(Rational(Rational(x) - e.maximum), -log_of_sum(e, fault));
    }
  }
  return result;
}

Value elementwise(const Contract& contract, double x, Fault fault) {
  if (std::isnan(x)) return Value::nan();
  switch (contract.function) {
    case Function::relu:
      return Value(std::max(x, 0.0));
    case Function::sigmoid:
      return sigmoid(x);
    case Function::log_sigmoid:
      return -softplus(-x, fault);
    case Function::softplus:
      return softplus(x, fault);
    case Function::logit:
      return logit(contract, x, fault);
    default:
      throw BadInput("not an elementwise function");
  }
}

std::vector<Value> row_function(const Contract& contract, const std::vector<double>& row, Fault fault) {
  switch (contract.function) {
    case Function::softmax:
      return softmax(row);
    case Function::log_softmax:
      return log_softmax(row, fault);
    case Function::logsumexp:
      return {logsumexp(row, fault)};
    default:
      throw BadInput("not a function of a row");
  }
}

}  // namespace lossaudit::second_opinion
