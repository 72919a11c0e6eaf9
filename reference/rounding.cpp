#include "reference/rounding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

namespace lossaudit {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// A temporary with enough bits to scale any endpoint exactly.
class Temporary {
 public:
  explicit Temporary(mpfr_prec_t precision) { mpfr_init2(value_, precision); }
  ~Temporary() { mpfr_clear(value_); }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  mpfr_ptr get() { return value_; }

 private:
  mpfr_t value_;
};

/// floor(log2 |x|), for x ≠ 0 and finite; the extremes of long stand in for 0 and infinity.
long binade(mpfr_srcptr x) {
  if (mpfr_zero_p(x) != 0) return std::numeric_limits<long>::min() / 2;
  if (mpfr_inf_p(x) != 0) return std::numeric_limits<long>::max() / 2;
  return mpfr_get_exp(x) - 1;
}

/// The binade of the largest magnitude below or at an enclosure's outer end: an open end at a power of 2 belongs to the
/// binade below.
long largest_binade(mpfr_srcptr outer, bool open) {
  if (mpfr_zero_p(outer) != 0 || mpfr_inf_p(outer) != 0 || !open) return binade(outer);
  const bool power_of_two = mpfr_min_prec(outer) == 1;
  return binade(outer) - (power_of_two ? 1 : 0);
}

/// An endpoint in units of 2^exponent, rounded to nearest as the enclosed number is: a tie goes to even only when the
/// number can be the endpoint itself. `inward` is the side on which the enclosed number lies. Magnitudes of `cap` or
/// more become ±cap.
double rounded_units(mpfr_srcptr x, int exponent, bool open, int inward, double cap) {
  if (mpfr_inf_p(x) != 0) return std::copysign(cap, mpfr_sgn(x));
  Temporary scaled(mpfr_get_prec(x));
  mpfr_mul_2si(scaled.get(), x, -exponent, MPFR_RNDN);  // exact: only the exponent changes
  Temporary floor(64);
  if (mpfr_cmpabs_ui(scaled.get(), static_cast<unsigned long>(cap)) >= 0) return std::copysign(cap, mpfr_sgn(x));
  mpfr_floor(floor.get(), scaled.get());  // at most 53 bits, since |x| < cap ≤ 2^53
  const double below = mpfr_get_d(floor.get(), MPFR_RNDN);
  mpfr_sub(scaled.get(), scaled.get(), floor.get(), MPFR_RNDN);  // exact: the fraction's bits are x's own
  const int side = mpfr_cmp_d(scaled.get(), 0.5);
  if (side != 0) return side < 0 ? below : below + 1;
  if (open) return inward > 0 ? below + 1 : below;
  return std::fmod(below, 2) == 0 ? below : below + 1;
}

/// The number 0.DIGITS · 10^exponent as a person would write it: positional near 1, scientific elsewhere.
std::string placed(std::string digits, long exponent) {
  const auto size = static_cast<long>(digits.size());
  if (exponent > 0 && exponent <= 21) {
    if (size <= exponent) return digits.append(static_cast<std::size_t>(exponent - size), '0');
    return digits.insert(static_cast<std::size_t>(exponent), ".");
  }
  if (exponent <= 0 && exponent > -5) return "0." + std::string(static_cast<std::size_t>(-exponent), '0') + digits;
  if (size > 1) digits.insert(1, ".");
  return digits + "e" + (exponent > 0 ? "+" : "-") + std::to_string(std::abs(exponent - 1));
}

/// x 2^n.
double scaled(double x, int n) { return std::abs(n) <= 1000 ? x * elementary::power_of_two(n) : std::ldexp(x, n); }

std::string formatted(mpfr_srcptr x, int digits, mpfr_rnd_t rounding) {
  if (mpfr_nan_p(x) != 0) return "nan";
  if (mpfr_inf_p(x) != 0) return mpfr_sgn(x) > 0 ? "inf" : "-inf";
  if (mpfr_zero_p(x) != 0) return "0";
  mpfr_exp_t exponent = 0;
  const std::unique_ptr<char, decltype(&mpfr_free_str)> raw(
      mpfr_get_str(nullptr, &exponent, 10, static_cast<std::size_t>(digits), x, rounding), &mpfr_free_str);
  std::string digits_text(raw.get());
  const bool negative = digits_text[0] == '-';
  if (negative) digits_text.erase(0, 1);
  digits_text.erase(std::max<std::size_t>(digits_text.find_last_not_of('0') + 1, 1));
  return (negative ? "-" : "") + placed(digits_text, static_cast<long>(exponent));
}

}  // namespace

Expected round_enclosure(Format format, const Bounds& b) {
  Expected expected;
  expected.rounded = std::numeric_limits<double>::quiet_NaN();
  if (mpfr_nan_p(b.lower) != 0 || mpfr_nan_p(b.upper) != 0) return expected;
  expected.kind = Expected::Kind::number;
  const FormatTraits& t = traits(format);
  if (mpfr_inf_p(b.lower) != 0 && mpfr_equal_p(b.lower, b.upper) != 0) {
    expected.kind = Expected::Kind::infinity;
    expected.rounded = mpfr_sgn(b.lower) > 0 ? infinity : -infinity;
    expected.ulp_exponent = t.max_exponent - t.precision + 1;
    return expected;
  }
  const bool crosses_zero = mpfr_sgn(b.lower) < 0 && mpfr_sgn(b.upper) > 0;
  // The binade of the end nearer to 0 holds for the whole enclosure once it is narrow, except at a power of 2.
  const mpfr_srcptr inner = mpfr_cmpabs(b.lower, b.upper) <= 0 ? b.lower : b.upper;
  const long smallest_binade = crosses_zero ? std::numeric_limits<long>::min() / 2 : binade(inner);
  expected.ulp_exponent = ulp_exponent(format, smallest_binade);
  // In these units the format's numbers of that binade are the integers up to 2^p. At the top, 2^p stands for
  // everything beyond; elsewhere a wide enclosure may reach further, where the exact figure no longer matters because
  // it is not narrow.
  const bool at_top = expected.ulp_exponent == t.max_exponent - t.precision + 1;
  const double cap = std::ldexp(1.0, at_top ? t.precision : t.precision + 2);
  const double low = rounded_units(b.lower, expected.ulp_exponent, b.lower_open, 1, cap);
  const double high = rounded_units(b.upper, expected.ulp_exponent, b.upper_open, -1, cap);
  const auto value_of = [&](double units) {
    return at_top && std::abs(units) >= cap ? std::copysign(infinity, units) : std::ldexp(units, expected.ulp_exponent);
  };
  expected.rounded = value_of(low) + 0.0;  // −0 becomes 0: the sign of a zero result is not judged
  expected.proved = low == high;

  // offset = (middle of the enclosure − rounded) in ulps, and the half-width must be below 2^-20.
  const mpfr_prec_t precision = std::max(mpfr_get_prec(b.lower), mpfr_get_prec(b.upper)) + 64;
  Temporary below(precision);
  Temporary above(precision);
  const auto offset_of = [&](Temporary& out, mpfr_srcptr x) {
    if (mpfr_inf_p(x) != 0) {
      mpfr_set_d(out.get(), std::copysign(cap, mpfr_sgn(x)), MPFR_RNDN);
    } else {
      mpfr_mul_2si(out.get(), x, -expected.ulp_exponent, MPFR_RNDN);
      if (mpfr_cmpabs_ui(out.get(), static_cast<unsigned long>(cap)) > 0) {
        mpfr_set_d(out.get(), std::copysign(cap, mpfr_sgn(x)), MPFR_RNDN);
      }
    }
    mpfr_sub_d(out.get(), out.get(), low, MPFR_RNDN);
  };
  offset_of(below, b.lower);
  offset_of(above, b.upper);
  const double first = mpfr_get_d(below.get(), MPFR_RNDN);
  const double last = mpfr_get_d(above.get(), MPFR_RNDN);
  expected.offset = first + (last - first) / 2;
  if (!(last - first <= 0x1p-20)) expected.proved = false;
  // An enclosure on both sides of a power of 2 does not say which ulp is the exact value's.
  const mpfr_srcptr outer = inner == b.lower ? b.upper : b.lower;
  const bool outer_open = inner == b.lower ? b.upper_open : b.lower_open;
  if (ulp_exponent(format, largest_binade(outer, outer_open)) != expected.ulp_exponent) expected.proved = false;
  return expected;
}

Expected round_ball(Format format, const Ball& ball) {
  return round_sum(format, ball.center(), 0, ball.is_known() ? ball.radius() : infinity);
}

Expected round_sum(Format format, double high, double low, double radius) {
  Expected expected;
  expected.kind = Expected::Kind::number;
  expected.proved = false;
  if (!(radius <= std::numeric_limits<double>::max()) || !std::isfinite(high)) return expected;
  const FormatTraits& t = traits(format);
  const double magnitude = std::abs(high);
  // Bounds on what the number has beyond `magnitude`, away from 0; a sum is widened by its rounding.
  const double shift = high < 0 ? -low : low;
  const double rounding = low == 0 ? 0 : 0x1p-52;
  const double least = (shift - radius) - std::abs(shift - radius) * rounding;
  const double most = (shift + radius) + std::abs(shift + radius) * rounding;
  // A number on both sides of a power of 2 does not have an ulp yet. Both differences to the powers are exact.
  int inner = t.min_exponent - 1;
  int outer = inner;
  if (magnitude >= 0x1p-1021) {
    const int binade = elementary::binade(magnitude);
    const double power = elementary::power_of_two(binade);
    inner = least >= power - magnitude ? binade : -least <= magnitude - power / 2 ? binade - 1 : t.min_exponent - 1;
    outer = most <= power - magnitude && radius > 0 ? binade - 1
            : most <= power - (magnitude - power)   ? binade
                                                    : elementary::binade(magnitude + most) + 1;
  } else if (radius > 0 && !(magnitude + most < elementary::power_of_two(t.min_exponent))) {
    return expected;
  } else if (radius == 0 && magnitude > 0) {
    inner = outer = std::ilogb(magnitude);
  }
  expected.ulp_exponent = ulp_exponent(format, inner);
  if (ulp_exponent(format, outer) != expected.ulp_exponent) return expected;
  const double units = scaled(high, -expected.ulp_exponent);  // exact: nowhere near under- or overflow
  const double tail = scaled(low, -expected.ulp_exponent);
  const double cap = elementary::power_of_two(t.precision);
  double reach = scaled(radius, -expected.ulp_exponent);
  if (!(reach <= 0x1p-21) || std::abs(units) > cap + 1) return expected;
  // The nearest integer, ties to even: from 2^51 on, units is one, since the format has no more than binary64's bits.
  constexpr double magic = 0x1.8p52;
  double rounded = std::abs(units) < 0x1p51 ? (units + magic) - magic : units;
  double beside = (units - rounded) + tail;  // units − rounded is exact
  if (tail != 0 && units != rounded) reach += 0x1p-53;
  if (std::abs(beside) > 0.5) {
    const double step = std::copysign(1.0, beside);
    rounded += step;
    beside -= step;
  }
  // A tie is decided where nothing is unknown (`reach` may have underflowed to 0) and its integer is the even one.
  const bool exact_tie = radius == 0 && tail == 0;
  if (!exact_tie && 0.5 - std::abs(beside) <= reach * (1 + 0x1p-50)) return expected;
  const bool at_top = expected.ulp_exponent == t.max_exponent - t.precision + 1;
  // The cap on overflowing values is the intervals' business.
  if (at_top && std::abs(units) + reach >= cap) return expected;
  expected.rounded = at_top && std::abs(rounded) >= cap ? std::copysign(infinity, rounded)
                                                        : scaled(rounded, expected.ulp_exponent) + 0.0;
  expected.offset = beside;
  expected.proved = true;
  return expected;
}

std::string decimal_of(const Bounds& b, int digits) {
  const std::string low = formatted(b.lower, digits, MPFR_RNDN);
  return low == formatted(b.upper, digits, MPFR_RNDN) ? low : "";
}
std::string truncated_decimal_of(const Bounds& b, int digits) {
  const std::string low = formatted(b.lower, digits, MPFR_RNDZ);
  return low == formatted(b.upper, digits, MPFR_RNDZ) ? low : "";
}
std::string decimal_below(const Bounds& b, int digits) { return formatted(b.lower, digits, MPFR_RNDD); }
std::string decimal_above(const Bounds& b, int digits) { return formatted(b.upper, digits, MPFR_RNDU); }

}  // namespace lossaudit
