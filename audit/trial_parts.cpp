#include "audit/trial_parts.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "audit/inputs.hpp"
#include "audit/json_fields.hpp"
#include "audit/profile.hpp"
#include "audit/sweep.hpp"
#include "audit/text.hpp"
#include "audit/trial_fields.hpp"
#include "audit/trial_merge.hpp"

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

void add_part(TrialPart& mine, const TrialPart& more) {
  const Merged merged = add(mine.trial, more.trial);
  for (std::size_t i = 0; i < merged.sightings.size(); ++i) {
    if (merged.sightings[i]) mine.exhibits.sightings[i] = more.exhibits.sightings[i];
  }
  if (merged.failure) mine.exhibits.failure = more.exhibits.failure;
  if (merged.hunted) mine.exhibits.hunted = more.exhibits.hunted;
  if (merged.lost) mine.exhibits.lost = more.exhibits.lost;
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
