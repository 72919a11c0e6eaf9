#include "audit/trial_merge.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

#include "audit/origin.hpp"

namespace lossaudit {
namespace {

void add_sweeps(Trial& mine, const Trial& more) {
  if (more.sweeps.empty()) return;
  const SweepPlan plan(mine.contract);
  mine.sweeps.resize(plan.sweeps());
  for (std::size_t i = 0; i < mine.sweeps.size(); ++i) {
    mine.sweeps[i].add(more.sweeps[i], plan.results_each());
    mine.covered = mine.covered || (plan.covers() && mine.sweeps[i].complete);
  }
}

/// Is the first failure now the other's?
bool add_failure(Trial& mine, const Trial& more) {
  if (!more.failed()) return false;
  const auto key = [&](const Trial& trial) {
    return std::tuple(!trial.failed(), trial.failed_on == nullptr, place_of(mine.contract, {trial.failed_on, 0, 0, 0}),
                      trial.failure.detail);
  };
  if (key(mine) <= key(more)) return false;
  mine.failure = more.failure;
  mine.failed_on = more.failed_on;
  return true;
}

/// Of two sightings, does `other` show more, or the same at a lower place?
bool shows_more(const Contract& contract, const Sighting& mine, const Sighting& other) {
  if (other.batch == nullptr || mine.batch == nullptr) return other.batch != nullptr;
  if (other.size != mine.size) return other.size > mine.size;
  return place_of(contract, other) < place_of(contract, mine);
}

void add_hunt(Trial& mine, const Trial& more, Merged& merged) {
  const Contract& contract = mine.contract;
  HuntState& hunt = mine.hunt;
  const HuntState& other = more.hunt;
  hunt.searches += other.searches;
  hunt.cases += other.cases;
  hunt.results += other.results;
  hunt.microseconds += other.microseconds;
  hunt.lost_results += other.lost_results;
  hunt.random_cases += other.random_cases;
  hunt.random_ulp = std::max(hunt.random_ulp, other.random_ulp);
  hunt.random_kept_ulp = std::max(hunt.random_kept_ulp, other.random_kept_ulp);
  merged.hunted = shows_more(contract, hunt.worst, other.worst);
  if (merged.hunted) hunt.worst = other.worst;
  const bool fewer = other.lost.batch != nullptr && hunt.lost.batch != nullptr && other.lost_inputs != hunt.lost_inputs;
  merged.lost = fewer ? other.lost_inputs < hunt.lost_inputs : shows_more(contract, hunt.lost, other.lost);
  if (merged.lost) {
    hunt.lost = other.lost;
    hunt.lost_inputs = other.lost_inputs;
  }
}

}  // namespace

Merged add(Trial& mine, const Trial& more) {
  Merged merged;
  std::vector<const Sighting*> others;
  Accumulator::each_sighting(more.results, [&](const Sighting& sighting) { others.push_back(&sighting); });
  std::size_t slot = 0;
  Accumulator::each_sighting(mine.results, [&](Sighting& sighting) {
    const std::size_t at = slot++;
    merged.sightings[at] = shows_more(mine.contract, sighting, *others[at]);
    if (merged.sightings[at]) sighting = *others[at];
  });
  merged.failure = add_failure(mine, more);
  add_hunt(mine, more, merged);
  mine.results.add_counts(more.results);
  std::vector<std::size_t>& seen = mine.generators;
  seen.insert(seen.end(), more.generators.begin(), more.generators.end());
  std::ranges::sort(seen);
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  mine.covered = mine.covered || more.covered;
  add_sweeps(mine, more);
  mine.refused += more.refused;
  mine.crashes += more.crashes;
  mine.stopped = mine.stopped || more.stopped;
  return merged;
}

}  // namespace lossaudit
