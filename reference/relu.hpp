#pragma once

#include <cmath>

namespace lossaudit {

/// max(x, 0), elementwise.
template <typename T>
T relu(double x) {
  return T(x > 0 || std::isnan(x) ? x : 0);
}

/// Its derivative: 1 if x > 0, else 0 (of the subgradients [0, 1] at 0, the one every framework here takes).
template <typename T>
T relu_derivative(double x) {
  return T(std::isnan(x) ? x : x > 0 ? 1 : 0);
}

}  // namespace lossaudit
