// What `lossaudit audit` and `lossaudit hunt` have in common: which subjects and contracts, for how long, judged by what,
// and where the report goes.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/auditor.hpp"
#include "audit/commands/leave_record.hpp"

namespace lossaudit {

struct RunArguments {
  std::vector<std::string> subjects, functions, formats, dialects, passes, contracts, gates;
  std::string profile = "faithful", directory, shard;
  YardstickArguments yardsticks;
  double seconds = 0;
  std::size_t threads = 0;
  bool resume = false;
  std::optional<std::uint64_t> seed;
};

/// The options of all of these. Gives that of --time, which others may exclude; `without_time` says what is done without it.
CLI::Option* add_run_options(CLI::App& command, RunArguments& arguments, const std::string& without_time);

/// The request that the arguments make, with the subjects opened and the report's folder prepared.
AuditRequest request_of(const RunArguments& arguments);
/// The subjects alone, of which --gate names those that decide.
std::vector<AuditedSubject> gated_subjects(const RunArguments& arguments);

/// Marks the subjects that an option names, and no others. Throws BadInput on a name that is none of theirs.
void mark(std::string_view option, const std::vector<std::string>& wanted, std::vector<AuditedSubject>& subjects,
          bool AuditedSubject::*marked);

/// Runs the request and leaves its record. Gives the program's exit status.
int run_and_leave(AuditRequest& request, const RunArguments& arguments, const std::vector<std::string>& command_line);

}  // namespace lossaudit
