// exp, log and log1p in binary64 with derived error bounds: the filter in front of the interval reference.
//
// Nothing is taken on trust from a libm. u = 2^-53 is the unit roundoff. The bounds hold for any compiler that neither
// reassociates nor widens; contraction to fused multiply-adds only drops roundings that are counted here.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace lossaudit::elementary {

/// Bound on the relative error of the three functions below: 32 u. See each for its own, smaller, figure.
inline constexpr double relative_bound = 0x1p-48;

// ln 2 = high + low + [−2^-83, 2^-83]; high has 29 bits, so that k · high is exact for |k| < 2^24.
inline constexpr double ln2_high = 0x1.62e42fep-1;
inline constexpr double ln2_low = 0x1.f473de6af278fp-30;

/// 2^n, for −1022 ≤ n ≤ 1023.
inline double power_of_two(int n) { return std::bit_cast<double>(static_cast<std::uint64_t>(n + 1023) << 52); }

/// floor(log2 x) of a positive normal x; −1023 for 0 and subnormals.
inline int binade(double x) { return static_cast<int>(std::bit_cast<std::uint64_t>(x) >> 52) - 1023; }

/// e^x for −708 ≤ x ≤ 709 (no subnormal results), to 16 u relative.
///
/// n = round(x / ln 2), so |n| ≤ 1023 and r = x − n ln 2 has |r| ≤ 0.3466 (+ 2^-40, from rounding x/ln 2). r's error:
/// the subtraction of the exact n · high rounds once at |r| ≤ 0.35 (0.35 u), so does that of n · low, and ln 2's own is
/// below 2^-73: under u in all, which is also its relative effect on e^r. Taylor of degree 13: remainder 0.3466^14
/// e^0.35 / 14! < 2^-56 = u / 8. Horner's step q_k = 1/k! + r q_(k+1) errs by at most
/// (|r q_(k+1)| + |q_k| + 1/k!) u ≤ 3.1 u, passed on with a factor |r|: 3.1 / (1 − 0.35) < 4.8 u; over e^r ≥ 0.707 that
/// is 6.8 u. Sum: below 8 u + u/5 + second order < 16 u.
inline double exp(double x) {
  constexpr double magic = 0x1.8p52;  // adding it leaves the nearest integer in the low bits
  constexpr double log2_e = 0x1.71547652b82fep+0;
  const double n = (x * log2_e + magic) - magic;
  const double r = (x - n * ln2_high) - n * ln2_low;
  constexpr std::array<double, 14> inverse_factorial = {
      1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
      1.0 / 720,        1.0 / 120,       1.0 / 24,       1.0 / 6,       1.0 / 2,      1.0,         1.0};
  double q = 0;
  for (const double c : inverse_factorial) q = c + r * q;
  return q * power_of_two(static_cast<int>(n));  // q in [0.7, 1.42]: exact while the result is normal
}

/// 2 atanh(s) = ln((1 + s) / (1 − s)) for |s| ≤ 1/3 (+ 2^-50), to 8 u relative beyond 1.3 times the relative error of
/// s.
///
/// 2 s P(s²) with P(z) = Σ z^k / (2k + 1), k ≤ 15, z ≤ 1/9: remainder z^16 / 33 / (1 − z) < 2^-55 = u / 4 (P ≥ 1). z's
/// rounding moves P by z P′ u < 0.05 u; Horner's steps err by (|z q| + |q| + c) u < 2.2 u, summed with the factor z <
/// 1/9: 2.5 u; the last product rounds once. Below 4 u. The condition of 2 atanh in s is s / ((1 − s²) atanh s) ≤ 1.09
/// for |s| ≤ 1/3.
inline double twice_atanh(double s) {
  const double z = s * s;
  double q = 0;
  for (int k = 15; k >= 0; --k) q = 1.0 / (2 * k + 1) + z * q;
  return 2 * s * q;
}

/// ln x for positive normal x, to 16 u relative.
///
/// x = 2^k m with m in [√½, √2] (to a rounding of √½): m − 1 is exact, s = (m − 1)/(m + 1) errs by 2 u, so ln m by 6.6
/// u relative. For k = 0 that is all. Otherwise |ln x| ≥ 0.3465 ≥ |ln m|: the error of ln m (≤ 6.6 u), one rounding of
/// ln m + k · low (≤ 1.1 u), one of the sum, and k · 2^-83.
inline double log(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  // Subtracting the bits of √½ makes the exponent field count from there.
  constexpr std::uint64_t half_root = 0x3fe6a09e667f3bcdULL;
  const auto k = static_cast<int>(static_cast<std::int64_t>(bits - half_root) >> 52);
  const double m = std::bit_cast<double>(bits - (static_cast<std::uint64_t>(static_cast<std::int64_t>(k)) << 52));
  const double log_m = twice_atanh((m - 1) / (m + 1));
  return k * ln2_high + (log_m + k * ln2_low);
}

/// ln(1 + x) for −1 < x < 2^1023, to 24 u relative.
///
/// In [−1/2, 1], s = x / (2 + x) lies in [−1/3, 1/3] and errs by 2 u: 6.6 u in all. Elsewhere |ln(1 + x)| ≥ ln 2: 1 + x
/// rounds once (it is exact below −1/2), which moves the logarithm by u ≤ 1.5 u relative, and log adds its 16 u.
inline double log1p(double x) {
  if (x >= -0.5 && x <= 1) return twice_atanh(x / (2 + x));
  return log(1 + x);
}

}  // namespace lossaudit::elementary
