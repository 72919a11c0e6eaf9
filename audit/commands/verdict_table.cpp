#include "audit/commands/verdict_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "audit/profile.hpp"
#include "audit/text.hpp"
#include "reports/hunts.hpp"
#include "reports/overview.hpp"
#include "reports/round_up.hpp"

namespace lossaudit {
namespace {

constexpr std::size_t longest_input = 60;
constexpr std::size_t longest_hunted = 100;
constexpr std::size_t hunts_shown = 16;
constexpr std::size_t longest_detail = 200;

std::string shortened(std::string text) {
  if (text.size() > longest_input) text = text.substr(0, longest_input - 3) + "...";
  return text;
}

/// The entry that speaks for a subject's function: the most severe, then the one with the largest error.
const Entry* worst_of(const Overview& overview, std::size_t column, const std::string& function) {
  const Entry* worst = nullptr;
  for (const Entry& entry : overview.entries) {
    if (entry.column != column || entry.accuracy->function != function) continue;
    if (entry.standing == Standing::unsupported) continue;
    if (worst == nullptr || entry.standing > worst->standing ||
        (entry.standing == worst->standing && entry.accuracy->max_ulp > worst->accuracy->max_ulp)) {
      worst = &entry;
    }
  }
  return worst;
}

void print_row(const Overview& overview, const Entry& entry, int subject_width) {
  const Accuracy& accuracy = *entry.accuracy;
  const std::vector<Finding> faults = faults_of(entry);
  const bool by_rule = !faults.empty() && faults[0].rule != nullptr;
  const Witness& witness = faults.empty() ? accuracy.worst : witness_of(faults[0]);
  std::string contract = fmt::format("{} {} {}", accuracy.dialect, accuracy.format, accuracy.options);
  if (contract.ends_with(' ')) contract.pop_back();
  fmt::print("{:<{}}  {:<31}  {:<22}  {:>8}  {:<32}  {}{}\n", overview.columns[entry.column].label, subject_width,
             accuracy.function, traits(entry.standing).word, accuracy.count == 0 ? "-" : round_up(accuracy.max_ulp),
             shortened(contract), by_rule ? faults[0].rule->rule + ": " : "", inputs_text(witness, longest_input));
  const bool stopped = entry.standing == Standing::crashed || entry.standing == Standing::hung;
  // What it said or did matters more than where.
  if (stopped) fmt::print("{:<{}}  {}\n", "", subject_width, printable(accuracy.detail, longest_detail));
}

/// The findings that fail nobody, with the reason.
void print_known(const Overview& overview) {
  bool first = true;
  for (const Finding& finding : overview.findings) {
    if (finding.standing != Standing::known) continue;
    fmt::print("{}known: {} {}: {}{}\n", first ? "\n" : "", overview.column_of(finding).label,
               contract_text(*finding.entry->accuracy), finding_text(finding),
               finding.others.empty() ? ""
                                      : fmt::format(" (and in {} more {})", finding.others.size(),
                                                    finding.others.size() == 1 ? "contract" : "contracts"));
    first = false;
  }
}

/// What was tried in full, a line each.
void print_sweeps(const Overview& overview) {
  bool first = true;
  for (const Entry& entry : overview.entries) {
    for (const Sweep& sweep : entry.accuracy->sweeps) {
      fmt::print("{}{}: {} {}, {}: {} ulp at {}{}{}, mean {}; {} correctly rounded; {} s\n", first ? "\n" : "",
                 sweep.beside_ulp == 0 ? "proved" : "swept", overview.columns[entry.column].label,
                 contract_text(*entry.accuracy), sweep.inputs, round_up(sweep.max_ulp), sweep.worst,
                 sweep.worst_target.empty() ? "" : ", target " + sweep.worst_target, beside_text(sweep),
                 round_up(sweep.mean_ulp), percent_down(sweep.correctly_rounded), round_up(sweep.seconds));
      first = false;
    }
  }
}

/// What was hunted, where that is all there was to do: of an audit the table above has it.
void print_hunts(const Overview& overview) {
  const auto hunted = [](const Entry& entry) {
    return entry.accuracy->count == 0 || entry.accuracy->inputs.starts_with("hunt");
  };
  if (!std::ranges::all_of(overview.entries, hunted)) return;
  const std::vector<const Entry*> hunts = hunts_to_tell(overview.entries, overview.entries.size());
  if (!hunts.empty()) fmt::print("\n");
  for (std::size_t i = 0; i < hunts.size() && i < hunts_shown; ++i) {
    fmt::print("hunted: {} {}: {}\n", overview.columns[hunts[i]->column].label, contract_text(*hunts[i]->accuracy),
               hunt_text(*hunts[i]->accuracy, longest_hunted));
  }
  if (hunts.size() > hunts_shown) fmt::print("hunted: {} contracts more\n", hunts.size() - hunts_shown);
}

/// What is not as expected or as in the baseline, a line each.
void print_changes(const RunRecord& record) {
  const bool any_worse = std::ranges::any_of(record.accuracy, [](const Accuracy& a) { return !a.worse.empty(); });
  if (any_worse || !record.no_longer_occurs.empty() || !record.baseline.empty()) fmt::print("\n");
  for (const Accuracy& accuracy : record.accuracy) {
    if (!accuracy.worse.empty()) {
      fmt::print("worse: {} {}: {}\n", accuracy.subject, contract_text(accuracy), accuracy.worse);
    }
  }
  for (const std::string& line : record.no_longer_occurs) fmt::print("no longer occurs: remove the line {}\n", line);
  for (const Change& change : record.changes) {
    if (change.kind == "worse") continue;
    fmt::print("{}: {}{}{}: {}\n", change.kind, change.subject, change.contract.empty() ? "" : " ", change.contract,
               change.text);
  }
  if (!record.baseline.empty() && record.changes.empty()) fmt::print("as in the baseline {}\n", record.baseline);
}

}  // namespace

void print_verdicts(const RunRecord& record) {
  const Overview overview({record});
  int subject_width = 7;
  for (const Column& column : overview.columns) {
    subject_width = std::max(subject_width, static_cast<int>(column.label.size()));
  }
  fmt::print("{:<{}}  {:<31}  {:<22}  {:>8}  {:<32}  {}\n", "subject", subject_width, "function", "verdict", "max ulp",
             "in contract", "at");
  for (std::size_t c = 0; c < overview.columns.size(); ++c) {
    std::string missing;
    for (const std::string& function : overview.functions) {
      if (const Entry* entry = worst_of(overview, c, function)) {
        print_row(overview, *entry, subject_width);
      } else {
        missing += (missing.empty() ? "" : ", ") + function;
      }
    }
    if (!missing.empty()) fmt::print("{:<{}}  not supported: {}\n", overview.columns[c].label, subject_width, missing);
  }
  print_sweeps(overview);
  print_known(overview);
  print_hunts(overview);
  print_changes(overview.runs[0]);
  fmt::print("\n{}\n", overview.headline());
  if (record.shards.count > 0) fmt::print("{}\n", what_it_lacks(record));
  const std::string zero = overview.zero_passes(0);
  if (!zero.empty() && record.profile != default_profile) {
    fmt::print("profile {}: a computed 0 passes for exact results: {}\n", record.profile, zero);
  }
}

}  // namespace lossaudit
