#pragma once

#include "reference/softplus.hpp"

namespace lossaudit {

/// −ln(1 + e^−x), elementwise.
template <typename T>
T log_sigmoid(double x) {
  return -softplus<T>(-x);
}

}  // namespace lossaudit
