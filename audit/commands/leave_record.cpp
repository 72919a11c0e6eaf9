#include "audit/commands/leave_record.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "audit/baseline.hpp"
#include "audit/case.hpp"
#include "audit/commands/verdict_table.hpp"
#include "reports/report.hpp"

namespace lossaudit {

namespace fs = std::filesystem;

void add_yardstick_options(CLI::App& command, YardstickArguments& arguments) {
  command
      .add_option("--baseline", arguments.baseline,
                  "Fail only on what got worse than in this record of an earlier audit, and say by how much")
      ->option_text("RUN.json");
  command
      .add_option(
          "--expected", arguments.expected,
          "Findings that fail nobody, a line each: 'SUBJECT | CONTRACT | exceeds N ulp, breaks RULE, crashes or "
          "hangs | REASON'; one that no longer occurs fails")
      ->option_text("FILE");
}

Yardsticks::Yardsticks(const YardstickArguments& arguments, const std::string& profile) : arguments_(arguments) {
  if (!arguments.baseline.empty()) baseline_ = load_baseline(arguments.baseline, profile);
  if (!arguments.expected.empty()) expected_ = load_expected_findings(arguments.expected);
}

std::optional<std::uint64_t> Yardsticks::baseline_seed() const {
  if (!baseline_) return std::nullopt;
  return baseline_->seed;
}

void Yardsticks::apply(RunRecord& record) const {
  if (const std::size_t others = apply_expected_findings(expected_, arguments_.expected, record); others > 0) {
    fmt::print(stderr, "lossaudit: {}: {} of {} lines concern nothing that was audited\n", arguments_.expected, others,
               expected_.size());
  }
  if (baseline_) {
    record.baseline = arguments_.baseline;
    compare_with_baseline(*baseline_, record);
  }
}

void prepare_report(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory / "cases", error);
  const fs::path probe = directory / "cases" / ".writable";
  const bool written = !error && static_cast<bool>(std::ofstream(probe) << "1");
  fs::remove(probe, error);
  if (!written) throw BadInput("cannot write to " + directory.string() + ": give -o a folder that can be written");
  // Cases of an earlier audit would pass for this one's.
  for (const fs::directory_entry& entry : fs::directory_iterator(directory / "cases", error)) {
    if (entry.path().extension() == ".case") fs::remove(entry.path(), error);
  }
}

fs::path checkpoint_in(const fs::path& directory, bool resume) {
  fs::path checkpoint = directory / "checkpoint.json";
  if (resume && !fs::exists(checkpoint)) {
    fmt::print(stderr, "lossaudit: nothing to go on from in {}: starting from the beginning\n", directory.string());
  }
  return checkpoint;
}

void tell_how_to_go_on(const std::string& directory) {
  fmt::print(stderr, "lossaudit: stopped before everything was tried: {}\n",
             directory.empty() ? "with -o DIR it can go on where it was stopped"
                               : "to go on, give the same command with --resume");
}

std::string command_text(const std::vector<std::string>& command_line) {
  std::string text = "lossaudit";
  for (std::size_t i = 1; i < command_line.size(); ++i) text += " " + shell_quoted(command_line[i]);
  return text;
}

void leave_record(RunRecord& record, const Yardsticks& yardsticks, const std::string& directory) {
  yardsticks.apply(record);
  print_verdicts(record);
  if (directory.empty()) return;
  save_record(record, fs::path(directory) / "run.json");
  write_report(record, directory);
  std::error_code ignored;
  fs::remove(fs::path(directory) / "cases", ignored);  // goes when no case was too long for a command line
  fmt::print("report: {}\n", (fs::path(directory) / "index.html").string());
}

}  // namespace lossaudit
