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
  if (trial.hunt.cases > 0) text += (text.empty() ? "" : ", ") + std::string("hunt");
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
  if (accuracy.count == 0 && trial.hunt.cases == 0) accuracy.verdict = "unsupported";
  if (trial.failed()) {
    accuracy.verdict = trial.failure.kind == Outcome::Kind::hung ? "hung" : "crashed";
    accuracy.detail = trial.failure.detail + (accuracy.detail.empty() ? "" : "; before that: " + accuracy.detail);
  }
}

}  // namespace

namespace {

/// Of the largest error that a hunt found, what a smaller case must show to stand for it.
constexpr double share_to_show = 0.5;
/// A hunt's witness is what it is for: ten times the usual search for a smaller one.
constexpr ShrinkLimits hunted_limits = {.calls = 2000, .elements = 200000};

void exhibit_hunt(const HuntState& hunt, const Conclusion& conclusion, WitnessRequest request, Exhibits& exhibits) {
  const auto found = [&](const Sighting& sighting) {
    if (conclusion.found) conclusion.found(request.contract, *sighting.batch);
  };
  request.limits = hunted_limits;
  const bool may_reduce = request.reduce;
  if (hunt.worst.batch != nullptr) {
    found(hunt.worst);
    Sighting sighting = hunt.worst;
    request.reduce =
        may_reduce && (conclusion.hunting || (plain(request.budget) && sighting.size > request.budget.ulp));
    exhibits.hunted.witness = hunted_witness(request, sighting, share_to_show);
    exhibits.hunted.size = sighting.size;
    found(sighting);
  }
  if (hunt.lost.batch != nullptr) {
    Sighting sighting = hunt.lost;
    request.reduce = may_reduce;
    exhibits.lost.witness = lost_witness(request, sighting);
    exhibits.lost.size = sighting.size;
    found(sighting);
  }
}

HuntResult hunt_result(const HuntState& hunt, const Exhibits& exhibits, std::uint64_t seed) {
  return {hunt.searches,
          hunt.cases,
          hunt.results,
          static_cast<double>(hunt.microseconds) * 1e-6,
          seed,
          hunt.worst.size,
          exhibits.hunted.size,
          exhibits.hunted.witness,
          hunt.lost_results,
          exhibits.lost.witness,
          hunt.random_cases,
          hunt.random_ulp,
          hunt.random_kept_ulp};
}

/// What complete sweeps found, and whether the same inputs came out worse elsewhere.
void add_sweeps(const Trial& trial, Accuracy& accuracy) {
  if (trial.sweeps.empty()) return;
  // A sweep knows its largest error to 2^-20.
  constexpr double slack = 1 + 0x1p-16;
  const SweepPlan plan(trial.contract);
  for (std::size_t i = 0; i < trial.sweeps.size(); ++i) {
    if (!trial.sweeps[i].complete) continue;
    Sweep sweep = sweep_of(trial.contract, trial.sweeps[i], plan.inputs(i));
    if (plan.covers() && !has_upstream(trial.contract) && accuracy.max_ulp > sweep.max_ulp * slack) {
      sweep.beside_ulp = accuracy.max_ulp;
    }
    accuracy.sweeps.push_back(std::move(sweep));
  }
}

}  // namespace

Exhibits exhibits_of(const Trial& trial, const Conclusion& conclusion) {
  const auto request = [&](bool finding) {
    return WitnessRequest{conclusion.subject,
                          conclusion.command,
                          trial.contract,
                          trial.budget,
                          conclusion.profile,
                          conclusion.case_directory,
                          finding && conclusion.may_reduce()};
  };
  Exhibits exhibits;
  std::size_t slot = 0;
  Accumulator::each_sighting(trial.results, [&](const Sighting& seen) {
    const std::size_t at = slot++;
    Exhibit& exhibit = exhibits.sightings[at];
    exhibit.size = seen.size;
    if (seen.batch == nullptr) return;
    Sighting sighting = seen;
    if (at == 0) {
      exhibit.witness = error_witness(request(plain(trial.budget) && trial.results.exceeds_budget()), sighting);
    } else if (at == 1) {
      // The largest error in ulps may well be within such a budget.
      if (plain(trial.budget) || !trial.results.exceeds_budget()) return;
      exhibit.witness = budget_witness(request(true), sighting);
    } else {
      exhibit.witness = rule_witness(request(true), at - 2, sighting);
    }
    exhibit.size = sighting.size;
  });
  if (trial.failed_on != nullptr) exhibits.failure = failure_witness(request(true), *trial.failed_on, trial.failure);
  exhibit_hunt(trial.hunt, conclusion, request(true), exhibits);
  exhibits.note = conclusion.subject.note(trial.contract);
  return exhibits;
}

Accuracy accuracy_of(const Trial& trial, const Exhibits& exhibits, std::uint64_t seed) {
  Trial shown = trial;
  shown.results.show(exhibits.sightings[0].size, exhibits.sightings[1].size);
  Accuracy accuracy = shown.results.accuracy();
  accuracy.worst = exhibits.sightings[0].witness;
  accuracy.budget_worst = exhibits.sightings[1].witness;
  accuracy.inputs = inputs_of(trial, seed);
  accuracy.note = exhibits.note;
  add_sweeps(trial, accuracy);
  const bool depends = std::ranges::any_of(accuracy.sweeps, [](const Sweep& sweep) { return sweep.beside_ulp > 0; });
  // Not every incoming gradient was tried.
  accuracy.evidence = trial.covered && !has_upstream(trial.contract) && !depends ? "proved" : "observed";
  if (trial.hunt.cases > 0) accuracy.hunt = hunt_result(trial.hunt, exhibits, seed);
  for (RuleResult& result : accuracy.rules) {
    const auto row =
        std::find_if(rules().begin(), rules().end(), [&](const RuleTraits& rule) { return rule.name == result.rule; });
    if (result.broken > 0)
      result.worst = exhibits.sightings[2 + static_cast<std::size_t>(row - rules().begin())].witness;
  }
  // Its inputs take the place of the largest error's: they are what has to be looked at first.
  if (trial.failed_on != nullptr) accuracy.worst = exhibits.failure;
  give_verdict(shown, accuracy);
  return accuracy;
}

std::optional<Accuracy> conclude(const Trial& trial, const Conclusion& conclusion) {
  if (!trial.tried()) return std::nullopt;
  return accuracy_of(trial, exhibits_of(trial, conclusion), conclusion.seed);
}

}  // namespace lossaudit
