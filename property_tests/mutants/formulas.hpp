// The stable formulas, once for both arithmetics (Number is Real or Wide).
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "property_tests/mutants/number.hpp"

namespace lossaudit::mutants {

/// A product in which 0 silences an infinity, but not a NaN: of weights, targets and logarithms.
template <class Number>
Number product(const Number& a, const Number& b) {
  const bool silent = (a == 0 && b == b) || (b == 0 && a == a);
  return silent ? Number(0) : Number(a * b);
}

template <class Number>
Number softplus(const Number& x) {
  return x > 0 ? Number(x + ln1p(power_of_e(-x))) : ln1p(power_of_e(x));
}

/// A row of logits seen from its largest: `rest` is the sum of e^(x_j − x_at) over the *other* classes, which is what a
/// confident row's result depends on.
template <class Number>
struct Peak {
  std::size_t at = 0;
  Number rest = 0;

  explicit Peak(const std::vector<Number>& x) {
    at = static_cast<std::size_t>(std::max_element(x.begin(), x.end()) - x.begin());
    Sum<Number> others;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (i != at) others.add(power_of_e(x[i] - x[at]));
    }
    rest = others.value();
  }
};

/// ln Σ e^x_j − x_i: both parts of the sum are positive, so nothing cancels.
template <class Number>
std::vector<Number> minus_log_softmax(const std::vector<Number>& x) {
  const Peak<Number> peak(x);
  const Number excess = ln1p(peak.rest);
  std::vector<Number> logs(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) logs[i] = i == peak.at ? excess : Number((x[peak.at] - x[i]) + excess);
  return logs;
}

/// −ln(o_i / Σo) = ln(1 + (Σ of the others) / o_i), for o ≥ 0; NaN where the sum is 0.
template <class Number>
std::vector<Number> minus_log_normalised(const std::vector<Number>& o) {
  const auto at = static_cast<std::size_t>(std::max_element(o.begin(), o.end()) - o.begin());
  Sum<Number> others;
  for (std::size_t i = 0; i < o.size(); ++i) {
    if (i != at) others.add(o[i]);
  }
  const Number rest = others.value();
  std::vector<Number> logs(o.size());
  for (std::size_t i = 0; i < o.size(); ++i) {
    // For a class that is not the largest, Σ − o_i is at least half of Σ.
    const Number without = i == at ? rest : Number((rest + o[at]) - o[i]);
    logs[i] = o[at] == 0 ? Number(not_a_number) : o[i] == 0 ? Number(infinity) : ln1p(Number(without / o[i]));
  }
  return logs;
}

/// Keras' order for categorical_crossentropy: normalise, then clip to [lo, hi], then the logarithm. Any numbers, but
/// negative ones may cancel in the sum: those want Wide.
template <class Number>
std::vector<Number> minus_log_normalised_then_clipped(std::vector<Number> o, const Number& lo, const Number& hi) {
  const auto is_infinite = [](const Number& x) { return x == infinity || x == -infinity; };
  if (std::count_if(o.begin(), o.end(), is_infinite) == 1) {  // the limit of its shares; a NaN stays
    for (Number& x : o) x = x != x ? x : Number(is_infinite(x) ? 1 : 0);
  }
  Sum<Number> total;
  for (const Number& value : o) total.add(value);
  const Number sum = total.value();
  const bool plain = std::all_of(o.begin(), o.end(), [](const Number& value) { return value >= 0; });
  const std::vector<Number> logs = plain && sum > 0 ? minus_log_normalised(o) : std::vector<Number>(o.size());
  std::vector<Number> clipped(o.size());
  for (std::size_t i = 0; i < o.size(); ++i) {
    const Number q = sum == 0 ? Number(not_a_number) : Number(o[i] / sum);
    // Where there is no upper clip a share that rounds to 1 still has a logarithm.
    if (!(q > lo && (q < hi || (plain && hi == 1)))) {
      clipped[i] = q != q ? q : Number(-ln(std::min(std::max(q, lo), hi)));
    } else {
      clipped[i] = plain ? logs[i] : 2 * q < 1 ? Number(-ln(q)) : Number(-ln1p(Number((o[i] - sum) / sum)));
    }
  }
  return clipped;
}

template <class Number>
Number entropy(const std::vector<Number>& coefficients, const std::vector<Number>& logs) {
  Sum<Number> sum;
  for (std::size_t i = 0; i < logs.size(); ++i) sum.add(product(coefficients[i], logs[i]));
  return sum.value();
}

}  // namespace lossaudit::mutants
