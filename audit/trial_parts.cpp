#include "audit/trial_parts.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>
#include <vector>

#include "audit/inputs.hpp"
#include "audit/json_fields.hpp"
#include "audit/origin.hpp"
#include "audit/profile.hpp"
#include "audit/sweep.hpp"
#include "audit/text.hpp"
#include "audit/trial_fields.hpp"

namespace lossaudit {

using nlohmann::json;

// ---- as JSON

// Outside the unnamed namespace, where json_fields.hpp would not find them.
template <class Io>
void fields(Io& io, MaybeConst<Exhibit> auto& x) {
  io.field("witness", x.witness);
  io.field("size", x.size);
}

template <class Io>
void fields(Io& io, MaybeConst<TrialPart> auto& x) {
  io.field("trial", x.trial);
  io.field("sightings", x.exhibits.sightings);
  io.field("hunted", x.exhibits.hunted);
  io.field("lost", x.exhibits.lost);
  io.field("failure", x.exhibits.failure);
  io.field("note", x.exhibits.note);
}

json to_json(const TrialParts& parts) {
  json object = json::object();
  for (const auto& [subject, contracts] : parts) {
    JsonWriter writer(object[subject]);
    for (const auto& [contract, part] : contracts) writer.field(contract.c_str(), part);
  }
  return object;
}

TrialParts parts_of(const RunRecord& record, const std::string& where,
                    const std::function<bool(const std::string& contract)>& is_planned) {
  const std::string what = "a run record";
  const std::string place = "shards.trials";
  static const json nothing = json::object();
  const JsonReader all(record.shards.trials == nullptr ? nothing : *record.shards.trials, where, what, place);
  TrialParts parts;
  const Profile& profile = profile_named(record.profile);
  for (const auto& [subject, contracts] : all.json_object().items()) {
    const bool known = std::ranges::find(record.subjects, subject, &SubjectInfo::name) != record.subjects.end();
    if (!known) all.refuse(place, "a subject of the record's", subject);
    const JsonReader of_subject(contracts, where, what, place + "." + printable(subject, 40));
    for (const auto& [text, each] : contracts.items()) {
      if (!is_planned(text)) of_subject.refuse(of_subject.path_to(printable(text, 80)), "a contract", text);
      const Contract contract = parse_contract(text);
      TrialPart part{{contract, budget(profile, contract)}, {}};
      of_subject.field(text.c_str(), part);
      const std::size_t swept = part.trial.sweeps.size();
      const auto fits = [&contract](const SweepState& sweep) {
        return sweep.binades.empty() || sweep.binades.size() == binade_count(contract.format);
      };
      const bool sound = std::ranges::all_of(part.trial.sweeps, fits) &&
                         std::ranges::all_of(part.trial.generators, [](auto g) { return g < generators().size(); }) &&
                         (swept == 0 || swept == SweepPlan(contract).sweeps());
      if (!sound) of_subject.refuse(of_subject.path_to(text), "what this version tries", each);
      parts[subject].emplace(text, std::move(part));
    }
  }
  return parts;
}

// ---- merging

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

void add_failure(TrialPart& mine, const TrialPart& more) {
  if (!more.trial.failed()) return;
  const Contract& contract = mine.trial.contract;
  const auto key = [&](const Trial& trial) {
    return std::tuple(!trial.failed(), trial.failed_on == nullptr, place_of(contract, {trial.failed_on, 0, 0, 0}),
                      trial.failure.detail);
  };
  if (key(mine.trial) <= key(more.trial)) return;
  mine.trial.failure = more.trial.failure;
  mine.trial.failed_on = more.trial.failed_on;
  mine.exhibits.failure = more.exhibits.failure;
}

/// Of two sightings, does `other` show more, or the same at a lower place?
bool shows_more(const Contract& contract, const Sighting& mine, const Sighting& other) {
  if (other.batch == nullptr || mine.batch == nullptr) return other.batch != nullptr;
  if (other.size != mine.size) return other.size > mine.size;
  return place_of(contract, other) < place_of(contract, mine);
}

void add_hunt(TrialPart& mine, const TrialPart& more) {
  const Contract& contract = mine.trial.contract;
  HuntState& hunt = mine.trial.hunt;
  const HuntState& other = more.trial.hunt;
  hunt.searches += other.searches;
  hunt.cases += other.cases;
  hunt.results += other.results;
  hunt.microseconds += other.microseconds;
  hunt.lost_results += other.lost_results;
  hunt.random_cases += other.random_cases;
  hunt.random_ulp = std::max(hunt.random_ulp, other.random_ulp);
  hunt.random_kept_ulp = std::max(hunt.random_kept_ulp, other.random_kept_ulp);
  if (shows_more(contract, hunt.worst, other.worst)) {
    hunt.worst = other.worst;
    mine.exhibits.hunted = more.exhibits.hunted;
  }
  const bool fewer = other.lost.batch != nullptr && hunt.lost.batch != nullptr && other.lost_inputs != hunt.lost_inputs;
  if (fewer ? other.lost_inputs < hunt.lost_inputs : shows_more(contract, hunt.lost, other.lost)) {
    hunt.lost = other.lost;
    hunt.lost_inputs = other.lost_inputs;
    mine.exhibits.lost = more.exhibits.lost;
  }
}

void add_part(TrialPart& mine, const TrialPart& more) {
  const Contract& contract = mine.trial.contract;
  std::vector<const Sighting*> others;
  Accumulator::each_sighting(more.trial.results, [&](const Sighting& sighting) { others.push_back(&sighting); });
  std::size_t slot = 0;
  Accumulator::each_sighting(mine.trial.results, [&](Sighting& sighting) {
    const std::size_t at = slot++;
    const Sighting& other = *others[at];
    if (!shows_more(contract, sighting, other)) return;
    sighting = other;
    mine.exhibits.sightings[at] = more.exhibits.sightings[at];
  });
  add_failure(mine, more);
  add_hunt(mine, more);
  mine.trial.results.add_counts(more.trial.results);
  std::vector<std::size_t>& seen = mine.trial.generators;
  seen.insert(seen.end(), more.trial.generators.begin(), more.trial.generators.end());
  std::ranges::sort(seen);
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  mine.trial.covered = mine.trial.covered || more.trial.covered;
  add_sweeps(mine.trial, more.trial);
  mine.trial.refused += more.trial.refused;
  mine.trial.crashes += more.trial.crashes;
  mine.trial.stopped = mine.trial.stopped || more.trial.stopped;
  mine.exhibits.note = std::min(mine.exhibits.note, more.exhibits.note);
}

}  // namespace

void add(TrialParts& mine, const TrialParts& more) {
  for (const auto& [subject, contracts] : more) {
    for (const auto& [contract, part] : contracts) {
      const auto [found, is_new] = mine[subject].try_emplace(contract, part);
      if (!is_new) add_part(found->second, part);
    }
  }
}

}  // namespace lossaudit
