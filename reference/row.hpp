// What softmax, log_softmax, logsumexp and the cross-entropies from logits share: a row's exponentials, shifted by its
// maximum.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "reference/problem.hpp"

namespace lossaudit {

/// A row of logits x with maximum m, seen through e_j = e^(x_j − m). The shift is exact real arithmetic here, so
/// nothing is lost.
template <typename T>
struct ShiftedRow {
  RowView x;
  std::size_t argmax = 0;  ///< the first of the maxima
  double maximum = 0;
  std::vector<T> e;
  T others;      ///< Σ e_j over j ≠ argmax, so that Σ e_j = 1 + others
  T log_of_sum;  ///< ln Σ e_j = log1p(others): ≥ 0, and logsumexp(x) = m + log_of_sum

  /// The row must hold no NaN, and its maximum must be finite.
  explicit ShiftedRow(RowView row) : x(row), e(row.size) {
    for (std::size_t j = 1; j < x.size; ++j) {
      if (x[j] > x[argmax]) argmax = j;
    }
    maximum = x[argmax];
    Sum<T> sum;
    for (std::size_t j = 0; j < x.size; ++j) {
      e[j] = exp(T(x[j]) - T(maximum));
      if (j != argmax) sum.add(e[j]);
    }
    others = sum.value();
    log_of_sum = log1p(others);
  }

  /// x_i − logsumexp(x).
  [[nodiscard]] T log_softmax(std::size_t i) const { return (T(x[i]) - T(maximum)) - log_of_sum; }
  /// e^(x_i) / Σ e^(x_j).
  [[nodiscard]] T softmax(std::size_t i) const { return e[i] / (T(1) + others); }
};

/// Rows whose maximum is infinite have limits instead (semantics.md, "Special values").
enum class RowKind { finite, one_infinity, no_limit };
struct RowLimits {
  RowKind kind = RowKind::finite;
  std::size_t at = 0;  ///< where the one +inf stands
};

inline RowLimits limits_of(RowView x) {
  std::size_t infinities = 0;
  RowLimits limits;
  double maximum = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < x.size; ++i) {
    if (std::isnan(x[i])) return {RowKind::no_limit, 0};
    if (x[i] == std::numeric_limits<double>::infinity()) {
      ++infinities;
      limits.at = i;
    }
    maximum = std::max(maximum, x[i]);
  }
  if (infinities == 1) {
    limits.kind = RowKind::one_infinity;
  } else if (std::isinf(maximum)) {
    limits.kind = RowKind::no_limit;
  }
  return limits;
}

/// f(row, i) for each class i of a row x; with one +inf, `hot` there and `cold` elsewhere; NaN where no limit is unique.
template <typename T, typename F>
void each_class(RowView x, double hot, double cold, F f, std::vector<T>& out) {
  const RowLimits limits = limits_of(x);
  out.assign(x.size, T(std::numeric_limits<double>::quiet_NaN()));
  if (limits.kind == RowKind::finite) {
    const ShiftedRow<T> row(x);
    for (std::size_t i = 0; i < x.size; ++i) out[i] = f(row, i);
  } else if (limits.kind == RowKind::one_infinity) {
    for (std::size_t i = 0; i < x.size; ++i) out[i] = T(i == limits.at ? hot : cold);
  }
}

/// softmax of a row, with its limits: one +inf takes all.
template <typename T>
void softmax_row(RowView x, std::vector<T>& out) {
  each_class(
      x, 1, 0, [](const ShiftedRow<T>& row, std::size_t i) { return row.softmax(i); }, out);
}

/// log_softmax of a row, with its limits: one +inf takes all, everything else is then −inf.
template <typename T>
void log_softmax_row(RowView x, std::vector<T>& out) {
  const double infinity = std::numeric_limits<double>::infinity();
  each_class(
      x, 0, -infinity, [](const ShiftedRow<T>& row, std::size_t i) { return row.log_softmax(i); }, out);
}

}  // namespace lossaudit
