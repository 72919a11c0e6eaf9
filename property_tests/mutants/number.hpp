// The arithmetic of the control subject: 64-bit significands, and 400 bits where a result cancels.
//
// Nothing here knows the reference (interval arithmetic) or `fast` (SIMD): a third way to the same values.
#pragma once

#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace lossaudit::mutants {

using Real = long double;
static_assert(std::numeric_limits<Real>::digits >= 64, "the control needs a long double wider than double");

/// Holds any sum of f32 values exactly (they span 2^-149 … 2^128).
using Wide = boost::multiprecision::number<
    boost::multiprecision::cpp_bin_float<400, boost::multiprecision::digit_base_2, void, std::int64_t>,
    boost::multiprecision::et_off>;

using Row = std::vector<Real>;

inline constexpr Real infinity = std::numeric_limits<Real>::infinity();
inline constexpr Real not_a_number = std::numeric_limits<Real>::quiet_NaN();

inline Real ln(Real x) { return std::log(x); }
inline Real ln1p(Real x) { return std::log1p(x); }
inline Real power_of_e(Real x) { return std::exp(x); }

inline Wide ln(const Wide& x) { return x == 0 ? Wide(-infinity) : Wide(log(x)); }
inline Wide ln1p(const Wide& x) {
  // 1 + x keeps 400 bits, so below 2^-200 the series' first two terms are the better ones.
  return abs(x) < ldexp(Wide(1), -200) ? Wide(x - x * x / 2) : Wide(log(1 + x));
}
inline Wide power_of_e(const Wide& x) {
  // Below, the result is under the smallest long double by far and only joins larger terms.
  return x < -1000000 ? Wide(0) : Wide(exp(x));
}

/// A sum with the rounding errors carried along (Neumaier 1974): the error does not grow with the number of terms.
template <class Number>
class Sum {
 public:
  void add(const Number& term) {
    using std::abs, std::isfinite;
    const Number next = total_ + term;
    if (isfinite(next)) {
      carry_ += abs(total_) >= abs(term) ? Number((total_ - next) + term) : Number((term - next) + total_);
    }
    total_ = next;
  }
  [[nodiscard]] Number value() const { return total_ + carry_; }
  /// Forgets what rounding left over: for accumulators that are worse than this one.
  void restart_at(const Number& total) {
    total_ = total;
    carry_ = 0;
  }

 private:
  Number total_ = 0, carry_ = 0;
};

}  // namespace lossaudit::mutants
