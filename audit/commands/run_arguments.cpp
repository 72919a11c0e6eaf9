#include "audit/commands/run_arguments.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "audit/commands/commands.hpp"
#include "audit/commands/interrupt.hpp"
#include "audit/commands/open_all.hpp"
#include "audit/commands/progress.hpp"
#include "audit/machine.hpp"

namespace lossaudit {
namespace fs = std::filesystem;

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

CLI::Option* add_run_options(CLI::App& command, RunArguments& a, const std::string& without_time) {
  command.add_option("SUBJECT", a.subjects, "fast, a bundled adapter, or the path of a shared library")->required();
  add_list_option(command, "--function", a.functions, "Only these functions")->option_text("F,..");
  add_list_option(command, "--format", a.formats, "Only these formats: f64, f32, f16, bf16")->option_text("F,..");
  add_list_option(command, "--dialect", a.dialects, "Only these dialects")->option_text("D,..");
  add_list_option(command, "--pass", a.passes, "forward (default), gradient")->option_text("P,..");
  command
      .add_option("--contract", a.contracts,
                  "Only this contract, as 'softmax exact f32 forward' (again for a further one)")
      ->option_text("CONTRACT")
      ->allow_extra_args(false)
      ->excludes("--function")
      ->excludes("--format")
      ->excludes("--dialect")
      ->excludes("--pass");
  command
      .add_option("--profile", a.profile,
                  "The table of budgets: faithful, webnn, benchdnn, onnx or torch (lossaudit list profiles)")
      ->capture_default_str();
  CLI::Option* time =
      command
          .add_option("--time", a.seconds,
                      fmt::format("Go on trying inputs for this long, as in 60s or 5m (default: {})", without_time))
          ->transform(CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"m", 60}, {"h", 3600}}))
          ->option_text("TIME");
  command.add_option("--seed", a.seed, "Seed of the random inputs (default: the baseline's, or 1)")->option_text("N");
  add_list_option(command, "--gate", a.gates, "Only these subjects decide the exit status (default: all)")
      ->option_text("SUBJECT,..");
  command
      .add_option("--threads", a.threads,
                  "How many threads (default: one a processor); the record does not depend on it")
      ->option_text("N")
      ->check(CLI::Range(1, 1024));
  command.add_option("-o", a.directory, "Folder for run.json, report.md, index.html and junit.xml")->option_text("DIR");
  command
      .add_flag("--resume", a.resume, fmt::format("Go on where the same {} was stopped; needs -o", command.get_name()))
      ->needs("-o");
  CLI::Option* shard = command.add_option("--shard", a.shard, "Only the i-th of n parts of the work (lossaudit merge)")
                           ->option_text("I/N");
  add_yardstick_options(command, a.yardsticks);
  // A part is not what the whole is held against: `merge` takes these options.
  shard->excludes("--baseline")->excludes("--expected");
  return time;
}

std::vector<AuditedSubject> gated_subjects(const RunArguments& a) {
  std::vector<AuditedSubject> subjects = open_all(a.subjects);
  if (!a.gates.empty()) mark("--gate", a.gates, subjects, &AuditedSubject::gated);
  return subjects;
}

AuditRequest request_of(const RunArguments& a) {
  AuditRequest request;
  request.profile = &profile_named(a.profile);
  request.filter.functions = parse_each(a.functions, parse_function);
  request.filter.dialects = parse_each(a.dialects, parse_dialect);
  request.filter.formats = parse_each(a.formats, parse_format);
  request.filter.passes = parse_each(a.passes, parse_pass);
  request.filter.contracts = parse_each(a.contracts, parse_contract);
  if (!a.directory.empty()) {
    prepare_report(a.directory);
    request.case_directory = fs::path(a.directory) / "cases";
    request.checkpoint = checkpoint_in(a.directory, a.resume);
    request.resume = a.resume;
  }
  request.threads = a.threads;
  if (!a.shard.empty()) request.shard = parse_shard(a.shard);
  request.subjects = gated_subjects(a);
  if (a.seconds > 0) request.time = std::chrono::milliseconds(static_cast<std::int64_t>(a.seconds * 1000));
  return request;
}

int run_and_leave(AuditRequest& request, const RunArguments& a, const std::vector<std::string>& command_line) {
  Progress progress;
  progress.follow(request);
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
    tell_how_to_go_on(a.directory);
    return 2;
  }
  return conforms(record) ? 0 : 1;
}

}  // namespace lossaudit
