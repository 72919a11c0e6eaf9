// What a dialect does to a row of probabilities before it takes their logarithms.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "reference/problem.hpp"

namespace lossaudit {

/// The row after the dialect's steps; NaNs when the row is outside the dialect's domain.
template <typename T>
void prepared_probabilities(const Problem& problem, RowView o, std::span<const ProbabilityStep> steps,
                            std::vector<T>& p) {
  p.clear();
  if (has_nan(o) || problem.out_of_domain(o)) {
    p.assign(o.size, T(std::numeric_limits<double>::quiet_NaN()));
    return;
  }
  for (std::size_t i = 0; i < o.size; ++i) p.emplace_back(o[i]);
  for (const ProbabilityStep step : steps) {
    if (step == ProbabilityStep::clip) {
      for (T& q : p) q = clipped(problem, q);
    } else {
      T sum(0);
      for (const T& q : p) sum += q;
      for (T& q : p) q = is_zero(sum) ? T(std::numeric_limits<double>::quiet_NaN()) : q / sum;
    }
  }
}

}  // namespace lossaudit
