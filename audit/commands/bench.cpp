#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "audit/case.hpp"
#include "audit/commands/commands.hpp"
#include "audit/commands/leave_record.hpp"
#include "audit/commands/open_all.hpp"
#include "audit/commands/progress.hpp"
#include "audit/machine.hpp"
#include "audit/speed_courses.hpp"
#include "audit/speed_run.hpp"
#include "reports/report.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::vector<std::string> subjects, functions, formats, dialects, passes, shapes;
  std::string directory;
  std::uint64_t repetitions = 5;
};

void print_speeds(const RunRecord& record) {
  std::size_t widest = 0;
  for (const SubjectInfo& subject : record.subjects) widest = std::max(widest, subject.name.size());
  std::string last;
  for (const Speed& speed : record.speed) {
    const std::string what = fmt::format("{} {} {} {}{}{}", speed.function, speed.dialect, speed.format, speed.pass,
                                         speed.options.empty() ? "" : " ", speed.options);
    if (what != last) fmt::print("\n{}\n", what);
    last = what;
    fmt::print("  {:<{}}  {:>12}  {:>9.4g} ns an element  {:>7.3g} times the bandwidth limit{}\n", speed.subject,
               widest, speed.shape, speed.ns_per_element, speed.ns_per_element / speed.limit_ns_per_element,
               speed.note.empty() ? "" : "  (" + speed.note + ")");
  }
}

int bench(const Arguments& a, const std::vector<std::string>& command_line) {
  SpeedRequest request;
  request.filter = {parse_each(a.functions, parse_function), parse_each(a.dialects, parse_dialect),
                    parse_each(a.formats, parse_format), parse_each(a.passes, parse_pass)};
  request.shapes = parse_each(a.shapes, parse_shape);
  request.repetitions = a.repetitions;
  if (!a.directory.empty()) prepare_report(a.directory);
  request.subjects = open_all(a.subjects);
  Progress progress;
  progress.follow(request);
  const std::string started = utc_now();
  RunRecord record = run_speed(request);
  progress.clear();
  record.started = started;
  record.command = command_text(command_line);
  print_speeds(record);
  if (a.directory.empty()) return 0;
  save_record(record, fs::path(a.directory) / "run.json");
  write_report(record, a.directory);
  std::error_code ignored;
  fs::remove(fs::path(a.directory) / "cases", ignored);
  fmt::print("\nreport: {}\n", (fs::path(a.directory) / "index.html").string());
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, Program& program) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("bench", "Times subjects, beside what the machine's memory bandwidth allows in the same run.");
  command->add_option("SUBJECT", a->subjects, "fast, a bundled adapter, or the path of a shared library")->required();
  add_list_option(*command, "--function", a->functions, "Only these functions")->option_text("F,..");
  add_list_option(*command, "--format", a->formats, "These formats (default: f32)")->option_text("F,..");
  add_list_option(*command, "--dialect", a->dialects, "Only these dialects")->option_text("D,..");
  add_list_option(*command, "--pass", a->passes, "forward (default), gradient")->option_text("P,..");
  add_list_option(*command, "--shape", a->shapes,
                  "Lengths, or ROWSxCLASSES (default: 4096 and 1000000; functions of rows: 1024x1000 and 32x32000)")
      ->option_text("N,..");
  command->add_option("--repetitions", a->repetitions, "How often each is timed, in random order")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("-o", a->directory, "Folder for run.json, report.md, index.html and junit.xml")
      ->option_text("DIR");
  command->callback([a, &program] { program.status = bench(*a, program.arguments); });
}

}  // namespace lossaudit
