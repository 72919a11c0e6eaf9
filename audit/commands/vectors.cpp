#include "audit/vectors.hpp"

#include <fmt/format.h>

#include <memory>

#include "audit/auditor.hpp"
#include "audit/commands/commands.hpp"
#include "audit/commands/leave_record.hpp"
#include "audit/commands/progress.hpp"
#include "audit/machine.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;

struct VectorsArguments {
  std::vector<std::string> functions, formats, dialects, passes;
  std::string directory;
  std::uint64_t seed = 1;
  std::size_t elements = VectorsRequest{}.elements;
};

void write(const VectorsArguments& a) {
  Progress progress;
  VectorsRequest request;
  request.filter = {parse_each(a.functions, parse_function), parse_each(a.dialects, parse_dialect),
                    parse_each(a.formats, parse_format), parse_each(a.passes, parse_pass)};
  if (request.filter.dialects.empty()) request.filter.dialects = {Dialect::exact};
  request.seed = a.seed;
  request.elements = a.elements;
  request.directory = a.directory;
  progress.follow(request);
  const VectorsWritten written = write_vectors(request);
  progress.clear();
  fmt::print("{} files of {} contracts, {:.1f} MB, in {}\n", written.files, written.contracts,
             static_cast<double>(written.bytes) / 1e6, a.directory);
  fmt::print("what to do with them: {}\n", (fs::path(a.directory) / "README.md").string());
}

struct JudgeArguments {
  std::string directory, name = "answers", profile = std::string(default_profile), report;
  YardstickArguments yardsticks;
};

int judge(const JudgeArguments& a, const std::vector<std::string>& command_line) {
  Progress progress;
  JudgeRequest request;
  request.directory = a.directory;
  request.name = a.name;
  request.profile = &profile_named(a.profile);
  progress.follow(request);
  if (!a.report.empty()) {
    prepare_report(a.report);
    request.case_directory = fs::path(a.report) / "cases";
  }
  const Yardsticks yardsticks(a.yardsticks, a.profile);
  const std::string started = utc_now();
  RunRecord record = judge_vectors(request);
  progress.clear();
  record.started = started;
  record.command = command_text(command_line);
  leave_record(record, yardsticks, a.report);
  return conforms(record) ? 0 : 1;
}

}  // namespace

void add_vectors(CLI::App& app, Program& /*program*/) {
  const auto a = std::make_shared<VectorsArguments>();
  CLI::App* command =
      app.add_subcommand("vectors", "Writes inputs and their exact results as files, for any language to answer.");
  add_list_option(*command, "--function", a->functions, "Only these functions")->option_text("F,..");
  add_list_option(*command, "--format", a->formats, "Only these formats: f64, f32, f16, bf16")->option_text("F,..");
  add_list_option(*command, "--dialect", a->dialects, "These dialects (default: exact)")->option_text("D,..");
  add_list_option(*command, "--pass", a->passes, "forward (default), gradient")->option_text("P,..");
  command->add_option("--elements", a->elements, "Inputs that each generator makes for a contract")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 24))
      ->capture_default_str();
  command->add_option("--seed", a->seed, "Seed of the random inputs")->capture_default_str();
  command->add_option("-o", a->directory, "A new folder for them")->required()->option_text("DIR");
  command->callback([a] { write(*a); });
}

void add_judge(CLI::App& app, Program& program) {
  const auto a = std::make_shared<JudgeArguments>();
  CLI::App* command = app.add_subcommand("judge", "Measures the answers that were put beside test vectors.");
  command->add_option("DIR", a->directory, "The folder that lossaudit vectors made")->required();
  command->add_option("--name", a->name, "What to call whoever answered")->capture_default_str();
  command->add_option("--profile", a->profile, "The table of budgets")->capture_default_str();
  add_yardstick_options(*command, a->yardsticks);
  command->add_option("-o", a->report, "Folder for run.json, report.md, index.html and junit.xml")->option_text("DIR");
  command->callback([a, &program] { program.status = judge(*a, program.arguments); });
}

}  // namespace lossaudit
