// How far a computed value is from the exact one, and which rules it breaks.
#pragma once

#include <string>

#include "audit/profile.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {

/// One computed value against its exact result.
struct Judgement {
  double computed = 0;
  /// Both are numbers, so `ulp` and `relative` mean something.
  bool numeric = false;
  /// abs(computed − exact) / ulp(exact); an infinity counts as 2^(emax+1).
  double ulp = 0;
  /// abs(computed − exact) / abs(exact); +inf when only the exact value is 0.
  double relative = 0;
  /// The computed value is the exact one rounded to nearest, ties to even (−0 counts as 0).
  bool correctly_rounded = false;
  /// Name of the rule it breaks, or "":
  ///   finite         an infinity where the exact result is within the format's finite range
  ///   number_due     a NaN where a number or an infinity is due
  ///   nan_stays_nan  a number where NaN is due
  ///   overflow       a result beyond 2^(emax+1) that is not the infinity of its sign
  ///   pole           an infinite result at finite inputs (ln 0) that is not that infinity
  ///   limits         not the limit at an infinite input; `required` is then false
  std::string broken_rule;
  /// false: the result is one that losses.md only recommends, so neither a broken rule nor an error beyond the budget
  /// fails.
  bool required = true;
};

/// The law of special values for one value. Needs no tolerance: between the largest finite number and 2^(emax+1) both
/// neighbours (that number and the infinity) are allowed here, and the ulp error judges them.
Judgement judge(Format format, const Expected& expected, double computed);

/// Whether nothing is left of a result: a required normal number, and the computed one, a number too, is at
/// least as far from it as 0 is.
bool lost(Format format, const Expected& expected, const Judgement& judgement);

/// A result's error as a multiple of the error that the budget allows it: up to 1 is within the budget. 0 for the
/// correctly rounded result, and where there is no budget or no error; +inf for an error where none is allowed.
/// `result` is its index among the batch's results: a budget may look at the row's length and at the input.
double share_of_budget(const Budget& budget, const Contract& contract, const Batch& batch, std::size_t result,
                       const Expected& expected, const Judgement& judgement);

}  // namespace lossaudit
