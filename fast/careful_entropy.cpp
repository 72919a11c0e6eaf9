#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "fast/careful.hpp"
#include "fast/careful_row.hpp"
#include "fast/exact_sum.hpp"

namespace lossaudit::fast::careful {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr DoubleDouble nan_value = {std::numeric_limits<double>::quiet_NaN(), 0};

/// A row as -ln p_i = distance_i + offset. Both are kept apart because a row of targets may sum to 0.
struct Surprise {
  bool is_nan = true;
  std::vector<DoubleDouble> distances;
  DoubleDouble offset;
};

Surprise of_logits(RowView x) {
  const RowKind kind = kind_of(x);
  Surprise row;
  row.is_nan = !kind.is_finite() && !kind.has_one_infinity();
  if (row.is_nan) return row;
  for (std::size_t i = 0; i < x.size; ++i) {
    const double limit = i == kind.argmax ? 0 : infinity;
    row.distances.push_back(kind.is_finite() ? two_sum(kind.maximum, -static_cast<double>(x[i]))
                                             : DoubleDouble{limit, 0});
  }
  if (kind.is_finite()) row.offset = log_of_sum(x, kind);
  return row;
}

/// ln(a / b) for floats a >= b >= 0.
DoubleDouble log_ratio(double a, double b) {
  if (b == 0) return {infinity, 0};
  if (b > a / 2) return log1p(DoubleDouble{a - b, 0} / DoubleDouble{b, 0});
  return log(DoubleDouble{a, 0} / DoubleDouble{b, 0});
}

/// -ln(p_i / Σ p) = ln(m / p_i) + log1p(Σ others / m), with m the largest p.
Surprise of_masses(const std::vector<double>& p) {
  Surprise row;
  const auto largest = std::max_element(p.begin(), p.end());
  if (*largest == 0) return row;
  ExactSum others;
  for (auto q = p.begin(); q != p.end(); ++q) {
    if (q != largest) others.add(*q);
  }
  row.is_nan = false;
  row.offset = log1p(others.value() / DoubleDouble{*largest, 0});
  for (const double q : p) row.distances.push_back(log_ratio(*largest, q));
  return row;
}

/// -ln clip(o_i / Σ o), where o may have either sign.
Surprise of_clipped_shares(const LossTask& task, const std::vector<double>& o) {
  Surprise row;
  ExactSum exact;
  for (const double q : o) exact.add(q);
  const DoubleDouble sum = exact.value();
  if (sum.hi == 0 || !std::isfinite(sum.hi)) return row;
  row.is_nan = false;
  for (std::size_t i = 0; i < o.size(); ++i) {
    DoubleDouble share = DoubleDouble{o[i], 0} / sum;
    if (share.hi <= task.clip_low) {
      row.distances.push_back(-log({task.clip_low, 0}));
    } else if (share.hi >= task.clip_high && task.clip_high < 1) {
      row.distances.push_back(-log({task.clip_high, 0}));
    } else if (share.hi <= 0.5) {
      row.distances.push_back(-log(share));
    } else {
      // 1 - share from the others, for a share near 1 that no clip holds back.
      ExactSum others;
      for (std::size_t j = 0; j < o.size(); ++j) {
        if (j != i) others.add(o[j]);
      }
      const DoubleDouble missing = others.value() / sum;
      row.distances.push_back(missing.hi <= 0 ? DoubleDouble{} : -log1p(-missing));
    }
  }
  return row;
}

Surprise surprise_of(const LossTask& task, RowView o) {
  if (task.probabilities == Probabilities::from_logits) return of_logits(o);
  Surprise row;
  std::vector<double> p(o.size);
  for (std::size_t i = 0; i < o.size; ++i) {
    p[i] = o[i];
    const bool any_number = task.probabilities == Probabilities::normalised_clipped ||
                            task.probabilities == Probabilities::clipped_normalised;
    if (std::isnan(p[i]) || (!any_number && !(p[i] >= 0 && p[i] <= 1))) return row;
    if (task.probabilities == Probabilities::clipped_normalised) {
      p[i] = std::min(std::max(p[i], task.clip_low), task.clip_high);
    }
  }
  if (task.probabilities == Probabilities::normalised_clipped) return of_clipped_shares(task, p);
  if (task.probabilities != Probabilities::plain) return of_masses(p);
  row.is_nan = false;
  for (const double q : p) row.distances.push_back(q == 0 ? DoubleDouble{infinity, 0} : -log({q, 0}));
  return row;
}

/// w_i ((1 - a) t + a / K).
DoubleDouble coefficient(const LossTask& task, std::size_t i, double t, std::size_t classes) {
  const double w = task.class_weights == nullptr ? 1 : task.class_weights[i];
  if (task.smoothing == 0) return {w * t, 0};  // exact: 48 bits
  ExactSum smoothed;
  smoothed.add(t);
  smoothed.add_product(-task.smoothing, t);
  smoothed.add(DoubleDouble{task.smoothing, 0} / DoubleDouble{static_cast<double>(classes), 0});
  return DoubleDouble{w, 0} * smoothed.value();
}

}  // namespace

DoubleDouble entropy(const LossTask& task, RowView target, std::int64_t label, RowView output) {
  const std::size_t n = output.size;
  const bool is_sparse = target.first == nullptr;
  if (is_sparse && !is_class(label, n)) return nan_value;
  const Surprise row = surprise_of(task, output);
  if (row.is_nan) return nan_value;
  ExactSum by_distance;
  ExactSum coefficients;
  for (std::size_t i = 0; i < n; ++i) {
    const double one_hot = static_cast<std::uint64_t>(label) == i ? 1 : 0;
    const double t = is_sparse ? one_hot : target[i];
    if (!std::isfinite(t)) return nan_value;
    const DoubleDouble c = coefficient(task, i, t, n);
    if (c.hi == 0) continue;
    coefficients.add(c);
    by_distance.add_product(c, row.distances[i]);
  }
  return by_distance.value() + coefficients.value() * row.offset;
}

DoubleDouble class_weight(const LossTask& task, RowView target, std::int64_t label) {
  if (target.first == nullptr) {
    return is_class(label, target.size) ? DoubleDouble{task.class_weights[label], 0} : nan_value;
  }
  ExactSum sum;
  for (std::size_t i = 0; i < target.size; ++i) {
    sum.add(static_cast<double>(task.class_weights[i]) * static_cast<double>(target[i]));  // exact: 48 bits
  }
  return sum.value();
}

DoubleDouble squared_error(RowView target, RowView output) {
  ExactSum sum;
  for (std::size_t i = 0; i < output.size; ++i) {
    const DoubleDouble difference = two_sum(target[i], -static_cast<double>(output[i]));
    sum.add_product(difference, difference);
  }
  return sum.value() / DoubleDouble{static_cast<double>(output.size), 0};
}

}  // namespace lossaudit::fast::careful
