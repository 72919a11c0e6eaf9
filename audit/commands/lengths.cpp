#include "audit/lengths/lengths.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "audit/commands/commands.hpp"
#include "audit/commands/interrupt.hpp"
#include "audit/commands/leave_record.hpp"
#include "audit/commands/open_all.hpp"
#include "audit/commands/progress.hpp"
#include "audit/machine.hpp"
#include "audit/text.hpp"
#include "reports/report.hpp"
#include "reports/round_up.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::vector<std::string> subjects, functions, formats, dialects, passes;
  std::string directory;
  double longest = 1e7;
  std::uint64_t seed = 1;
  bool resume = false;
};

/// A line of the table, and below it what differs and why the curve ends.
void print(const LengthCurve& curve, const std::string& contract, std::size_t subjects, std::size_t contracts) {
  const bool all_same =
      std::ranges::all_of(curve.same_bits, [](const auto& each) { return each.second == same_bits_text; });
  const std::string bits = curve.same_bits.empty() ? "-" : all_same ? "same" : "differ";
  fmt::print("{:<{}}  {:<{}}  ", curve.subject, subjects, contract, contracts);
  if (curve.points.empty()) {
    fmt::print("{:>8} {:>8} {:>8} {:>8}  {:<6}  {}\n", "-", "-", "-", "-", bits, "-");
  } else {
    const LengthPoint& last = curve.points.back();
    fmt::print("{:>8.3g} {:>8} {:>8} {:>8}  {:<6}  {}\n", static_cast<double>(last.length), round_up(last.rms_ulp),
               round_up(last.max_ulp), exponent_text(curve.exponent), bits,
               curve.accumulator.empty() ? "too few terms to tell" : curve.accumulator);
  }
  for (const auto& [what, said] : curve.same_bits) {
    if (said != same_bits_text) fmt::print("{:<{}}    {}: {}\n", "", subjects, what, said);
  }
  if (!curve.ended.empty()) fmt::print("{:<{}}    {}\n", "", subjects, curve.ended);
}

void print(const RunRecord& record) {
  const auto contract_of = [](const LengthCurve& curve) {
    return fmt::format("{} {} {}{}{}{}", curve.function, curve.dialect, curve.format,
                       curve.pass == "forward" ? "" : " " + curve.pass, curve.options.empty() ? "" : " ",
                       curve.options);
  };
  std::size_t subjects = 7, contracts = 8;
  for (const LengthCurve& curve : record.lengths) {
    subjects = std::max(subjects, curve.subject.size());
    contracts = std::max(contracts, contract_of(curve).size());
  }
  fmt::print("{:<{}}  {:<{}}  {:>8} {:>8} {:>8} {:>8}  {:<6}  {}\n", "subject", subjects, "contract", contracts,
             "terms", "rms ulp", "max ulp", "exponent", "bits", "accumulator");
  for (const LengthCurve& curve : record.lengths) print(curve, contract_of(curve), subjects, contracts);
}

LengthsRequest request_of(const Arguments& a) {
  LengthsRequest request;
  request.filter = {parse_each(a.functions, parse_function), parse_each(a.dialects, parse_dialect),
                    parse_each(a.formats, parse_format),
                    a.passes.empty() ? std::vector{Pass::forward} : parse_each(a.passes, parse_pass)};
  request.longest = static_cast<std::uint64_t>(a.longest);
  request.seed = a.seed;
  request.stop = asked_to_stop;
  if (!a.directory.empty()) {
    prepare_report(a.directory);
    request.checkpoint = checkpoint_in(a.directory, a.resume);
    request.resume = a.resume;
  }
  request.subjects = open_all(a.subjects);
  return request;
}

int lengths(const Arguments& a, const std::vector<std::string>& command_line) {
  stop_when_asked();
  LengthsRequest request = request_of(a);
  Progress progress;
  progress.follow(request);
  const std::string started = utc_now();
  RunRecord record = run_lengths(request);
  progress.clear();
  record.started = started;
  record.command = command_text(command_line);
  print(record);
  if (!a.directory.empty()) {
    save_record(record, fs::path(a.directory) / "run.json");
    write_report(record, a.directory);
    std::error_code ignored;
    fs::remove(fs::path(a.directory) / "cases", ignored);
    fmt::print("\nreport: {}\n", (fs::path(a.directory) / "index.html").string());
  }
  if (record.interrupted) tell_how_to_go_on(a.directory);
  return record.interrupted ? 2 : 0;
}

}  // namespace

void add_lengths(CLI::App& app, Program& program) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "lengths", "Errors of sums and rows from 1 to very many terms, and what they betray of how terms are added up.");
  command->add_option("SUBJECT", a->subjects, "fast, a bundled adapter, or the path of a shared library")->required();
  add_list_option(*command, "--function", a->functions, "Only these functions")->option_text("F,..");
  add_list_option(*command, "--format", a->formats, "f32 (default), f64")->option_text("F,..");
  add_list_option(*command, "--dialect", a->dialects, "Only these dialects")->option_text("D,..");
  add_list_option(*command, "--pass", a->passes, "forward (default), gradient, of which bits are compared alone")
      ->option_text("P,..");
  command
      ->add_option("--longest", a->longest,
                   "No more terms than these, as in 1e8 (the most; takes up to 3.2 GB of memory, in f64 6.4 GB, beside "
                   "what the subject takes itself)")
      ->check(CLI::Range(1.0, static_cast<double>(most_terms)))
      ->capture_default_str();
  command->add_option("--seed", a->seed, "Seed of the random inputs")->option_text("N")->capture_default_str();
  command->add_option("-o", a->directory, "Folder for run.json, report.md, index.html and junit.xml")
      ->option_text("DIR");
  command->add_flag("--resume", a->resume, "Go on where the same run was stopped; needs -o")->needs("-o");
  command->callback([a, &program] { program.status = lengths(*a, program.arguments); });
}

}  // namespace lossaudit
