// One batch of one contract as the formulas see it: rows, targets, coefficients and constants.
#pragma once

#include <cmath>
#include <cstddef>

#include "reference/contract.hpp"
#include "reference/number.hpp"

namespace lossaudit {

/// A row of a (outer, classes, inner) tensor.
struct RowView {
  const double* first = nullptr;
  std::size_t size = 0;
  std::size_t stride = 1;
  double operator[](std::size_t i) const { return first[i * stride]; }
};

inline RowView row_of(const Shape& shape, const std::vector<double>& tensor, std::size_t row) {
  return {tensor.data() + element_index(shape, row, 0), shape.classes, shape.inner};
}

inline bool has_nan(RowView row) {
  for (std::size_t i = 0; i < row.size; ++i) {
    if (std::isnan(row[i])) return true;
  }
  return false;
}

/// Contract and batch, with the scalar options rounded to the format (semantics.md, "Options").
struct Problem {
  Problem(const Contract& c, const Batch& b)
      : contract(c),
        batch(b),
        path(path_of(c)),
        clip_low(round_to(c.format, clip_epsilon(c))),
        clip_high(round_to(c.format, 1 - clip_epsilon(c))),
        label_smoothing(round_to(c.format, c.options.label_smoothing)),
        pos_weight(round_to(c.format, c.options.pos_weight.value_or(1))) {}

  [[nodiscard]] double class_weight(std::size_t i) const {
    return batch.class_weights.empty() ? 1 : batch.class_weights[i];
  }
  [[nodiscard]] double sample_weight(std::size_t r) const {
    return batch.sample_weights.empty() ? 1 : batch.sample_weights[r];
  }
  /// The incoming gradient of a gradient pass, of the forward result's shape.
  [[nodiscard]] double upstream(std::size_t i) const { return batch.upstream.empty() ? 1 : batch.upstream[i]; }
  /// Only sparse losses ignore rows.
  [[nodiscard]] bool ignores(std::size_t row) const {
    return contract.options.ignore_index && batch.labels[row] == *contract.options.ignore_index;
  }
  /// Where a dialect does not clip, a probability outside [0, 1] makes its row NaN.
  [[nodiscard]] bool out_of_domain(double p) const {
    return !contract.options.from_logits && !path.clips() && !(p >= 0 && p <= 1);
  }
  [[nodiscard]] bool out_of_domain(RowView row) const {
    for (std::size_t i = 0; i < row.size; ++i) {
      if (out_of_domain(row[i])) return true;
    }
    return false;
  }

  const Contract& contract;
  const Batch& batch;
  const Path& path;
  double clip_low, clip_high;
  double label_smoothing;
  double pos_weight;
};

/// The target after label smoothing over `classes` classes: (1 − α) t + α / K.
template <typename T>
T smoothed(const Problem& problem, double target, std::size_t classes) {
  if (problem.label_smoothing == 0) return T(target);
  const T alpha(problem.label_smoothing);
  return (T(1) - alpha) * T(target) + alpha / T(static_cast<double>(classes));
}

/// `classes` times that, which is not rounded by the division of α.
template <typename T>
T smoothed_times_classes(const Problem& problem, double target, std::size_t classes) {
  const T alpha(problem.label_smoothing);
  return T(static_cast<double>(classes)) * (T(1) - alpha) * T(target) + alpha;
}

/// c · y as it counts in a sum: a term whose coefficient is 0 is 0, also beside an infinity (0 · ln 0 = 0).
template <typename T>
T term(const T& coefficient, const T& y) {
  return is_zero(coefficient) ? zero_times(y) : coefficient * y;
}

/// What a derivative is multiplied and divided by before it is a result: incoming gradient and sample weight, and what
/// a mean divides by. A quotient takes both into its own, so that it is rounded once and exact where the result is.
template <typename T>
struct Scale {
  T factor{1}, divisor{1};
  [[nodiscard]] T of(const T& derivative) const { return factor * derivative / divisor; }
  [[nodiscard]] T of(const T& numerator, const T& denominator) const {
    return factor * numerator / (denominator * divisor);
  }
};

template <typename T>
T clipped(const Problem& problem, const T& p) {
  return min(max(p, T(problem.clip_low)), T(problem.clip_high));
}

/// A finite target has finite coefficients; an infinite one is no target.
inline bool is_target(RowView row) {
  for (std::size_t i = 0; i < row.size; ++i) {
    if (!std::isfinite(row[i])) return false;
  }
  return true;
}

}  // namespace lossaudit
