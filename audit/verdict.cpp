#include "audit/verdict.hpp"

#include <algorithm>

namespace lossaudit {

double excess(const Accuracy& accuracy) {
  if (!accuracy.budget_text.empty()) return accuracy.budget_share;
  return accuracy.budget_ulp > 0 ? accuracy.max_ulp / accuracy.budget_ulp : accuracy.max_ulp;
}

std::string contract_text(const Accuracy& accuracy) {
  std::string text = accuracy.function + " " + accuracy.dialect + " " + accuracy.format + " " + accuracy.pass;
  return accuracy.options.empty() ? text : text + " " + accuracy.options;
}

bool breaks_required_rule(const Accuracy& accuracy) {
  return std::ranges::any_of(accuracy.rules, [](const RuleResult& rule) { return rule.required && rule.broken > 0; });
}

bool over_budget(const Accuracy& accuracy) {
  // A record that says no more than "exceeds" means the budget.
  return accuracy.verdict == "exceeds" && (excess(accuracy) > 1 || !breaks_required_rule(accuracy));
}

bool stopped(const Accuracy& accuracy) { return accuracy.verdict == "crashed" || accuracy.verdict == "hung"; }

bool any_excused(const Accuracy& accuracy) {
  if (!accuracy.excused.empty() && (stopped(accuracy) || over_budget(accuracy))) return true;
  return std::ranges::any_of(
      accuracy.rules, [](const RuleResult& rule) { return rule.required && rule.broken > 0 && !rule.excused.empty(); });
}

bool fails(const Accuracy& accuracy) {
  if (accuracy.verdict == "unsupported") return false;
  if (!accuracy.worse.empty()) return true;
  if (accuracy.excused.empty() && (stopped(accuracy) || over_budget(accuracy))) return true;
  return std::ranges::any_of(
      accuracy.rules, [](const RuleResult& rule) { return rule.required && rule.broken > 0 && rule.excused.empty(); });
}

bool conforms(const RunRecord& record) {
  return record.no_longer_occurs.empty() && std::ranges::none_of(record.accuracy, [&](const Accuracy& accuracy) {
           const auto subject = std::ranges::find(record.subjects, accuracy.subject, &SubjectInfo::name);
           return subject != record.subjects.end() && subject->gated && fails(accuracy);
         });
}

}  // namespace lossaudit
