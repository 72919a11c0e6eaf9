// Cases as text: what a witness shows and what `lossaudit audit --case` reads.
//
//   output=0x1.4p+3,0x0p+0*2,-0x1.9p+6 labels=2
//   shape=2x3x2 output=0x1p+0*12 target=0x1p+0*12
//
// One word an argument: shape, output, target, labels, class_weights, sample_weights, upstream. Numbers are hexadecimal
// or decimal, "inf", "nan", "nan:0x7fc00001" (bits of the format); `value*count` repeats a value. Without a shape all
// of `output` is one row: 1 x n x 1.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "reference/contract.hpp"

namespace lossaudit {

/// A case is typed by a person or made by this suite: more values than this in one argument are a mistake in a repeat
/// count.
inline constexpr std::size_t most_case_values = std::size_t{1} << 26;

/// One argument of a batch by its name in a case's text; empty tensors are left out. Runs of a value are written
/// `value*count`.
struct CaseArgument {
  std::string name;
  std::vector<std::string> values;  ///< hex of the contract's format; labels in decimal
};
std::vector<CaseArgument> case_arguments(const Contract& contract, const Batch& batch);

/// The text of a batch; parse_case() of it gives the same batch to the bit (`origin` apart).
std::string to_case_text(const Contract& contract, const Batch& batch);

/// What an option --case means: a case's text, or that in the file of "@FILE". Throws BadInput when it cannot be read.
std::string case_text_of(const std::string& argument);

/// Reads a case's text; numbers that are no values of the format are rounded to it. Throws BadInput, in a line that
/// names the word at fault, on nonsense and on sizes that do not fit the contract. No argument may have more than `most`
/// values: repeat counts make large ones of a short text.
Batch parse_case(const Contract& contract, std::string_view text, std::size_t most = most_case_values);

/// The smallest batch that holds everything result number `result` depends on: its element or its row. A reduced
/// contract depends on the whole batch, and gets it back.
Batch single_case(const Contract& contract, const Batch& batch, std::size_t result);

/// `command` with the options --contract and --case that name this case, quoted for a POSIX shell.
std::string with_case(const std::string& command, const Contract& contract, const Batch& batch);
/// The command that measures this case again.
std::string replay_command(const std::string& subject, const Contract& contract, const Batch& batch);

/// `word` in single quotes when a POSIX shell would not take it as it stands.
std::string shell_quoted(const std::string& word);

}  // namespace lossaudit
