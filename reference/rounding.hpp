// From a proved enclosure to what measuring needs: the correctly rounded value of a format and the place of the exact
// one beside it.
#pragma once

#include <mpfr.h>

#include "reference/ball.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {

/// An enclosure of a real number, as any Interval<Digits> gives it.
struct Bounds {
  mpfr_srcptr lower, upper;
  bool lower_open, upper_open;
};

template <typename I>
Bounds bounds(const I& interval) {
  return {interval.lower(), interval.upper(), interval.lower_open(), interval.upper_open()};
}

/// The rounding of the enclosed number to the format. `proved` says whether the enclosure decides it, and knows
/// the exact value's place to 2^-20 ulp: when not, a narrower one must be tried.
Expected round_enclosure(Format format, const Bounds& bounds);

/// Whether a Ball is ever narrow enough for the format: it has 53 bits to spend on the format's own and the 20 beside.
constexpr bool filter_serves(Format format) { return traits(format).precision < 30; }

/// As round_enclosure, from the filter's ball. What it does not decide has `proved` false and must go to an Interval;
/// infinite and undefined results always do.
Expected round_ball(Format format, const Ball& ball);
/// The same from |real number − (high + low)| < radius, or = 0 where radius is 0, with |low| ≤ ulp(high) / 2: enough for
/// binary64 too.
Expected round_sum(Format format, double high, double low, double radius);

/// "-1.2345e-67": the enclosed number to `digits` significant decimals, or "" when the enclosure does not decide them.
std::string decimal_of(const Bounds& bounds, int digits);
/// The same truncated, which a number beside a decimal tie is decided by.
std::string truncated_decimal_of(const Bounds& bounds, int digits);
/// The ends, rounded outwards to `digits` significant decimals.
std::string decimal_below(const Bounds& bounds, int digits);
std::string decimal_above(const Bounds& bounds, int digits);

}  // namespace lossaudit
