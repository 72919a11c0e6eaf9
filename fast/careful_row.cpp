#include "fast/careful_row.hpp"

#include <cmath>
#include <limits>

#include "fast/careful.hpp"

namespace lossaudit::fast::careful {
namespace {

void fill_limits(const float* x, float* result, std::size_t n, float at_infinity, float elsewhere) {
  const bool has_limit = kind_of({x, n}).has_one_infinity();
  for (std::size_t i = 0; i < n; ++i) {
    const float limit = std::isinf(x[i]) && x[i] > 0 ? at_infinity : elsewhere;
    result[i] = has_limit ? limit : std::numeric_limits<float>::quiet_NaN();
  }
}

}  // namespace

RowKind kind_of(RowView x) {
  RowKind kind;
  kind.maximum = -std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < x.size; ++i) {
    kind.has_nan = kind.has_nan || std::isnan(x[i]);
    kind.infinities += std::isinf(x[i]) && x[i] > 0 ? 1 : 0;
    if (x[i] > kind.maximum) {
      kind.maximum = x[i];
      kind.argmax = i;
    }
  }
  return kind;
}

DoubleDouble log_of_sum(RowView x, const RowKind& kind) {
  DoubleDouble others;
  for (std::size_t i = 0; i < x.size; ++i) {
    if (i != kind.argmax) others = others + exp(two_sum(x[i], -static_cast<double>(kind.maximum)));
  }
  return log1p(others);
}

void softmax_limits(const float* x, float* result, std::size_t n) { fill_limits(x, result, n, 1, 0); }

void log_softmax_limits(const float* x, float* result, std::size_t n) {
  fill_limits(x, result, n, 0, -std::numeric_limits<float>::infinity());
}

DoubleDouble logsumexp(const float* x, std::size_t n) {
  const RowKind kind = kind_of({x, n});
  if (kind.has_nan) return {std::numeric_limits<double>::quiet_NaN(), 0};
  if (!kind.is_finite()) return {kind.maximum, 0};
  return DoubleDouble{kind.maximum, 0} + log_of_sum({x, n}, kind);
}

}  // namespace lossaudit::fast::careful
