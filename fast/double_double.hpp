// Numbers of about 106 bits as unevaluated sums of two doubles, for the few results that cancel.
//
// The algorithms are Knuth's and Dekker's as collected in: Hida, Li, Bailey, "Library for double-double and quad-double
// arithmetic" (2007), and Joldes, Muller, Popescu, "Tight and rigorous error bounds for basic building blocks of
// double-word arithmetic" (ACM TOMS 44, 2017). Each operation is good to 2^-102 relatively. An infinity or NaN lives in
// `hi` alone.
#pragma once

#include <cmath>

namespace lossaudit::fast {

struct DoubleDouble {
  DoubleDouble() = default;
  constexpr DoubleDouble(double high, double low = 0) : hi(high), lo(low) {}  // NOLINT: a double is one
  double hi = 0;
  double lo = 0;  ///< at most half an ulp of hi
};

inline double to_double(DoubleDouble x) { return x.hi; }

/// a + b exactly.
inline DoubleDouble two_sum(double a, double b) {
  const double s = a + b;
  if (!std::isfinite(s)) return {s, 0};
  const double part = s - a;
  return {s, (a - (s - part)) + (b - part)};
}

/// a * b exactly, unless it underflows.
inline DoubleDouble two_product(double a, double b) {
  const double p = a * b;
  if (!std::isfinite(p)) return {p, 0};
  return {p, std::fma(a, b, -p)};
}

inline DoubleDouble operator-(DoubleDouble a) { return {-a.hi, -a.lo}; }

inline DoubleDouble operator+(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble high = two_sum(a.hi, b.hi);
  if (!std::isfinite(high.hi)) return high;
  const DoubleDouble low = two_sum(a.lo, b.lo);
  const DoubleDouble sum = two_sum(high.hi, high.lo + low.hi);
  return two_sum(sum.hi, sum.lo + low.lo);
}
inline DoubleDouble operator-(DoubleDouble a, DoubleDouble b) { return a + (-b); }

inline DoubleDouble operator*(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble p = two_product(a.hi, b.hi);
  if (!std::isfinite(p.hi)) return p;
  return two_sum(p.hi, p.lo + (a.hi * b.lo + a.lo * b.hi));
}

inline DoubleDouble operator/(DoubleDouble a, DoubleDouble b) {
  const double first = a.hi / b.hi;
  if (!std::isfinite(first) || !std::isfinite(b.hi)) return {first, 0};
  DoubleDouble rest = a - DoubleDouble{first, 0} * b;
  const double second = rest.hi / b.hi;
  rest = rest - DoubleDouble{second, 0} * b;
  return two_sum(first, second) + DoubleDouble{rest.hi / b.hi, 0};
}

/// e^x for x <= 708, within 2^-95 of it relatively or half of the least double; 0 below -746.
DoubleDouble exp(DoubleDouble x);

/// ln y within 2^-94 of it relatively; -inf at 0.
DoubleDouble log(DoubleDouble y);

/// ln(1 + u) within 2^-94 of it relatively, for -1 <= u.
DoubleDouble log1p(DoubleDouble u);

}  // namespace lossaudit::fast
