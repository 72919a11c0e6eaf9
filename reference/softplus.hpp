#pragma once

#include <algorithm>
#include <cmath>

#include "reference/number.hpp"
#include "reference/sigmoid.hpp"

namespace lossaudit {

/// ln(1 + e^−|x|): what softplus(x) and softplus(−x) have in common.
template <typename T>
T softplus_tail(double x) {
  return log1p(exp(T(-std::fabs(x))));
}

/// ln(1 + e^x), elementwise, as max(x, 0) + ln(1 + e^−|x|): the same real number, without an infinite intermediate.
template <typename T>
T softplus(double x) {
  if (std::isnan(x)) return T(x);
  return T(std::max(x, 0.0)) + softplus_tail<T>(x);
}

/// Its derivative sigmoid(x).
template <typename T>
T softplus_derivative(double x) {
  return sigmoid<T>(x);
}

}  // namespace lossaudit
