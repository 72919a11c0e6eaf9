// What the formulas ask of a number type T, for T = double. Interval brings the same by itself.
//
// T(double) is exact; T::Sum is its running sum; + − * / are T's own; exp, log, log1p, min, max, passed, zero_times,
// is_zero and is_nan are found by T's type.
#pragma once

#include <algorithm>
#include <cmath>

namespace lossaudit {

using std::exp;
using std::log;
using std::log1p;
using std::max;
using std::min;

inline bool is_zero(double x) { return x == 0; }
inline bool is_nan(double x) { return std::isnan(x); }

/// 0 · y as an entropy term has it: 0, also beside an infinity.
inline double zero_times(double y) { return std::isnan(y) ? y : 0; }

/// y where low ≤ x ≤ high, else 0.
inline double passed(double x, double low, double high, double y) {
  return x >= low && x <= high ? y : std::isnan(x) ? x : 0;
}

/// A running sum of T.
template <typename T>
struct SumOf {
  using type = typename T::Sum;
};
template <>
struct SumOf<double> {
  class type {
   public:
    void add(double x) { total_ += x; }
    [[nodiscard]] double value() const { return total_; }

   private:
    double total_ = 0;
  };
};
template <typename T>
using Sum = typename SumOf<T>::type;

}  // namespace lossaudit
