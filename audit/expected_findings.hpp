// Findings that a project knows of and lives with, kept in a file of a line each, so that a change of it reads well in
// review:
//
//   # SUBJECT | FUNCTION DIALECT FORMAT PASS [OPTION...] | EXPECTATION | REASON
//   plain | sigmoid exact f32 forward | exceeds 2.2e6 ulp  | e^-x overflows below -88: issue 12
//   plain | softmax * f32,f16         | breaks number_due  | the maximum is not subtracted: issue 7
//   *     | logsumexp                 | crashes            | on rows of 2^20 and more: issue 9
//
// The subject, and each word of the contract, is a name, several with commas between, or * for any; words left out at the
// end are any. Options are those words exactly; "no-options" is a contract without any. An expectation is one of
// "exceeds N ulp", "exceeds N times" (its budget), "breaks RULE", "crashes" and "hangs". A line begins with # to say
// nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/record.hpp"

namespace lossaudit {

struct ExpectedFinding {
  enum class Kind : std::uint8_t { exceeds_ulp, exceeds_times, breaks, crashes, hangs };

  std::size_t line = 0;
  std::string subject;                             ///< "*": any
  std::vector<std::vector<std::string>> contract;  ///< names for function, dialect, format and pass; empty: any
  std::optional<std::string> options;              ///< canonical; nothing: any
  Kind kind = Kind::breaks;
  std::string rule;  ///< that is broken
  double bound = 0;  ///< the largest error that is expected
  std::string reason;
  std::string text;  ///< the line without its reason, as it is shown
};

/// No file of expected findings is larger than this.
inline constexpr std::uintmax_t largest_expected_bytes = std::uintmax_t{1} << 20;

/// The lines of a file's text. Throws BadInput in one line, "`where`:4: …", naming the word at fault and what is known.
std::vector<ExpectedFinding> parse_expected_findings(std::string_view text, const std::string& where);

/// Throws BadInput naming the file when it cannot be read.
std::vector<ExpectedFinding> load_expected_findings(const std::filesystem::path& path);

/// Excuses in `record` what is expected, marks what is worse than that, and lists the lines whose finding no longer
/// occurs on a gated subject though its contract was measured to the end, as it is not in an interrupted audit. `where` names the file. Returns how many lines
/// concern nothing that was audited.
std::size_t apply_expected_findings(const std::vector<ExpectedFinding>& expected, const std::string& where,
                                    RunRecord& record);

}  // namespace lossaudit
