// Special values of every function, dialect, pass, format and kind of output: one table, with what is due by hand.
//
// The source of a row is the text it quotes: losses.md, "Special values", and reference/semantics.md. What they leave
// open of the gradient is the limit that the exact derivative tends to.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "reference/contract.hpp"

namespace lossaudit {

struct SpecialValue {
  /// For which contracts the row holds: FUNCTIONS DIALECTS FORMATS PASSES OUTPUTS. Each is `*` or names separated by
  /// commas; with a leading `!` all but these. FUNCTIONS also knows the groups elementwise, rows, losses; OUTPUTS are
  /// logits, probabilities and reals.
  std::string_view where;
  /// Options of the contract beside from_logits, for parse_options(). The row does not hold where they make no sense.
  std::string_view options;
  /// For parse_case(), with the words `largest` and `smallest` for the format's, and `above1` for its next number above
  /// 1. Arguments that a contract does not take are left out.
  std::string_view inputs;
  /// What is due, separated by commas: for each result, or for all results of each row, or for all results.
  ///   nan, inf, -inf   these; not by overflow
  ///   over, -over      a real number beyond the format's range, which rounds to that infinity
  ///   finite           a real number within the format's range
  ///   a number         that real number, to a relative 1e-10; ln2 is a number too
  ///   same             as when every NaN and infinity of the inputs is replaced by 1/2
  /// A `?` behind it says that the result is recommended and not required.
  std::string_view due;
  std::string_view sentence;
};

/// The table.
std::span<const SpecialValue> special_values();

/// The contract with the row's options beside its own from_logits.
Contract with_options(const SpecialValue& row, Contract contract);

/// Whether the row speaks about the function, dialect, format, pass and from_logits of `contract`.
bool holds_for(const SpecialValue& row, const Contract& contract);

/// Where the reference's expect() or explain() contradicts the row, or each other, in lines for people; "" when nowhere.
std::string contradictions(const SpecialValue& row, const Contract& contract);

}  // namespace lossaudit
