// Findings in words.
#include <fmt/format.h>

#include <array>
#include <utility>

#include "reference/format.hpp"
#include "reports/overview.hpp"
#include "reports/round_up.hpp"

namespace lossaudit {
namespace {

/// The law of special values (audit/measure.hpp) and the rules that need no tolerance, in words. A rule that is not
/// here shows its name.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> rule_words = {{
    {"finite", "an infinity where the exact result is finite"},
    {"number_due", "a NaN where a number is due"},
    {"nan_stays_nan", "a number where a NaN is due"},
    {"overflow", "not the infinity that the exact result overflows to"},
    {"pole", "not the infinity that the exact result is"},
    {"sum_to_one", "a row that does not sum to 1"},
    {"limits", "not the limit at an infinite input"},
}};

constexpr std::size_t values_shown = 48;

void add_witness(std::string& text, const Accuracy& accuracy, const Witness& worst) {
  for (const auto& [name, values] : worst.inputs)
    text += fmt::format("{:<9} {}\n", name, values_text(accuracy, values));
  if (!worst.computed.empty()) text += fmt::format("{:<9} {}\n", "computed", value_text(accuracy, worst.computed));
  if (!worst.exact.empty()) text += fmt::format("{:<9} {}\n", "exact", worst.exact);
  if (!worst.replay.empty()) text += fmt::format("{:<9} {}\n", "replay", worst.replay);
}

std::string over_budget_text(const Accuracy& accuracy) {
  if (!(excess(accuracy) > 1)) return accuracy.detail.empty() ? "does not conform" : accuracy.detail;
  if (!accuracy.budget_text.empty()) {
    return fmt::format("off by {} times its budget, {}", round_up(accuracy.budget_share), accuracy.budget_text);
  }
  return fmt::format("off by {} ulp, budget {}", round_up(accuracy.max_ulp), round_up(accuracy.budget_ulp));
}

}  // namespace

std::string inputs_text(const Witness& witness, std::size_t most) {
  std::string text;
  // The order that a call would have; an incoming gradient belongs to what it comes into.
  for (const char* name : {"shape", "output", "target", "labels", "upstream"}) {
    const auto found = witness.inputs.find(name);
    if (found == witness.inputs.end()) continue;
    text += (text.empty() ? "" : " ") + found->first + "=";
    for (std::size_t i = 0; i < found->second.size(); ++i) text += (i == 0 ? "" : ",") + found->second[i];
  }
  if (text.size() > most) text = text.substr(0, most - 3) + "...";
  return text;
}

std::string hunt_text(const Accuracy& accuracy, std::size_t longest_input) {
  const HuntResult& hunt = accuracy.hunt;
  std::string text = fmt::format("{} cases in {} {}, {} s: ", grouped(hunt.cases), grouped(hunt.searches),
                                 hunt.searches == 1 ? "search" : "searches", round_up(hunt.seconds));
  text += fmt::format("{} ulp", round_up(hunt.max_ulp));
  if (!hunt.worst.inputs.empty()) {
    text += fmt::format("; {} at {}", round_up(hunt.worst_ulp), inputs_text(hunt.worst, longest_input));
  }
  if (hunt.lost_results > 0) {
    text += fmt::format("; everything is lost at {}: {} for {}", inputs_text(hunt.lost, longest_input),
                        value_text(accuracy, hunt.lost.computed), hunt.lost.exact);
  }
  if (hunt.random_cases > 0) {
    text += fmt::format("; {} random cases: {} ulp", grouped(hunt.random_cases), round_up(hunt.random_kept_ulp));
  }
  return text;
}

std::string rule_text(std::string_view rule) {
  for (const auto& [name, words] : rule_words) {
    if (name == rule) return std::string(words);
  }
  return "rule " + std::string(rule);
}

std::string finding_text(const Finding& finding) {
  const Accuracy& accuracy = *finding.entry->accuracy;
  if (finding.kind == Standing::worse) return "worse than the baseline: " + accuracy.worse;
  const std::string& excused = finding.rule != nullptr ? finding.rule->excused : accuracy.excused;
  const std::string excuse = excused.empty() ? "" : " – " + excused;
  if (finding.rule != nullptr) {
    return fmt::format("{} in {} {}{}{}", rule_text(finding.rule->rule), grouped(finding.rule->broken),
                       finding.rule->broken == 1 ? "case" : "cases",
                       finding.rule->required ? "" : " (recommended, not required)", excuse);
  }
  if (finding.kind != Standing::exceeds) {
    const std::string_view word = traits(finding.kind).word;
    return (accuracy.detail.empty() ? std::string(word) : fmt::format("{}: {}", word, accuracy.detail)) + excuse;
  }
  const std::string worse = accuracy.worse.empty() ? "" : "; worse: " + accuracy.worse;
  return over_budget_text(accuracy) + worse + excuse;
}

std::string beside_text(const Sweep& sweep) {
  return sweep.beside_ulp == 0 ? "" : fmt::format(", but {} beside other inputs", round_up(sweep.beside_ulp));
}

std::string value_text(const Accuracy& accuracy, const std::string& value) {
  const Format format = format_named(accuracy.format).value_or(Format::f64);
  if (value.find("0x") == std::string::npos || value.starts_with("nan")) return value;
  const auto number = parse_number(format, value);
  return number ? fmt::format("{} ({})", value, to_decimal(format, *number)) : value;
}

std::string values_text(const Accuracy& accuracy, const std::vector<std::string>& values) {
  if (values.size() == 1) return value_text(accuracy, values[0]);
  std::string text;
  for (std::size_t i = 0; i < values.size() && i < values_shown; ++i) text += (i == 0 ? "" : ", ") + values[i];
  if (values.size() > values_shown) text += fmt::format(", … and {} more", grouped(values.size() - values_shown));
  return text;
}

std::string bug_report(const Overview& overview, const Finding& finding) {
  const Accuracy& accuracy = *finding.entry->accuracy;
  const Column& column = overview.column_of(finding);
  const RunRecord& run = overview.runs[column.run];
  std::string text = fmt::format("{}{}{}: {}: {}\n\n", column.info.name, column.info.version.empty() ? "" : " ",
                                 column.info.version, contract_text(accuracy), finding_text(finding));
  add_witness(text, accuracy, witness_of(finding));
  if (!finding.others.empty()) {
    text += "\nThe same in:\n";
    for (const Entry* other : finding.others) text += "  " + contract_text(*other->accuracy) + "\n";
  }
  text += fmt::format("\nMeasured by lossaudit {} on {} inputs, seed {}", run.tool_version, grouped(accuracy.count),
                      run.seed);
  if (const auto cpu = run.machine.find("cpu"); cpu != run.machine.end()) text += ", " + cpu->second;
  return text + ".\n";
}

}  // namespace lossaudit
