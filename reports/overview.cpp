#include "reports/overview.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "reference/contract.hpp"
#include "reports/visible.hpp"

namespace lossaudit {
namespace {

constexpr StandingTraits standing_table[] = {
    {Standing::unsupported, "unsupported", "–", "not supported", "not supported", false},
    {Standing::conforms, "conforms", "✓", "conforms", "", false},
    {Standing::advised, "advised", "✓*", "conforms", "recommended rule", false},
    {Standing::exceeds, "exceeds", "✗", "exceeds its budget", "exceeds its budget", true},
    {Standing::breaks_rule, "breaks-rule", "✗", "breaks a rule", "breaks a rule", true},
    {Standing::hung, "hung", "✖", "hung", "hung", true},
    {Standing::crashed, "crashed", "✖", "crashed", "crashed", true},
};

/// How far over its budget, for sorting; an error without a budget counts as itself.
double excess(const Accuracy& accuracy) {
  return accuracy.budget_ulp > 0 ? accuracy.max_ulp / accuracy.budget_ulp : accuracy.max_ulp;
}

std::vector<std::string> functions_in(const std::vector<Entry>& entries) {
  std::vector<std::string> names;
  const auto add = [&names](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const FunctionTraits& function : functions()) {
    const auto is_it = [&function](const Entry& entry) { return entry.accuracy->function == function.name; };
    if (std::any_of(entries.begin(), entries.end(), is_it)) add(std::string(function.name));
  }
  for (const Entry& entry : entries) add(entry.accuracy->function);
  return names;
}

/// Whether `a` shows the fault that both have better: the larger error, or the rule in the plainer contract.
bool shows_better(const Finding& a, const Finding& b) {
  const auto key = [](const Finding& finding) {
    const Accuracy& accuracy = *finding.entry->accuracy;
    const double size = finding.standing == Standing::exceeds ? -excess(accuracy) : 0;
    return std::tuple(size, accuracy.options.size(), accuracy.dialect != "exact");
  };
  return key(a) < key(b);
}

std::vector<Finding> findings_in(const std::vector<Entry>& entries) {
  // One finding a subject, function and fault, however many contracts show it.
  std::map<std::tuple<std::size_t, std::string, Standing, std::string>, std::vector<Finding>> alike;
  for (const Entry& entry : entries) {
    for (const Finding& fault : faults_of(entry)) {
      const std::string rule = fault.rule != nullptr ? fault.rule->rule : "";
      alike[{entry.column, entry.accuracy->function, fault.standing, rule}].push_back(fault);
    }
  }
  std::vector<Finding> findings;
  for (auto& [key, faults] : alike) {
    std::stable_sort(faults.begin(), faults.end(), shows_better);
    Finding finding = faults.front();
    for (std::size_t i = 1; i < faults.size(); ++i) finding.others.push_back(faults[i].entry);
    findings.push_back(std::move(finding));
  }
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    const auto key = [](const Finding& finding) {
      const double size = finding.standing == Standing::exceeds ? excess(*finding.entry->accuracy) : 0;
      return std::tuple(finding.standing, size, finding.rule != nullptr ? finding.rule->broken : 0);
    };
    return key(a) > key(b);
  });
  return findings;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += i == 0 ? "" : i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text;
}

}  // namespace

std::span<const StandingTraits> standings() { return standing_table; }
const StandingTraits& traits(Standing standing) { return standing_table[static_cast<std::size_t>(standing)]; }

Standing standing_of(const Accuracy& accuracy) {
  if (accuracy.verdict == "crashed") return Standing::crashed;
  if (accuracy.verdict == "hung") return Standing::hung;
  if (accuracy.verdict == "unsupported") return Standing::unsupported;
  const auto broken = [&accuracy](bool required) {
    return std::any_of(accuracy.rules.begin(), accuracy.rules.end(),
                       [required](const RuleResult& rule) { return rule.broken > 0 && rule.required == required; });
  };
  if (broken(true)) return Standing::breaks_rule;
  if (accuracy.verdict == "exceeds") return Standing::exceeds;
  return broken(false) ? Standing::advised : Standing::conforms;
}

std::string contract_text(const Accuracy& accuracy) {
  std::string text = accuracy.function + " " + accuracy.dialect + " " + accuracy.format + " " + accuracy.pass;
  return accuracy.options.empty() ? text : text + " " + accuracy.options;
}

std::vector<Finding> faults_of(const Entry& entry) {
  std::vector<Finding> faults;
  const Accuracy& accuracy = *entry.accuracy;
  for (const RuleResult& rule : accuracy.rules) {
    if (rule.broken == 0) continue;
    faults.push_back({rule.required ? Standing::breaks_rule : Standing::advised, &entry, &rule, {}});
  }
  if (entry.standing == Standing::crashed || entry.standing == Standing::hung) {
    faults.push_back({entry.standing, &entry, nullptr, {}});
  } else if (accuracy.verdict == "exceeds" &&
             (accuracy.max_ulp > accuracy.budget_ulp || entry.standing == Standing::exceeds)) {
    faults.push_back({Standing::exceeds, &entry, nullptr, {}});
  }
  std::stable_sort(faults.begin(), faults.end(),
                   [](const Finding& a, const Finding& b) { return a.standing > b.standing; });
  return faults;
}

Overview::Overview(const std::vector<RunRecord>& records) {
  std::map<std::string, std::size_t> runs_with;
  for (const RunRecord& record : records) {
    runs.push_back(visible(record));
    for (const SubjectInfo& subject : runs.back().subjects) ++runs_with[subject.name];
  }
  for (std::size_t run = 0; run < runs.size(); ++run) {
    std::map<std::string, std::size_t> column_named;
    const auto add = [&](const SubjectInfo& info) {
      const std::string label =
          runs_with[info.name] > 1 ? info.name + " (run " + std::to_string(run + 1) + ")" : info.name;
      column_named.emplace(info.name, columns.size());
      columns.push_back({run, info, label});
    };
    for (const SubjectInfo& subject : runs[run].subjects) add(subject);
    for (const Accuracy& accuracy : runs[run].accuracy) {
      if (!column_named.contains(accuracy.subject)) add({accuracy.subject, "", "not among the run's subjects", false});
      entries.push_back({column_named[accuracy.subject], &accuracy, standing_of(accuracy)});
      Column& column = columns[entries.back().column];
      ++column.contracts;
      column.failing += traits(entries.back().standing).fails ? 1 : 0;
      column.advised += entries.back().standing == Standing::advised ? 1 : 0;
      column.unsupported += entries.back().standing == Standing::unsupported ? 1 : 0;
    }
  }
  functions = functions_in(entries);
  findings = findings_in(entries);
}

std::string Overview::headline() const {
  std::vector<std::string> right, wrong;
  for (const Column& column : columns) (column.failing == 0 ? right : wrong).push_back(visible(column.label, 40));
  const auto clause = [](const std::vector<std::string>& names, const char* one, const char* many) {
    return joined(names) + (names.size() == 1 ? one : many);
  };
  if (columns.empty()) return "No subject was audited";
  if (wrong.empty()) return clause(right, " conforms", " conform");
  if (right.empty()) return clause(wrong, " does not conform", " do not conform");
  return clause(right, " conforms", " conform") + "; " + clause(wrong, " does not", " do not");
}

}  // namespace lossaudit
