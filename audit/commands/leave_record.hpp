// What `lossaudit audit` and `lossaudit judge` have in common once there is a run record: what else it is held against,
// what is printed, and the folder that is left.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "audit/expected_findings.hpp"
#include "audit/record.hpp"

namespace lossaudit {

/// The command line's part.
struct YardstickArguments {
  std::string baseline, expected;
};
void add_yardstick_options(CLI::App& command, YardstickArguments& arguments);

/// What a record is held against beside the budgets, read before any work is done.
class Yardsticks {
 public:
  /// Throws BadInput when a file cannot be read, or the baseline is of another profile.
  Yardsticks(const YardstickArguments& arguments, const std::string& profile);

  /// With the baseline's seed the inputs are the same.
  [[nodiscard]] std::optional<std::uint64_t> baseline_seed() const;
  void apply(RunRecord& record) const;

 private:
  YardstickArguments arguments_;
  std::optional<RunRecord> baseline_;
  std::vector<ExpectedFinding> expected_;
};

/// Makes a report's folder with its `cases`, and proves that files can be made in it, before any work is done.
void prepare_report(const std::filesystem::path& directory);

/// The file in a report's folder that a run goes on from. Says on stderr when there is none that was to be gone on from.
std::filesystem::path checkpoint_in(const std::filesystem::path& directory, bool resume);
/// Says on stderr that a run was stopped, and how it goes on. `directory`: its report's, or "".
void tell_how_to_go_on(const std::string& directory);

/// The command line as a shell would take it.
std::string command_text(const std::vector<std::string>& command_line);

/// Completes the record by what it is held against, prints its verdicts, and leaves the report in `directory` unless that
/// is empty.
void leave_record(RunRecord& record, const Yardsticks& yardsticks, const std::string& directory);

}  // namespace lossaudit
