#pragma once

#include "reference/number.hpp"

namespace lossaudit {

/// 1 / (1 + e^−x), elementwise. Source: the definition of the logistic function.
template <typename T>
T sigmoid(double x) {
  return T(1) / (T(1) + exp(T(-x)));
}

/// Its derivative s (1 − s), as 1 / ((1 + e^−x) (1 + e^x)), which cancels nowhere.
template <typename T>
T sigmoid_derivative(double x) {
  return T(1) / ((T(1) + exp(T(-x))) * (T(1) + exp(T(x))));
}

}  // namespace lossaudit
