// The reference: proved enclosures of exact results, and what a format's best answer would be.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reference/contract.hpp"

namespace lossaudit {

/// What a subject's result is held against: the exact result of one case, reduced to what measuring needs.
struct Expected {
  enum class Kind : std::uint8_t {
    number,    ///< a real number (it may lie beyond the format's range: then `rounded` is an infinity)
    infinity,  ///< an infinity by its limit, not by overflow: `rounded`
    nan,       ///< not a number
  };
  Kind kind = Kind::nan;
  /// The limit at an infinite input: losses.md recommends it, so a deviation is reported and not failed.
  bool recommended = false;
  /// `rounded` is proved to be the correctly rounded value (false: precision ran out before the enclosure decided).
  bool proved = true;
  /// log2 of ulp(exact).
  int ulp_exponent = 0;
  /// The exact result rounded to the format, to nearest, ties to even.
  double rounded = 0;
  /// (exact − rounded) / ulp(exact), known to 2^-20 or better. Where |exact| is 2^(emax+1) or more, exact counts as
  /// that, and so does an infinite `rounded`.
  double offset = 0;
};

/// abs(computed − exact) / ulp(exact) for a numeric computed value and Kind::number; an infinite `computed` counts as
/// 2^(emax+1) with its sign. NaN when the question has no numeric answer (a NaN on one side, an infinity due): a matter
/// for rules.
double ulp_error(Format format, const Expected& expected, double computed);

/// abs(computed − exact) / abs(exact); 0 for 0 against 0, +inf for anything else against 0.
double relative_error(Format format, const Expected& expected, double computed);

/// The exact results of a batch, one for each result the contract has on that shape (result_size). Throws BadInput.
/// Cost: microseconds a value. Errors: none; every enclosure is proved (see interval.hpp).
std::vector<Expected> expect(const Contract& contract, const Batch& batch);

/// The same by intervals alone, without the filters in front of them: what the filters are judged by.
std::vector<Expected> expect_by_intervals(const Contract& contract, const Batch& batch);

/// One result, for people to read.
struct Exact {
  Expected::Kind kind = Expected::Kind::nan;
  bool recommended = false;
  std::string decimal;         ///< `digits` significant digits, correctly truncated or rounded, or "inf", "-inf", "nan"
  std::string lower, upper;    ///< decimal bounds that enclose the exact value, rounded outwards
  std::vector<Expected> each;  ///< the rounding in each format of format_table, in its order
};

/// As expect(), with every result given to `digits` significant decimals and rounded to every format. The inputs and
/// constants are those of contract.format.
std::vector<Exact> explain(const Contract& contract, const Batch& batch, int digits);

}  // namespace lossaudit
