#include "fast/double_double.hpp"

#include <array>
#include <cstddef>
#include <limits>

namespace lossaudit::fast {
namespace {

// ln 2 to 107 bits; k times its error is below 2^-97 for every k that occurs.
constexpr DoubleDouble ln2 = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
// Where the series below takes over from Newton's step.
constexpr double series_limit = 0.28;

// 1 / k! to 107 bits, for k = 2 to 5.
constexpr DoubleDouble inverse_factorials[] = {
    {0x1p-1, 0},
    {0x1.5555555555555p-3, 0x1.5555555555555p-57},
    {0x1.5555555555555p-5, 0x1.5555555555555p-59},
    {0x1.1111111111111p-7, 0x1.1111111111111p-63},
};

/// e^r - 1 for abs(r) <= 0.0014: eleven terms of the series, the rest being r^11 / 12! = 2^-133 of it. Those from r^6 /
/// 6! on are below 2^-56 of it, so a double holds their sum.
DoubleDouble expm1_small(DoubleDouble r) {
  double tail = 0;
  for (int k = 11; k >= 7; --k) tail = r.hi * (1 + tail) / k;
  DoubleDouble sum = r * DoubleDouble((1 + tail) / 720);
  for (int k = 5; k >= 2; --k) sum = r * (inverse_factorials[k - 2] + sum);
  return r + r * sum;
}

/// 1 / (2 j + 1), for j up to 22.
DoubleDouble inverse_odd(int j) {
  static const auto table = [] {
    std::array<DoubleDouble, 23> inverses;
    for (std::size_t i = 0; i < inverses.size(); ++i) {
      inverses[i] = DoubleDouble(1) / DoubleDouble(static_cast<double>(2 * i + 1));
    }
    return inverses;
  }();
  return table[static_cast<std::size_t>(j)];
}

/// y0 ~ ln y improved by one step: ln y = y0 + ln(1 + q) with q = y e^-y0 - 1 ~ 2^-52, whose cube is beneath notice.
DoubleDouble improved_log(double y0, DoubleDouble y) {
  const DoubleDouble q = y * exp({-y0, 0}) - DoubleDouble(1);
  return DoubleDouble{y0, 0} + (q - q * q * DoubleDouble{0.5, 0});
}

}  // namespace

DoubleDouble exp(DoubleDouble x) {
  if (x.hi < -746) return {0, 0};
  // x = k ln 2 + 256 r; squaring e^r eight times multiplies its error by 2^8, which is why it is done on e^r - 1.
  const double k = std::nearbyint(x.hi / ln2.hi);
  const DoubleDouble reduced = x - k * ln2;
  DoubleDouble m = expm1_small({reduced.hi / 256, reduced.lo / 256});
  for (int i = 0; i < 8; ++i) m = DoubleDouble{2 * m.hi, 2 * m.lo} + m * m;
  const DoubleDouble e = DoubleDouble(1) + m;
  const int power = static_cast<int>(k);
  return {std::ldexp(e.hi, power), std::ldexp(e.lo, power)};
}

DoubleDouble log(DoubleDouble y) {
  if (y.hi == 0) return {-std::numeric_limits<double>::infinity(), 0};
  const DoubleDouble beyond_one = y - DoubleDouble(1);
  if (std::abs(beyond_one.hi) < series_limit) return log1p(beyond_one);
  if (y.hi > 0x1p-900 && y.hi < 0x1p900) return improved_log(std::log(y.hi), y);
  const int exponent = std::ilogb(y.hi);
  const DoubleDouble significand = {std::ldexp(y.hi, -exponent), std::ldexp(y.lo, -exponent)};
  return DoubleDouble(exponent) * ln2 + improved_log(std::log(significand.hi), significand);
}

DoubleDouble log1p(DoubleDouble u) {
  if (std::abs(u.hi) < 0x1p-110) return u;
  if (!(std::abs(u.hi) < series_limit)) return log(DoubleDouble(1) + u);
  // 2 atanh(s) with abs(s) < 0.163: the terms fall by 2^-5.2, so the rest after 22 is below 2^-115.
  const DoubleDouble s = u / (DoubleDouble{2, 0} + u);
  const DoubleDouble z = s * s;
  DoubleDouble sum = {0, 0};
  for (int j = 22; j >= 0; --j) sum = inverse_odd(j) + z * sum;
  return DoubleDouble{2, 0} * (s * sum);
}

}  // namespace lossaudit::fast
