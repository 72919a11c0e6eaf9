#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>

#include "audit/auditor.hpp"
#include "audit/baseline.hpp"
#include "audit/case.hpp"
#include "audit/commands/commands.hpp"
#include "audit/commands/progress.hpp"
#include "audit/commands/replay.hpp"
#include "audit/commands/verdict_table.hpp"
#include "audit/expected_findings.hpp"
#include "audit/machine.hpp"
#include "reports/report.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::vector<std::string> subjects, functions, formats, dialects, passes, gates;
  std::string profile = "faithful", directory, contract, case_text, baseline, expected;
  double seconds = 0;
  bool resume = false;
  std::optional<std::uint64_t> seed;
};

/// The subjects of every argument, under names of their own.
std::vector<AuditedSubject> open_all(const std::vector<std::string>& arguments) {
  std::vector<AuditedSubject> all;
  for (const std::string& argument : arguments) {
    if (std::ranges::count(arguments, argument) > 1) throw BadInput("subject '" + argument + "' is given twice");
    std::vector<std::unique_ptr<Subject>> opened = open_subjects(argument);
    const bool several = opened.size() > 1;
    for (std::unique_ptr<Subject>& subject : opened) {
      AuditedSubject audited;
      audited.argument = several ? argument + ":" + subject->name() : argument;
      audited.name = subject->name();
      // Two builds of one library say the same name.
      if (std::ranges::find(all, audited.name, &AuditedSubject::name) != all.end()) {
        audited.name += " (" + audited.argument + ")";
      }
      audited.subject = std::move(subject);
      all.push_back(std::move(audited));
    }
  }
  return all;
}

/// Only the subjects that --gate names decide the exit status; without it, all.
void apply_gates(const std::vector<std::string>& gates, std::vector<AuditedSubject>& subjects) {
  if (gates.empty()) return;
  for (AuditedSubject& audited : subjects) audited.gated = false;
  for (const std::string& gate : gates) {
    bool found = false;
    std::vector<std::string> names;
    for (AuditedSubject& audited : subjects) {
      const bool is_it = audited.name == gate || audited.argument == gate;
      audited.gated = audited.gated || is_it;
      found = found || is_it;
      names.push_back(audited.name);
    }
    if (!found) {
      throw BadInput(fmt::format("--gate '{}' is not among the subjects: did you mean {}?", gate,
                                 fmt::join(nearest_names(gate, names), ", ")));
    }
  }
}

volatile std::sig_atomic_t asked_to_stop = 0;

/// The first Ctrl-C, or a job's end, lets the audit conclude what it has done; the second ends the program.
void stop_when_asked() {
  struct sigaction action {};
  action.sa_handler = [](int) { asked_to_stop = 1; };
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

/// Makes the folder and proves that files can be made in it, before any work is done.
void prepare_directory(const fs::path& directory) {
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

/// What the record is held against beside the budgets.
struct Yardsticks {
  std::optional<RunRecord> baseline;
  std::vector<ExpectedFinding> expected;
};

/// Read before any work is done. Unless a seed is given, that of the baseline makes the inputs the same.
Yardsticks load_yardsticks(const Arguments& a, AuditRequest& request) {
  Yardsticks yardsticks;
  if (!a.baseline.empty()) {
    yardsticks.baseline = load_baseline(a.baseline, a.profile);
    if (!a.seed) request.seed = yardsticks.baseline->seed;
  }
  if (!a.expected.empty()) yardsticks.expected = load_expected_findings(a.expected);
  return yardsticks;
}

void apply(const Yardsticks& yardsticks, const Arguments& a, RunRecord& record) {
  if (const std::size_t others = apply_expected_findings(yardsticks.expected, a.expected, record); others > 0) {
    fmt::print(stderr, "lossaudit: {}: {} of {} lines concern nothing that was audited\n", a.expected, others,
               yardsticks.expected.size());
  }
  if (yardsticks.baseline) {
    record.baseline = a.baseline;
    compare_with_baseline(*yardsticks.baseline, record);
  }
}

int audit(const Arguments& a, const std::vector<std::string>& command_line) {
  stop_when_asked();
  const Profile& profile = profile_named(a.profile);
  AuditRequest request;
  request.filter = {parse_each(a.functions, parse_function), parse_each(a.dialects, parse_dialect),
                    parse_each(a.formats, parse_format), parse_each(a.passes, parse_pass)};
  if (!a.directory.empty() && a.contract.empty()) {
    prepare_directory(a.directory);
    request.case_directory = fs::path(a.directory) / "cases";
    request.checkpoint = fs::path(a.directory) / "checkpoint.json";
    request.resume = a.resume;
    if (a.resume && !fs::exists(request.checkpoint)) {
      fmt::print(stderr, "lossaudit: nothing to go on from in {}: starting from the beginning\n", a.directory);
    }
  }
  request.subjects = open_all(a.subjects);
  apply_gates(a.gates, request.subjects);
  if (!a.contract.empty()) return replay_case(request.subjects, profile, a.contract, a.case_text) ? 0 : 1;

  request.profile = &profile;
  request.seed = a.seed.value_or(request.seed);
  if (a.seconds > 0) request.time = std::chrono::milliseconds(static_cast<std::int64_t>(a.seconds * 1000));
  Progress progress;
  request.progress = [&progress](double done, std::string_view what) { progress.show(done, what); };

  request.remark = [&progress](const std::string& text) {
    progress.clear();
    fmt::print(stderr, "lossaudit: {}\n", text);
  };

  request.stop = [] { return asked_to_stop != 0; };
  const Yardsticks yardsticks = load_yardsticks(a, request);
  const std::string started = utc_now();
  RunRecord record = run_audit(request);
  progress.clear();
  record.started = started;
  record.command = "lossaudit";
  for (std::size_t i = 1; i < command_line.size(); ++i) record.command += " " + shell_quoted(command_line[i]);

  apply(yardsticks, a, record);
  print_verdicts(record);
  if (!a.directory.empty()) {
    save_record(record, fs::path(a.directory) / "run.json");
    write_report(record, a.directory);
    std::error_code ignored;
    fs::remove(request.case_directory, ignored);  // goes when no case was too long for a command line
    fmt::print("report: {}\n", (fs::path(a.directory) / "index.html").string());
  }
  if (record.interrupted) {
    const std::string remedy = a.directory.empty() ? "with -o DIR an audit can go on where it was stopped"
                                                   : "to go on, give the same command with --resume";
    fmt::print(stderr, "lossaudit: stopped before everything was tried: {}\n", remedy);
    return 2;
  }
  return conforms(record) ? 0 : 1;
}

}  // namespace

void add_audit(CLI::App& app, Program& program) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("audit", "Measures subjects against the exact results.");
  command->add_option("SUBJECT", a->subjects, "fast, a bundled adapter, or the path of a shared library")->required();
  add_list_option(*command, "--function", a->functions, "Only these functions")->option_text("F,..");
  add_list_option(*command, "--format", a->formats, "Only these formats: f64, f32, f16, bf16")->option_text("F,..");
  add_list_option(*command, "--dialect", a->dialects, "Only these dialects")->option_text("D,..");
  add_list_option(*command, "--pass", a->passes, "forward (default), gradient")->option_text("P,..");
  command
      ->add_option("--profile", a->profile,
                   "The table of budgets: faithful, webnn, benchdnn, onnx or torch (lossaudit list profiles)")
      ->capture_default_str();
  command
      ->add_option("--time", a->seconds,
                   "Go on trying inputs for this long, as in 60s or 5m (default: every generator once)")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"m", 60}, {"h", 3600}}))
      ->option_text("TIME");
  command->add_option("--seed", a->seed, "Seed of the random inputs (default: the baseline's, or 1)")->option_text("N");
  add_list_option(*command, "--gate", a->gates, "Only these subjects decide the exit status (default: all)")
      ->option_text("SUBJECT,..");
  command->add_option("-o", a->directory, "Folder for run.json, report.md, index.html and junit.xml")
      ->option_text("DIR");
  command->add_flag("--resume", a->resume, "Go on where an audit with the same arguments was stopped; needs -o")
      ->needs("-o");
  command
      ->add_option("--baseline", a->baseline,
                   "Fail only on what got worse than in this record of an earlier audit, and say by how much")
      ->option_text("RUN.json");
  command
      ->add_option(
          "--expected", a->expected,
          "Findings that fail nobody, a line each: 'SUBJECT | CONTRACT | exceeds N ulp, breaks RULE, crashes or "
          "hangs | REASON'; one that no longer occurs fails")
      ->option_text("FILE");
  CLI::Option* contract =
      command->add_option("--contract", a->contract, "Measure one case of this contract, as a finding's replay does");
  CLI::Option* one_case =
      command->add_option("--case", a->case_text, "The case, as 'output=0x1p+0 target=1', or @FILE");
  contract->needs(one_case);
  one_case->needs(contract);
  command->callback([a, &program] { program.status = audit(*a, program.arguments); });
}

}  // namespace lossaudit
