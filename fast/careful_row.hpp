// Rows of logits and of probabilities in a type T of many digits: -ln p_i of each class, with all its digits right.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "fast/loss_task.hpp"
#include "fast/magnified.hpp"

namespace lossaudit::fast::careful {

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// What a row of logits is at its top: its limits if its maximum is infinite.
struct RowTop {
  bool has_nan = false;
  std::size_t infinities = 0;  ///< how many are +inf
  std::size_t argmax = 0;
  double maximum = -infinity;
  [[nodiscard]] bool is_finite() const { return !has_nan && std::isfinite(maximum); }
  [[nodiscard]] bool has_one_infinity() const { return !has_nan && infinities == 1; }
};

template <class V>
RowTop top_of(RowViewOf<V> x) {
  RowTop top;
  for (std::size_t i = 0; i < x.size; ++i) {
    top.has_nan = top.has_nan || std::isnan(x[i]);
    top.infinities += x[i] == static_cast<V>(infinity) ? 1 : 0;
    if (x[i] > top.maximum) {
      top.maximum = x[i];
      top.argmax = i;
    }
  }
  return top;
}

/// ln Σ e^(x_j - m) of a row whose maximum m is finite.
template <class T, class V>
T log_of_sum(RowViewOf<V> x, const RowTop& top) {
  T others(0.0);
  for (std::size_t i = 0; i < x.size; ++i) {
    if (i != top.argmax) others = others + exp(T(x[i]) - T(top.maximum));
  }
  return log1p(others);
}

/// -ln p_i of a row; empty when the row is NaN.
template <class T>
using Surprises = std::vector<T>;

template <class T>
T minus_log(const T& p) {
  return to_double(p) == 0 ? T(infinity) : T(-log(p));
}

template <class T, class V>
Surprises<T> of_logits(RowViewOf<V> x) {
  const RowTop top = top_of(x);
  Surprises<T> row;
  if (top.has_one_infinity()) {
    row.assign(x.size, T(infinity));
    row[top.argmax] = T(0.0);
  } else if (top.is_finite()) {
    const T offset = log_of_sum<T>(x, top);
    for (std::size_t i = 0; i < x.size; ++i) {
      row.push_back(std::isinf(x[i]) ? T(infinity) : T((T(top.maximum) - T(x[i])) + offset));
    }
  }
  return row;
}

/// -ln(p_i / Σ p) = ln(m / p_i) + log1p(Σ others / m), with m the largest p.
template <class T>
Surprises<T> of_masses(std::vector<double> p) {
  Surprises<T> row;
  const auto largest = std::max_element(p.begin(), p.end());
  const T maximum(*largest);
  if (*largest == 0) return row;
  for (const double q : p) {
    // A quotient of doubles can be out of range; so far apart, their logarithms do not cancel.
    const bool is_far = q < 0x1p-900 && q < 0x1p-100 * *largest;
    row.push_back(q == 0 ? T(infinity) : is_far ? T(log(maximum) - log(T(q))) : T(log(maximum / T(q))));
  }
  *largest = 0;
  const T offset = log1p(sum_of(p, T(0.0)) / maximum);
  for (T& surprise : row) surprise = surprise + offset;
  return row;
}

/// -ln clip(o_i / Σ o), where o may have either sign.
template <class T, class V>
Surprises<T> of_clipped_shares(const LossTaskOf<V>& task, std::vector<double> o) {
  Surprises<T> row;
  const auto is_infinite = [](double q) { return std::isinf(q); };
  const auto infinities = std::count_if(o.begin(), o.end(), is_infinite);
  if (infinities > 1) return row;
  // One output beyond all others is one-hot.
  if (infinities == 1) std::transform(o.begin(), o.end(), o.begin(), is_infinite);
  const T sum = sum_of(o, T(0.0));
  if (to_double(sum) == 0 || !std::isfinite(to_double(sum))) return row;
  for (double& q : o) {
    const T share = T(q) / sum;
    const double size = to_double(share);
    // By all their digits: a double beside the clip is not the share.
    if (to_double(share - T(task.clip_low)) <= 0) {
      row.push_back(minus_log(T(task.clip_low)));
    } else if (task.clip_high < 1 && to_double(share - T(task.clip_high)) >= 0) {
      row.push_back(minus_log(T(task.clip_high)));
    } else if (size <= 0.5) {
      row.push_back(minus_log(share));
    } else {
      // From the others, for a share near 1 that no clip holds back.
      const double own = q;
      q = 0;
      const T missing = sum_of(o, T(0.0)) / sum;
      q = own;
      row.push_back(to_double(missing) <= 0 ? T(0.0) : T(-log1p(-missing)));
    }
  }
  return row;
}

/// -ln p_i of a row of outputs, by the way of the task.
template <class T, class V>
Surprises<T> surprises_of(const LossTaskOf<V>& task, RowViewOf<V> o) {
  if (task.probabilities == Probabilities::from_logits) return of_logits<T>(o);
  const bool is_any_number = task.probabilities == Probabilities::normalised_clipped ||
                             task.probabilities == Probabilities::clipped_normalised;
  std::vector<double> p(o.size);
  for (std::size_t i = 0; i < o.size; ++i) {
    p[i] = o[i];
    if (std::isnan(p[i]) || (!is_any_number && !(p[i] >= 0 && p[i] <= 1))) return {};
    if (task.probabilities == Probabilities::clipped_normalised) p[i] = std::clamp(p[i], task.clip_low, task.clip_high);
  }
  if (task.probabilities == Probabilities::normalised_clipped) return of_clipped_shares<T>(task, p);
  if (task.probabilities != Probabilities::plain) return of_masses<T>(p);
  Surprises<T> row;
  for (const double q : p) row.push_back(minus_log(T(q)));
  return row;
}

}  // namespace lossaudit::fast::careful
