#pragma once

#include "reference/sigmoid.hpp"
#include "reference/softplus.hpp"

namespace lossaudit {

/// −ln(1 + e^−x), elementwise.
template <typename T>
T log_sigmoid(double x) {
  return -softplus<T>(-x);
}

/// Its derivative sigmoid(−x).
template <typename T>
T log_sigmoid_derivative(double x) {
  return sigmoid<T>(-x);
}

}  // namespace lossaudit
