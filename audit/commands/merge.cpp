#include "audit/merge.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "audit/case.hpp"
#include "audit/certificate.hpp"
#include "audit/commands/certify.hpp"
#include "audit/commands/commands.hpp"
#include "audit/commands/leave_record.hpp"
#include "audit/json_file.hpp"
#include "audit/verdict.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::vector<std::string> files;
  YardstickArguments yardsticks;
  std::string output;
};

bool is_file(const std::string& output) { return fs::path(output).extension() == ".json"; }

std::vector<Witness*> witnesses_of(RunRecord& record) {
  std::vector<Witness*> all;
  for (Accuracy& accuracy : record.accuracy) {
    all.insert(all.end(), {&accuracy.worst, &accuracy.budget_worst, &accuracy.hunt.worst, &accuracy.hunt.lost});
    for (RuleResult& rule : accuracy.rules) all.push_back(&rule.worst);
  }
  return all;
}

/// Takes cases too long for a command line along, from beside the records that name them.
void bring_cases(RunRecord& record, const std::vector<std::string>& files, const fs::path& directory) {
  constexpr std::string_view option = " --case ", folder = "/cases/", suffix = ".case";
  constexpr std::size_t digits = 16;
  for (Witness* witness : witnesses_of(record)) {
    std::string& replay = witness->replay;
    const std::size_t from = replay.find(option), name_at = replay.find(folder, from);
    if (from == std::string::npos || name_at == std::string::npos) continue;
    const std::string name = replay.substr(name_at + folder.size(), digits + suffix.size());
    const bool is_ours = name.find_first_not_of("0123456789abcdef") == digits && name.ends_with(suffix);
    if (!is_ours || replay.substr(from + option.size(), 2).find('@') == std::string::npos) continue;
    for (const std::string& file : files) {
      const fs::path source = fs::path(file).parent_path() / "cases" / name;
      std::error_code missing;
      if (!fs::is_regular_file(source, missing)) continue;
      const fs::path copy = directory / "cases" / name;
      fs::copy_file(source, copy, fs::copy_options::overwrite_existing, missing);
      const bool quoted = replay[from + option.size()] == '\'';
      const std::size_t end = name_at + folder.size() + name.size() + (quoted ? 1 : 0);
      replay = replay.substr(0, from + option.size()) + shell_quoted("@" + copy.string()) + replay.substr(end);
      break;
    }
  }
}

int merge_records(const Arguments& a) {
  if (!a.output.empty() && !is_file(a.output)) prepare_report(a.output);
  std::vector<NamedRecord> records;
  for (const std::string& file : a.files) records.push_back({file, load_record(file)});
  RunRecord merged = merge(records);
  const Yardsticks yardsticks(a.yardsticks, merged.profile);
  if (is_file(a.output)) {
    leave_record(merged, yardsticks, "");
    save_record(merged, a.output);
  } else {
    if (!a.output.empty()) bring_cases(merged, a.files, a.output);
    leave_record(merged, yardsticks, a.output);
  }
  if (merged.shards.count > 0 || merged.interrupted) {
    fmt::print(stderr, "lossaudit: {}: merge it with the rest\n", what_it_lacks(merged));
    return 2;
  }
  return conforms(merged) ? 0 : 1;
}

int merge_certificates(const Arguments& a) {
  Certificate whole = load_certificate(a.files.front());
  for (std::size_t i = 1; i < a.files.size(); ++i) join(whole, load_certificate(a.files[i]), a.files[i]);
  if (!a.output.empty()) save_certificate(whole, a.output);
  return print(whole) ? 0 : 1;
}

/// What the files hold is told by the first.
int merge_all(const Arguments& a) {
  const nlohmann::json first = load_json(a.files.front(), "a record of lossaudit");
  const bool certificates = first.is_object() && first.value("schema", nlohmann::json()) == certificate_schema;
  return certificates ? merge_certificates(a) : merge_records(a);
}

}  // namespace

void add_merge(CLI::App& app, Program& program) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "merge", "Makes one of what audit, hunt or certify left with --shard; 2 of 8 shards too, for later.");
  command->add_option("RECORD.json", a->files, "What shards left, in any order: run.json, or certificates")->required();
  command
      ->add_option("-o", a->output,
                   "Folder for run.json, report.md, index.html and junit.xml; or the record's file, *.json")
      ->option_text("OUT");
  add_yardstick_options(*command, a->yardsticks);
  command->callback([a, &program] { program.status = merge_all(*a); });
}

}  // namespace lossaudit
