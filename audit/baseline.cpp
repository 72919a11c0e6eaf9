#include "audit/baseline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "audit/text.hpp"
#include "audit/verdict.hpp"
#include "reference/contract.hpp"

namespace lossaudit {
namespace {

/// What the offsets of two exact results are known to: Expected::offset, 2^-20 ulp each.
constexpr double reference_slack = 0x1p-19;
/// Between maxima of different samples, within the budget: see baseline.hpp.
constexpr double sample_factor = 2;

constexpr std::size_t most_named = 5;

constexpr const char* in_baseline = "known: in the baseline too";

using Key = std::pair<std::string, std::string>;
Key key_of(const Accuracy& accuracy) { return {accuracy.subject, contract_text(accuracy)}; }

/// Results that were no number where one is due: they have no error.
std::uint64_t without_error(const Accuracy& accuracy) {
  const auto rule = std::ranges::find(accuracy.rules, "number_due", &RuleResult::rule);
  return rule == accuracy.rules.end() ? 0 : rule->broken;
}

bool measured(const Accuracy& accuracy) { return accuracy.verdict != "unsupported"; }

int severity(const Accuracy& accuracy) {
  return accuracy.verdict == "crashed" ? 3 : accuracy.verdict == "hung" ? 2 : accuracy.verdict == "exceeds" ? 1 : 0;
}

/// A contract then and now.
struct Pair {
  const Accuracy& then;
  Accuracy& now;
  bool same_inputs;
};

/// What a comparison says.
struct Said {
  std::string worse, better;
  bool uncompared = false;  ///< the largest errors are of different samples
};

bool grew(const Pair& pair, double then, double now) {
  if (std::isnan(then) || std::isnan(now) || now <= then) return false;
  return pair.same_inputs ? now - then > reference_slack : now > sample_factor * then;
}

/// "2.1e+06 ulp, 1 ulp in the baseline: 2.1e+06 times as large"
std::string growth_text(double then, double now, const char* unit, bool same_inputs) {
  std::string text = fmt::format("{:.6g} {}, {:.6g} in the baseline", now, unit, then);
  if (then > 0 && now > 0 && std::isfinite(then) && std::isfinite(now)) {
    text += now > then ? fmt::format(": {:.4g} times as large", now / then) : fmt::format(": {:.4g} of it", now / then);
  }
  return same_inputs ? text : text + " (not over the same results)";
}

const RuleResult* broken_rule(const Accuracy& accuracy, const std::string& name) {
  const auto found = std::ranges::find_if(
      accuracy.rules, [&](const RuleResult& rule) { return rule.rule == name && rule.broken > 0 && rule.required; });
  return found == accuracy.rules.end() ? nullptr : &*found;
}

void add(std::string& text, const std::string& more) { text += (text.empty() ? "" : "; ") + more; }

/// Largest errors, where both are whole: what crashed or hung was measured in part.
void compare_errors(const Pair& pair, Said& said) {
  const Accuracy &was = pair.then, &is = pair.now;
  if (over_budget(is) && !is.excused.empty()) return;  // expected, and within its bound
  const auto compare = [&](double then, double now, const char* unit) {
    const std::string text = growth_text(then, now, unit, pair.same_inputs);
    if (grew(pair, then, now)) add(said.worse, text);
    if (grew(pair, now, then)) add(said.better, text);
  };
  const bool same_budget = is.budget_text == was.budget_text;
  said.uncompared = !pair.same_inputs && (over_budget(was) || over_budget(is));
  if (pair.same_inputs || (is.budget_text.empty() && !said.uncompared)) compare(was.max_ulp, is.max_ulp, "ulp");
  // Of a budget that is not counted in ulps the largest error in ulps says little.
  if (!is.budget_text.empty() && same_budget && !said.uncompared) {
    compare(was.budget_share, is.budget_share, "times what is allowed");
  }
  if (!over_budget(is)) return;
  if (!over_budget(was)) add(said.worse, "it did not exceed its budget in the baseline");
  if (said.worse.empty() && is.worse.empty()) pair.now.excused = in_baseline;
}

void compare_rules(const Pair& pair, Said& said) {
  for (RuleResult& rule : pair.now.rules) {
    if (rule.broken == 0 || !rule.required || !rule.excused.empty()) continue;
    if (broken_rule(pair.then, rule.rule) != nullptr) {
      rule.excused = in_baseline;
    } else {
      add(said.worse, fmt::format("breaks rule {}, which it kept in the baseline", rule.rule));
    }
  }
  if (stopped(pair.now)) return;  // it may have stopped before it could break them
  for (const RuleResult& rule : pair.then.rules) {
    if (rule.required && rule.broken > 0 && broken_rule(pair.now, rule.rule) == nullptr) {
      add(said.better, fmt::format("no longer breaks rule {}", printable(rule.rule, 40)));
    }
  }
}

void excuse_all(Accuracy& accuracy) {
  if (accuracy.excused.empty() && accuracy.worse.empty()) accuracy.excused = in_baseline;
  for (RuleResult& rule : accuracy.rules) {
    if (rule.required && rule.broken > 0 && rule.excused.empty()) rule.excused = in_baseline;
  }
}

/// What became worse and what better; faults that are no worse are excused.
Said compare(const Pair& pair) {
  Said said;
  const int then = severity(pair.then), now = severity(pair.now);
  const bool expected = any_excused(pair.now) && !fails(pair.now);
  if (now != then && !(now > then && expected)) {
    add(now > then ? said.worse : said.better,
        fmt::format("{}, {} in the baseline", pair.now.verdict, pair.then.verdict));
  }
  // What was done before a crash or a hang depends on when it came.
  const bool was_stopped = stopped(pair.then), is_stopped = stopped(pair.now);
  if (was_stopped && now <= then) {
    excuse_all(pair.now);
    return said;
  }
  if (!is_stopped) compare_errors(pair, said);
  compare_rules(pair, said);
  return said;
}

/// "12 contracts: a, b, … and 7 more"
std::string listed(const std::vector<std::string>& names) {
  std::string text = fmt::format("{} {}: ", names.size(), names.size() == 1 ? "contract" : "contracts");
  for (std::size_t i = 0; i < names.size() && i < most_named; ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > most_named) text += fmt::format(" and {} more", names.size() - most_named);
  return text;
}

}  // namespace

RunRecord load_baseline(const std::filesystem::path& path, std::string_view profile) {
  RunRecord baseline = load_record(path);
  if (baseline.profile != profile) {
    throw BadInput(fmt::format("{}: a baseline of profile {}, and this audit is of {}: make them by the same --profile",
                               path.string(), printable(baseline.profile, 40), profile));
  }
  return baseline;
}

void compare_with_baseline(const RunRecord& baseline, RunRecord& record) {
  const bool same_tool = baseline.tool_version == record.tool_version &&
                         baseline.tool_revision == record.tool_revision && baseline.seed == record.seed;
  std::map<Key, const Accuracy*> before;
  for (const Accuracy& then : baseline.accuracy) {
    if (measured(then)) before.emplace(key_of(then), &then);
  }
  std::map<std::string, std::vector<std::string>> fresh, gone, uncompared;
  std::vector<Change> better_changes;
  for (Accuracy& now : record.accuracy) {
    if (!measured(now)) continue;
    const auto found = before.find(key_of(now));
    if (found == before.end()) {
      fresh[now.subject].push_back(contract_text(now));
      continue;
    }
    const Accuracy& then = *found->second;
    before.erase(found);
    const bool same_inputs =
        same_tool && then.inputs == now.inputs && then.count == now.count && without_error(then) == without_error(now);
    const Said said = compare({then, now, same_inputs});
    if (!said.worse.empty()) add(now.worse, said.worse);
    if (!said.worse.empty()) record.changes.push_back({"worse", now.subject, contract_text(now), said.worse});
    if (!said.better.empty()) better_changes.push_back({"better", now.subject, contract_text(now), said.better});
    if (said.uncompared) uncompared[now.subject].push_back(contract_text(now));
  }
  if (record.interrupted) before.clear();  // what was not tried is not gone
  for (const auto& [key, then] : before) gone[key.first].push_back(key.second);
  record.changes.insert(record.changes.end(), better_changes.begin(), better_changes.end());
  for (const auto& [subject, names] : uncompared) {
    record.changes.push_back({"uncompared", subject, "",
                              "beyond the budget, and not over the same results as in the baseline (its seed is " +
                                  std::to_string(baseline.seed) + "): " + listed(names)});
  }
  for (const auto& [subject, names] : fresh) record.changes.push_back({"new", subject, "", listed(names)});
  for (const auto& [subject, names] : gone) record.changes.push_back({"gone", subject, "", listed(names)});
}

}  // namespace lossaudit
