// What a dialect does to a row of outputs before it takes logarithms.
#pragma once

#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "reference/problem.hpp"
#include "reference/row.hpp"

namespace lossaudit {

/// How many outputs of a row are infinite, and where the last of them stands.
struct Infinities {
  std::size_t count = 0, at = 0;
};

inline Infinities infinities_of(RowView o) {
  Infinities found;
  for (std::size_t i = 0; i < o.size; ++i) {
    if (!std::isinf(o[i])) continue;
    ++found.count;
    found.at = i;
  }
  return found;
}

/// The row after the dialect's steps; NaNs when the row is outside the dialect's domain.
template <typename T>
void prepared_probabilities(const Problem& problem, RowView o, std::span<const Step> steps, std::vector<T>& p) {
  p.clear();
  if (has_nan(o) || problem.out_of_domain(o)) {
    p.assign(o.size, T(std::numeric_limits<double>::quiet_NaN()));
    return;
  }
  if (!steps.empty() && steps.front() == Step::softmax) {
    softmax_row(o, p);
    steps = steps.subspan(1);
  } else {
    for (std::size_t i = 0; i < o.size; ++i) p.emplace_back(o[i]);
    const Infinities infinite = infinities_of(o);
    if (infinite.count > 0 && !steps.empty() && steps.front() == Step::normalise) {
      // One output beyond all others is one-hot; two have no limit.
      for (std::size_t i = 0; i < o.size; ++i) {
        p[i] = T(infinite.count > 1 ? std::numeric_limits<double>::quiet_NaN() : i == infinite.at ? 1 : 0);
      }
      steps = steps.subspan(1);
    }
  }
  for (const Step step : steps) {
    if (step == Step::clip) {
      for (T& q : p) q = clipped(problem, q);
    } else {
      Sum<T> total;
      for (const T& q : p) total.add(q);
      const T sum = total.value();
      for (T& q : p) q = is_zero(sum) ? T(std::numeric_limits<double>::quiet_NaN()) : q / sum;
    }
  }
}

/// dL/do, scaled, of L = −Σ_i c_i ln p_i over a row, where p are the probabilities that the dialect's steps make of o.
///
/// Going back over the steps, dL/do_i keeps the form a_i / o_i + b_i / S, which is a_i = −c_i and b = 0 at the
/// logarithm: normalising o by its sum S leaves a alone and sets b_i = −Σ_j a_j; a clip passes both inside [lo, hi],
/// its ends included, and stops both outside (as TensorFlow's clip_by_value). So no probability is divided by before
/// the end, where an o_i of 0 is −inf when a_i is not 0.
template <typename T>
void entropy_gradient(const Problem& problem, RowView o, std::span<const Step> steps, const std::vector<T>& coefficient,
                      const Scale<T>& scale, std::vector<T>& out) {
  std::vector<T> before;
  prepared_probabilities(problem, o, steps, before);
  out = before;
  if (is_nan(before[0])) return;
  std::vector<T> a;
  for (const T& c : coefficient) a.push_back(-c);
  std::vector<T> b(o.size);
  T divisor(1);
  const bool from_logits = !steps.empty() && steps.front() == Step::softmax;
  for (std::size_t done = steps.size(); done-- > (from_logits ? 1 : 0);) {
    prepared_probabilities(problem, o, steps.first(done), before);
    if (steps[done] == Step::normalise) {
      Sum<T> sum;
      Sum<T> total;
      for (std::size_t i = 0; i < o.size; ++i) {
        sum.add(before[i]);
        total.add(a[i]);
      }
      divisor = sum.value();
      b.assign(o.size, -total.value());
    } else {
      for (std::size_t i = 0; i < o.size; ++i) {
        a[i] = passed(before[i], T(problem.clip_low), T(problem.clip_high), a[i]);
        b[i] = passed(before[i], T(problem.clip_low), T(problem.clip_high), b[i]);
      }
    }
  }
  if (from_logits) {
    // p = softmax(x) turns a_i / p_i + b_i / S into a_i + b_i p_i / S, less p_i times the sum of that over the row.
    softmax_row(o, before);
    Sum<T> total;
    for (std::size_t i = 0; i < o.size; ++i) {
      out[i] = a[i] + term(b[i], before[i]) / divisor;
      total.add(out[i]);
    }
    for (std::size_t i = 0; i < o.size; ++i) out[i] = scale.of(out[i] - before[i] * total.value());
    return;
  }
  // Beside an infinite output b_i / S is 0, and that output's own a_i / o_i too.
  const bool is_one_hot = infinities_of(o).count > 0 && !steps.empty() && steps.front() == Step::normalise;
  if (is_one_hot) {
    b.assign(o.size, T(0));
    divisor = T(1);
  }
  for (std::size_t i = 0; i < o.size; ++i) {
    const T x(o[i]);
    if (is_zero(a[i]) || (is_one_hot && std::isinf(o[i]))) {
      out[i] = scale.of(b[i], divisor);
    } else if (is_zero(x)) {
      out[i] = scale.of(a[i] * T(std::numeric_limits<double>::infinity()));
    } else {
      out[i] = scale.of(a[i] * divisor + b[i] * x, x * divisor);
    }
  }
}

}  // namespace lossaudit
