#pragma once

#include "reference/number.hpp"

namespace lossaudit {

/// 1 / (1 + e^−x), elementwise. Source: the definition of the logistic function.
template <typename T>
T sigmoid(double x) {
  return T(1) / (T(1) + exp(T(-x)));
}

}  // namespace lossaudit
