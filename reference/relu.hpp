#pragma once

#include <cmath>

namespace lossaudit {

/// max(x, 0), elementwise.
template <typename T>
T relu(double x) {
  return T(x > 0 || std::isnan(x) ? x : 0);
}

}  // namespace lossaudit
