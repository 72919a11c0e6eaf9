// The contract lines that a subject declares (audit/subject.h): "FUNCTIONS DIALECTS FORMATS PASSES [OPTION...] [#
// NOTE]".
//
//   binary_crossentropy keras1 f32 forward from_logits=1 reduction=none,mean  # our fused kernel
//
// The text comes from a stranger, so everything about it is checked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference/contract.hpp"

namespace lossaudit {

inline constexpr std::size_t max_contract_lines = 512;
inline constexpr std::size_t max_contract_line = 1000;  ///< characters in one

/// One parsed line: sets of functions, dialects, formats and passes, and what it says of each option.
class ContractLine {
 public:
  /// Throws BadInput, in one line that says what is wrong and what would be right.
  explicit ContractLine(std::string_view text);

  /// The line names the contract's function, dialect, format and pass; every option that is not at its default is
  /// named; and where an option is named with values ("from_logits=1"), the contract's value is one of them.
  [[nodiscard]] bool covers(const Contract& contract) const;
  [[nodiscard]] const std::string& note() const { return note_; }

 private:
  /// An option's value as a key to compare: a flag, an enumerator, an integer, or the bits of a double.
  using Key = std::int64_t;
  struct Option;
  static constexpr std::size_t option_count = 9;
  static const std::array<Option, option_count> options_table;

  void read_option(std::string_view word);

  std::uint32_t functions_ = 0, dialects_ = 0, formats_ = 0, passes_ = 0;  ///< bit sets over the enumerations
  /// For each row of the options' table: not named; named for any value (empty); named for these values.
  std::array<std::optional<std::vector<Key>>, option_count> named_;
  std::string note_;
};

/// All the lines of one subject.
class DeclaredContracts {
 public:
  DeclaredContracts() = default;
  /// Throws BadInput "SUBJECT: contract line 3: …" at a line that is too long, not printable ASCII or wrong, or at too
  /// many.
  DeclaredContracts(const std::string& subject, std::span<const std::string> lines);

  [[nodiscard]] bool cover(const Contract& contract) const { return find(contract) != nullptr; }
  /// The index of the first line that covers the contract.
  [[nodiscard]] std::optional<std::size_t> line(const Contract& contract) const;
  /// The note of the first line that covers the contract, or "".
  [[nodiscard]] std::string note(const Contract& contract) const;

 private:
  [[nodiscard]] const ContractLine* find(const Contract& contract) const;
  std::vector<ContractLine> lines_;
};

}  // namespace lossaudit
