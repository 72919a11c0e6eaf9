#include "reports/overview.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "reference/contract.hpp"
#include "reports/round_up.hpp"
#include "reports/visible.hpp"

namespace lossaudit {
namespace {

constexpr StandingTraits standing_table[] = {
    {Standing::unsupported, "unsupported", "–", "not supported", "not supported", false},
    {Standing::unjudged, "unjudged", "·", "no budget", "no budget", false},
    {Standing::conforms, "conforms", "✓", "conforms", "", false},
    {Standing::advised, "advised", "✓*", "conforms", "recommended rule", false},
    {Standing::known, "known", "(✗)", "known finding", "known finding", false},
    {Standing::worse, "worse", "✗", "got worse", "got worse", true},
    {Standing::exceeds, "exceeds", "✗", "exceeds its budget", "exceeds its budget", true},
    {Standing::breaks_rule, "breaks-rule", "✗", "breaks a rule", "breaks a rule", true},
    {Standing::hung, "hung", "✖", "hung", "hung", true},
    {Standing::crashed, "crashed", "✖", "crashed", "crashed", true},
};

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
      // Faults that are excused for different reasons are told apart.
      std::string what = fault.rule != nullptr ? fault.rule->rule : "";
      if (fault.standing == Standing::known) {
        what.append("\n").append(traits(fault.kind).name).append("\n");
        what += fault.rule != nullptr ? fault.rule->excused : entry.accuracy->excused;
      }
      alike[{entry.column, entry.accuracy->function, fault.standing, what}].push_back(fault);
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

std::vector<BudgetGroup> budgets_in(const Overview& overview) {
  std::vector<BudgetGroup> groups;
  for (const Entry& entry : overview.entries) {
    const Accuracy& accuracy = *entry.accuracy;
    if (entry.standing == Standing::unsupported) continue;
    const std::size_t run = overview.columns[entry.column].run;
    const std::string budget = budget_text(accuracy);
    const std::string contract = accuracy.function + " " + accuracy.pass;
    const auto is_it = [&](const BudgetGroup& group) {
      return group.run == run && group.format == accuracy.format && group.budget == budget &&
             group.source == accuracy.budget_source;
    };
    auto found = std::find_if(groups.begin(), groups.end(), is_it);
    if (found == groups.end()) {
      groups.push_back({run, accuracy.format, budget, accuracy.budget_source, {}, &accuracy});
      found = groups.end() - 1;
    }
    if (std::find(found->contracts.begin(), found->contracts.end(), contract) == found->contracts.end()) {
      found->contracts.push_back(contract);
    }
    if (accuracy.budget_zero_passes > found->most_lenient->budget_zero_passes) found->most_lenient = &accuracy;
  }
  return groups;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += i == 0 ? "" : i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text;
}

bool nothing_judged_in(const RunRecord& run) {
  return run.accuracy.empty() && !(run.speed.empty() && run.sweep_speed.empty() && run.lengths.empty());
}

}  // namespace

std::span<const StandingTraits> standings() { return standing_table; }
const StandingTraits& traits(Standing standing) { return standing_table[static_cast<std::size_t>(standing)]; }

Standing standing_of(const Accuracy& accuracy) {
  const bool open = accuracy.excused.empty();
  if (open && accuracy.verdict == "crashed") return Standing::crashed;
  if (open && accuracy.verdict == "hung") return Standing::hung;
  if (accuracy.verdict == "unsupported") return Standing::unsupported;
  const auto broken = [&accuracy](bool required) {
    return std::any_of(accuracy.rules.begin(), accuracy.rules.end(), [required](const RuleResult& rule) {
      return rule.broken > 0 && rule.required == required && rule.excused.empty();
    });
  };
  if (broken(true)) return Standing::breaks_rule;
  if (open && over_budget(accuracy)) return Standing::exceeds;
  if (!accuracy.worse.empty()) return Standing::worse;
  if (any_excused(accuracy)) return Standing::known;
  if (accuracy.verdict == "unjudged") return Standing::unjudged;
  return broken(false) ? Standing::advised : Standing::conforms;
}

std::string budget_text(const Accuracy& accuracy) {
  return accuracy.budget_text.empty() ? round_up(accuracy.budget_ulp) + " ulp" : accuracy.budget_text;
}

std::string zero_text(const Accuracy& accuracy) {
  if (!(accuracy.budget_zero_passes > 0)) return "";
  return std::isinf(accuracy.budget_zero_passes) ? "of any size" : "up to " + round_up(accuracy.budget_zero_passes);
}

const Witness& witness_of(const Finding& finding) {
  if (finding.rule != nullptr) return finding.rule->worst;
  const Accuracy& accuracy = *finding.entry->accuracy;
  const bool by_budget = finding.kind == Standing::exceeds && !accuracy.budget_text.empty();
  return by_budget ? accuracy.budget_worst : accuracy.worst;
}

std::vector<Finding> faults_of(const Entry& entry) {
  std::vector<Finding> faults;
  const Accuracy& accuracy = *entry.accuracy;
  const auto add = [&](Standing kind, const std::string& excused, const RuleResult* rule) {
    faults.push_back({excused.empty() ? kind : Standing::known, kind, &entry, rule, {}});
  };
  for (const RuleResult& rule : accuracy.rules) {
    if (rule.broken > 0) add(rule.required ? Standing::breaks_rule : Standing::advised, rule.excused, &rule);
  }
  if (stopped(accuracy)) {
    add(accuracy.verdict == "hung" ? Standing::hung : Standing::crashed, accuracy.excused, nullptr);
  } else if (over_budget(accuracy)) {
    add(Standing::exceeds, accuracy.excused, nullptr);
  }
  if (entry.standing == Standing::worse) add(Standing::worse, "", nullptr);
  std::stable_sort(faults.begin(), faults.end(),
                   [](const Finding& a, const Finding& b) { return a.standing > b.standing; });
  return faults;
}

Overview::Overview(const std::vector<RunRecord>& records) {
  std::map<std::string, std::size_t> runs_with;
  for (const RunRecord& record : records) {
    runs.push_back(visible(record));
    if (nothing_judged_in(runs.back())) continue;
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
    if (nothing_judged_in(runs[run])) continue;
    for (const SubjectInfo& subject : runs[run].subjects) add(subject);
    for (const Accuracy& accuracy : runs[run].accuracy) {
      if (!column_named.contains(accuracy.subject)) add({accuracy.subject, "", "not among the run's subjects", false});
      entries.push_back({column_named[accuracy.subject], &accuracy, standing_of(accuracy)});
      Column& column = columns[entries.back().column];
      ++column.contracts;
      column.failing += traits(entries.back().standing).fails ? 1 : 0;
      column.advised += entries.back().standing == Standing::advised ? 1 : 0;
      column.unsupported += entries.back().standing == Standing::unsupported ? 1 : 0;
      column.known += entries.back().standing == Standing::known ? 1 : 0;
      column.unjudged += entries.back().standing == Standing::unjudged ? 1 : 0;
    }
  }
  functions = functions_in(entries);
  findings = findings_in(entries);
  budgets = budgets_in(*this);
  trades = trades_in(runs);
}

std::string Overview::zero_passes(std::size_t run) const {
  std::string text;
  std::vector<std::string> formats;
  for (const BudgetGroup& group : budgets) {
    if (group.run != run || std::find(formats.begin(), formats.end(), group.format) != formats.end()) continue;
    formats.push_back(group.format);
    const Accuracy* most = group.most_lenient;
    for (const BudgetGroup& other : budgets) {
      const bool more = other.most_lenient->budget_zero_passes > most->budget_zero_passes;
      if (other.run == run && other.format == group.format && more) most = other.most_lenient;
    }
    if (const std::string zero = zero_text(*most); !zero.empty())
      text.append(text.empty() ? "" : ", ").append(group.format + " " + zero);
  }
  return text;
}

std::string Overview::headline() const {
  std::vector<std::string> right, wrong, known, without;
  for (const Column& column : columns) {
    const bool nothing_judged = column.unjudged > 0 && column.judged() == 0;
    (column.failing > 0 ? wrong
     : column.known > 0 ? known
     : nothing_judged   ? without
                        : right)
        .push_back(visible(column.label, 40));
  }
  std::string text;
  const auto add = [&text](const std::vector<std::string>& names, const char* one, const char* many) {
    if (!names.empty()) text += (text.empty() ? "" : "; ") + joined(names) + (names.size() == 1 ? one : many);
  };
  add(right, " conforms", " conform");
  add(known, " conforms but for known findings", " conform but for known findings");
  if (text.empty()) {
    add(wrong, " does not conform", " do not conform");
  } else {
    add(wrong, " does not", " do not");
  }
  add(without, ": no budget in this profile", ": no budget in this profile");
  std::size_t gone = 0;
  for (const RunRecord& run : runs) gone += run.no_longer_occurs.size();
  if (gone > 0)
    text += fmt::format("; {} expected {} no longer occur{}", gone, gone == 1 ? "finding" : "findings",
                        gone == 1 ? "s" : "");
  if (!text.empty()) return text;
  std::vector<std::string> timed;
  for (const TradeGroup& group : trades) {
    for (const TradePoint& point : group.points) {
      const std::string name = visible(point.speed->subject, 40);
      if (std::find(timed.begin(), timed.end(), name) == timed.end()) timed.push_back(name);
    }
  }
  if (!timed.empty()) return "The speed of " + joined(timed);
  std::vector<std::string> varied;
  for (const RunRecord& run : runs) {
    for (const LengthCurve& curve : run.lengths) {
      const std::string name = visible(curve.subject, 40);
      if (std::find(varied.begin(), varied.end(), name) == varied.end()) varied.push_back(name);
    }
  }
  if (!varied.empty()) return "Errors over lengths of " + joined(varied);
  const bool has_sweeps = std::ranges::any_of(runs, [](const RunRecord& run) { return !run.sweep_speed.empty(); });
  return has_sweeps ? "The speed of sweeps" : "No subject was audited";
}

}  // namespace lossaudit
