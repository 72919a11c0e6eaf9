#pragma once

#include <limits>

#include "reference/problem.hpp"

namespace lossaudit {

/// ln(p / (1 − p)), elementwise, as log1p((2p − 1) / (1 − p)), which is exactly 0 at p = 1/2. NaN outside [0, 1]; −inf
/// at 0 and +inf at 1.
template <typename T>
T logit(double p) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (!(p >= 0 && p <= 1)) return T(std::numeric_limits<double>::quiet_NaN());
  if (p == 0) return T(-infinity);
  if (p == 1) return T(infinity);
  const T one(1);
  // Far from 1/2 the quotient is near −1 or huge, so take the plain form there.
  if (p < 0.25 || p > 0.75) return log(T(p)) - log1p(-T(p));
  return log1p((T(p) + T(p) - one) / (one - T(p)));
}

/// Its derivative 1 / (p (1 − p)), scaled: +inf at 0 and 1, NaN outside [0, 1].
template <typename T>
T logit_derivative(double p, const Scale<T>& scale) {
  if (!(p >= 0 && p <= 1)) return T(std::numeric_limits<double>::quiet_NaN());
  if (p == 0 || p == 1) return scale.of(T(std::numeric_limits<double>::infinity()));
  return scale.of(T(1), T(p) * (T(1) - T(p)));
}

}  // namespace lossaudit
