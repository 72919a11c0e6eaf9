// Numbers of a type T with a bound on their error, for T = DoubleDouble and T = Wide.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "fast/double_double.hpp"
#include "fast/exact_sum.hpp"
#include "fast/wide.hpp"

namespace lossaudit::fast {

/// How little of what was added up may be left of a result for it to be trusted: 2^26 times the error of T's functions.
template <class T>
inline constexpr double trusted_part = 0;  // Wide: always
template <>
inline constexpr double trusted_part<DoubleDouble> = 0x1p-64;

/// A sum, and the sum of the magnitudes of its terms, to which its error is proportional.
template <class T>
struct Magnified {
  T value = T(0.0);
  double magnitude = 0;
  bool is_certain = true;  ///< false: an infinity or not, or of which sign, depends on digits that T has not

  [[nodiscard]] bool is_trusted() const {
    const double size = std::abs(to_double(value));
    return is_certain && !(size < trusted_part<T> * magnitude);
  }
};

/// sum += coefficient * y for a y that is not negative: 0 for a coefficient that is exactly 0, also beside an infinity.
template <class T>
void add_term(Magnified<T>& sum, const Magnified<T>& coefficient, const T& y) {
  const double size = to_double(y);
  if (std::isinf(size)) {
    if (!coefficient.is_trusted() || !coefficient.is_certain) {
      sum.is_certain = false;
    } else if (to_double(coefficient.value) != 0) {
      sum.value = sum.value + coefficient.value * y;
    }
    return;
  }
  sum.value = sum.value + coefficient.value * y;
  sum.magnitude += coefficient.magnitude * size;
}

/// Σ v_i, exact but for the last rounding.
inline DoubleDouble sum_of(const std::vector<double>& values, DoubleDouble /*type*/) {
  ExactSum sum;
  for (const double v : values) sum.add(v);
  return sum.value();
}
inline Wide sum_of(const std::vector<double>& values, const Wide& /*type*/) {
  Wide sum(0);
  for (const double v : values) sum += v;
  return sum;
}

}  // namespace lossaudit::fast
