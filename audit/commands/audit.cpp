#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include "audit/auditor.hpp"
#include "audit/commands/commands.hpp"
#include "audit/commands/interrupt.hpp"
#include "audit/commands/leave_record.hpp"
#include "audit/commands/open_all.hpp"
#include "audit/commands/progress.hpp"
#include "audit/commands/replay.hpp"
#include "audit/machine.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::vector<std::string> subjects, functions, formats, dialects, passes, gates, sweeps;
  std::string profile = "faithful", directory, contract, case_text;
  YardstickArguments yardsticks;
  double seconds = 0;
  bool resume = false, exhaustive = false;
  std::string shard;
  std::optional<std::uint64_t> seed;
};

/// Marks the subjects that an option names.
void mark(std::string_view option, const std::vector<std::string>& wanted, std::vector<AuditedSubject>& subjects,
          bool AuditedSubject::*marked) {
  for (AuditedSubject& audited : subjects) audited.*marked = false;
  for (const std::string& name : wanted) {
    bool found = false;
    std::vector<std::string> names;
    for (AuditedSubject& audited : subjects) {
      const bool is_it = audited.name == name || audited.argument == name;
      audited.*marked = audited.*marked || is_it;
      found = found || is_it;
      names.push_back(audited.name);
    }
    if (!found) {
      throw BadInput(fmt::format("{} '{}' is not among the subjects: did you mean {}?", option, name,
                                 fmt::join(nearest_names(name, names), ", ")));
    }
  }
}

int audit(const Arguments& a, const std::vector<std::string>& command_line) {
  stop_when_asked();
  const Profile& profile = profile_named(a.profile);
  AuditRequest request;
  request.filter = {parse_each(a.functions, parse_function), parse_each(a.dialects, parse_dialect),
                    parse_each(a.formats, parse_format), parse_each(a.passes, parse_pass)};
  if (!a.directory.empty() && a.contract.empty()) {
    prepare_report(a.directory);
    request.case_directory = fs::path(a.directory) / "cases";
    request.checkpoint = fs::path(a.directory) / "checkpoint.json";
    request.resume = a.resume;
    if (a.resume && !fs::exists(request.checkpoint)) {
      fmt::print(stderr, "lossaudit: nothing to go on from in {}: starting from the beginning\n", a.directory);
    }
  }
  request.subjects = open_all(a.subjects);
  if (!a.gates.empty()) mark("--gate", a.gates, request.subjects, &AuditedSubject::gated);
  if (!a.sweeps.empty()) mark("--sweep", a.sweeps, request.subjects, &AuditedSubject::swept);
  if (!a.contract.empty()) return replay_case(request.subjects, profile, a.contract, a.case_text) ? 0 : 1;

  request.profile = &profile;
  request.exhaustive = a.exhaustive || !a.sweeps.empty();
  if (!a.exhaustive) request.swept_formats = {Format::f32};
  if (!a.shard.empty()) request.shard = parse_shard(a.shard);
  if (a.seconds > 0) request.time = std::chrono::milliseconds(static_cast<std::int64_t>(a.seconds * 1000));
  Progress progress;
  request.progress = [&progress](double done, std::string_view what) { progress.show(done, what); };

  request.remark = [&progress](const std::string& text) {
    progress.clear();
    fmt::print(stderr, "lossaudit: {}\n", text);
  };

  request.stop = asked_to_stop;
  const Yardsticks yardsticks(a.yardsticks, a.profile);
  request.seed = a.seed.value_or(yardsticks.baseline_seed().value_or(request.seed));
  const std::string started = utc_now();
  RunRecord record = run_audit(request);
  progress.clear();
  record.started = started;
  record.command = command_text(command_line);
  leave_record(record, yardsticks, a.directory);
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
  add_list_option(*command, "--sweep", a->sweeps,
                  "Also try every f32 input of the elementwise functions, on these subjects")
      ->option_text("SUBJECT,..")
      ->excludes("--time");
  command
      ->add_flag("--exhaustive", a->exhaustive,
                 "The same on all subjects, or on those of --sweep, and every f16 and bf16 pair of the binary loss")
      ->excludes("--time");
  command->add_option("--seed", a->seed, "Seed of the random inputs (default: the baseline's, or 1)")->option_text("N");
  add_list_option(*command, "--gate", a->gates, "Only these subjects decide the exit status (default: all)")
      ->option_text("SUBJECT,..");
  command->add_option("-o", a->directory, "Folder for run.json, report.md, index.html and junit.xml")
      ->option_text("DIR");
  command->add_flag("--resume", a->resume, "Go on where an audit with the same arguments was stopped; needs -o")
      ->needs("-o");
  CLI::Option* shard =
      command->add_option("--shard", a->shard, "Only the i-th of n parts of the work (lossaudit merge)")
          ->option_text("I/N");
  add_yardstick_options(*command, a->yardsticks);
  // A part is not what the whole is held against: `merge` takes these options.
  shard->excludes("--baseline")->excludes("--expected");
  CLI::Option* contract =
      command->add_option("--contract", a->contract, "Measure one case of this contract, as a finding's replay does");
  CLI::Option* one_case =
      command->add_option("--case", a->case_text, "The case, as 'output=0x1p+0 target=1', or @FILE");
  contract->needs(one_case)->excludes("--baseline")->excludes("--expected");
  one_case->needs(contract);
  command->callback([a, &program] { program.status = audit(*a, program.arguments); });
}

}  // namespace lossaudit
