#include "audit/trial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "audit/inputs.hpp"
#include "audit/witness.hpp"

namespace lossaudit {
namespace {

/// "special_values, log_grid; seed 1"
std::string inputs_of(const Trial& trial, std::uint64_t seed) {
  std::vector<std::size_t> seen;
  std::string text;
  for (const std::size_t g : trial.generators) {
    if (std::find(seen.begin(), seen.end(), g) != seen.end()) continue;
    seen.push_back(g);
    text += (text.empty() ? "" : ", ") + generators()[g].name;
  }
  if (!trial.sweeps.empty()) text += (text.empty() ? "" : ", ") + std::string(sweep_generator);
  return text + fmt::format("; seed {}", seed);
}

void give_verdict(const Trial& trial, Accuracy& accuracy) {
  const auto say = [&accuracy](const std::string& text) {
    accuracy.detail += (accuracy.detail.empty() ? "" : "; ") + text;
  };
  accuracy.verdict = trial.budget.none ? "unjudged" : "conforms";
  if (trial.results.exceeds_budget()) {
    say(accuracy.budget_text.empty()
            ? fmt::format("{:.3g} ulp, budget {:g}", accuracy.max_ulp, accuracy.budget_ulp)
            : fmt::format("{:.3g} times its budget, {}", accuracy.budget_share, accuracy.budget_text));
  }
  for (const RuleResult& result : accuracy.rules) {
    if (result.broken > 0 && result.required) {
      say(fmt::format("rule {} broken {} {}", result.rule, result.broken, result.broken == 1 ? "time" : "times"));
    }
  }
  if (!accuracy.detail.empty()) accuracy.verdict = "exceeds";
  if (trial.budget.none) say("no budget in this profile: " + trial.budget.source);
  if (trial.refused > 0) say(fmt::format("refused {} batches as unsupported", trial.refused));
  if (accuracy.count == 0) accuracy.verdict = "unsupported";
  if (trial.failed()) {
    accuracy.verdict = trial.failure.kind == Outcome::Kind::hung ? "hung" : "crashed";
    accuracy.detail = trial.failure.detail + (accuracy.detail.empty() ? "" : "; before that: " + accuracy.detail);
  }
}

}  // namespace

std::optional<Accuracy> conclude(Trial& trial, const Conclusion& conclusion) {
  if (!trial.tried()) return std::nullopt;
  const auto request = [&](bool finding) {
    return WitnessRequest{conclusion.subject,
                          conclusion.command,
                          trial.contract,
                          trial.budget,
                          conclusion.profile,
                          conclusion.case_file(),
                          finding && conclusion.may_reduce()};
  };
  Witness worst;
  if (trial.results.worst().batch != nullptr) {
    Sighting sighting = trial.results.worst();
    worst = error_witness(request(plain(trial.budget) && trial.results.exceeds_budget()), sighting);
    trial.results.replace_worst(sighting);
  }
  Witness beyond_budget;
  if (!plain(trial.budget) && trial.results.exceeds_budget()) {
    // The largest error in ulps may well be within such a budget.
    Sighting sighting = trial.results.most_of_budget();
    beyond_budget = budget_witness(request(true), sighting);
    trial.results.replace_most_of_budget(sighting);
  }
  Accuracy accuracy = trial.results.accuracy();
  accuracy.worst = std::move(worst);
  accuracy.budget_worst = std::move(beyond_budget);
  accuracy.inputs = inputs_of(trial, conclusion.seed);
  accuracy.note = conclusion.subject.note(trial.contract);
  accuracy.evidence = trial.covered ? "proved" : "observed";
  if (!trial.sweeps.empty()) {
    const SweepPlan plan(trial.contract);
    for (std::size_t i = 0; i < trial.sweeps.size(); ++i) {
      if (trial.sweeps[i].complete) {
        accuracy.sweeps.push_back(sweep_of(trial.contract, trial.sweeps[i], plan.inputs(i)));
      }
    }
  }
  for (RuleResult& result : accuracy.rules) {
    if (result.broken == 0) continue;
    const auto row =
        std::find_if(rules().begin(), rules().end(), [&](const RuleTraits& rule) { return rule.name == result.rule; });
    const auto index = static_cast<std::size_t>(row - rules().begin());
    result.worst = rule_witness(request(true), index, trial.results.worst(index));
  }
  if (trial.failed_on != nullptr) {
    // Its inputs take the place of the largest error's: they are what has to be looked at first.
    accuracy.worst = failure_witness(request(true), *trial.failed_on, trial.failure);
  }
  give_verdict(trial, accuracy);
  return accuracy;
}

}  // namespace lossaudit
