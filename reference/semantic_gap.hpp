// What each dialect answers for one case, and how far that is from mathematics: the semantic gap, which is no error of
// anybody's implementation.
#pragma once

#include <string>
#include <vector>

#include "reference/evaluate.hpp"

namespace lossaudit {

/// How far a dialect's exact result is from that of dialect `exact`. Both measures are NaN where either result is not a
/// number, +inf where a limit is infinite on one side alone, and 0 only where the results are known to be the same.
struct Gap {
  double relative = 0;  ///< (dialect − exact) / abs(exact), signed
  double ulp = 0;       ///< abs(dialect − exact) in ulps of the contract's format at the exact result
};

/// One dialect's answers to a case.
struct DialectAnswer {
  Dialect dialect = Dialect::exact;
  std::string refusal;         ///< why the dialect has no answer; then the rest is empty
  std::vector<Exact> results;  ///< as explain() gives them
  std::vector<Gap> gaps;       ///< one a result
};

/// The answers of every dialect in the table's order; the contract's own dialect is not looked at. An `epsilon` is
/// given to the dialects that have one. Throws BadInput when dialect `exact` cannot take the case.
std::vector<DialectAnswer> answers_of_dialects(const Contract& contract, const Batch& batch, int digits);

}  // namespace lossaudit
