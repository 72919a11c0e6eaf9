#include "audit/merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "audit/inputs.hpp"
#include "audit/json_fields.hpp"
#include "audit/origin.hpp"
#include "audit/plan.hpp"
#include "audit/shard.hpp"
#include "audit/text.hpp"
#include "audit/trial_fields.hpp"
#include "audit/verdict.hpp"

namespace lossaudit {

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

namespace {

using nlohmann::json;

constexpr const char* kind = "a run record";
/// Between what differs from machine to machine.
constexpr std::string_view separator = " | ";

// ---- order

/// Where each contract stands in the order of records, those without options first among their kind.
class Order {
 public:
  Order() {
    const std::vector<PlannedContract> all = plan({{}, {}, {}, {Pass::forward, Pass::gradient}});
    for (std::size_t i = 0; i < all.size(); ++i) {
      place_.emplace(to_string(all[i].contract), i);
      Contract plain = all[i].contract;
      plain.options = {};
      place_.emplace(to_string(plain), i);
    }
  }
  [[nodiscard]] bool knows(const std::string& contract) const { return place_.contains(contract); }
  [[nodiscard]] std::size_t of(const std::string& contract) const {
    const auto found = place_.find(contract);
    return found == place_.end() ? place_.size() : found->second;
  }

 private:
  std::map<std::string, std::size_t> place_;
};

// ---- reading

/// The parts in a record. `where` names it.
TrialParts parts_of(const RunRecord& record, const std::string& where, const Order& order) {
  const std::string what = kind;
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
      if (!order.knows(text)) of_subject.refuse(of_subject.path_to(printable(text, 80)), "a contract", text);
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

// ---- what must be the same

[[noreturn]] void refuse(const NamedRecord& one, const NamedRecord& other, const std::string& difference) {
  throw BadInput(fmt::format("{}: of an audit with another {} than {}: merge the shards of one audit", one.name,
                             difference, other.name));
}

void check_same(const NamedRecord& one, const NamedRecord& other) {
  const RunRecord &a = one.record, &b = other.record;
  if (std::tie(a.tool_version, a.tool_revision) != std::tie(b.tool_version, b.tool_revision)) {
    refuse(one, other, "version of lossaudit");
  }
  if (a.seed != b.seed) refuse(one, other, "seed");
  if (a.profile != b.profile) refuse(one, other, "profile");
  if (a.shards.count != b.shards.count) refuse(one, other, "number of shards");
  if (a.subjects.size() != b.subjects.size()) refuse(one, other, "set of subjects");
  for (std::size_t s = 0; s < a.subjects.size(); ++s) {
    const SubjectInfo &x = a.subjects[s], &y = b.subjects[s];
    if (x.name != y.name || x.gated != y.gated) refuse(one, other, "set of subjects");
    if (x.version != y.version) refuse(one, other, "version of " + printable(x.name, 60));
    if (x.origin != y.origin) refuse(one, other, "file of " + printable(x.name, 60));
  }
  std::set<std::string> names;
  for (const auto* request : {&a.shards.request, &b.shards.request}) {
    for (const auto& [name, value] : *request) names.insert(name);
  }
  for (const std::string& name : names) {
    const auto x = a.shards.request.find(name), y = b.shards.request.find(name);
    if (x == a.shards.request.end() || y == b.shards.request.end() || x->second != y->second) {
      refuse(one, other, printable(name, 60));
    }
  }
}

void check_apart(const std::vector<NamedRecord>& records) {
  std::map<std::uint64_t, const NamedRecord*> holders;
  for (const NamedRecord& each : records) {
    if (each.record.shards.count == 0) {
      throw BadInput(each.name + ": holds no shard but a whole audit: merge what --shard I/N left");
    }
    for (const std::uint64_t shard : each.record.shards.held) {
      const auto [holder, is_new] = holders.emplace(shard, &each);
      if (!is_new) {
        throw BadInput(fmt::format("{}: holds shard {} of {}, as {} does: leave one of the two out", each.name, shard,
                                   each.record.shards.count, holder->second->name));
      }
    }
  }
}

// ---- merging

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

void add(TrialPart& mine, const TrialPart& more) {
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

/// What all machines have, or what each has.
std::string listed(const std::string& one, const std::string& other) {
  std::set<std::string> all;
  for (std::string_view rest : {std::string_view(one), std::string_view(other)}) {
    while (!rest.empty()) {
      const std::size_t end = rest.find(separator);
      all.emplace(rest.substr(0, end));
      rest = end == std::string_view::npos ? "" : rest.substr(end + separator.size());
    }
  }
  return fmt::format("{}", fmt::join(all, separator));
}

/// The words of a command as a shell would part them, quotes kept.
std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words(1);
  bool quoted = false;
  for (const char c : command) {
    if (c == '\'') quoted = !quoted;
    if (c == ' ' && !quoted) {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

/// A shard's command without what is its own.
std::string common_command(const std::string& command) {
  const std::vector<std::string> words = words_of(command);
  std::string common;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--shard" || words[i] == "-o") {
      ++i;
    } else if (words[i] != "--resume" && !words[i].starts_with("--shard=")) {
      common += (common.empty() ? "" : " ") + words[i];
    }
  }
  return common;
}

void add(RunRecord& mine, const RunRecord& more) {
  mine.started = std::min(mine.started, more.started);
  mine.command = std::min(mine.command, common_command(more.command));
  mine.interrupted = mine.interrupted || more.interrupted;
  for (const auto& [name, value] : more.machine) mine.machine[name] = listed(mine.machine[name], value);
  std::vector<std::uint64_t>& held = mine.shards.held;
  held.insert(held.end(), more.shards.held.begin(), more.shards.held.end());
  std::ranges::sort(held);
}

void add(TrialParts& mine, TrialParts&& more) {
  for (auto& [subject, contracts] : more) {
    for (auto& [contract, part] : contracts) {
      const auto [found, is_new] = mine[subject].try_emplace(contract, part);
      if (!is_new) add(found->second, part);
    }
  }
}

/// The contracts of a record in its order: those that were tried, and what is known to be unsupported.
std::vector<Accuracy> accuracies(const RunRecord& record, const TrialParts& parts, const std::vector<Accuracy>& untried,
                                 const Order& order) {
  std::vector<Accuracy> all;
  for (const SubjectInfo& subject : record.subjects) {
    std::map<std::pair<std::size_t, std::string>, Accuracy> of_subject;
    if (const auto tried = parts.find(subject.name); tried != parts.end()) {
      for (const auto& [contract, part] : tried->second) {
        Accuracy accuracy = accuracy_of(part.trial, part.exhibits, record.seed);
        accuracy.subject = subject.name;
        of_subject.emplace(std::pair(order.of(contract), contract), std::move(accuracy));
      }
    }
    for (const Accuracy& accuracy : untried) {
      const std::string contract = contract_text(accuracy);
      if (accuracy.subject == subject.name) of_subject.emplace(std::pair(order.of(contract), contract), accuracy);
    }
    for (auto& [place, accuracy] : of_subject) all.push_back(std::move(accuracy));
  }
  return all;
}

}  // namespace

json to_json(const TrialParts& parts) {
  json object = json::object();
  for (const auto& [subject, contracts] : parts) {
    JsonWriter writer(object[subject]);
    for (const auto& [contract, part] : contracts) writer.field(contract.c_str(), part);
  }
  return object;
}

RunRecord merge(const std::vector<NamedRecord>& records) {
  check_apart(records);
  const Order order;
  const NamedRecord& first = records.front();
  RunRecord merged = first.record;
  merged.command = common_command(merged.command);
  merged.accuracy.clear();
  merged.speed.clear();
  merged.baseline.clear();
  merged.changes.clear();
  merged.no_longer_occurs.clear();
  TrialParts parts;
  std::vector<Accuracy> untried;
  for (const NamedRecord& each : records) {
    if (&each != &first) {
      check_same(each, first);
      add(merged, each.record);
    }
    TrialParts more = parts_of(each.record, each.name, order);
    for (const Accuracy& accuracy : each.record.accuracy) {
      const auto tried = more.find(accuracy.subject);
      const bool is_tried = tried != more.end() && tried->second.contains(contract_text(accuracy));
      if (!is_tried && accuracy.verdict == "unsupported") untried.push_back(accuracy);
    }
    add(parts, std::move(more));
  }
  merged.accuracy = accuracies(merged, parts, untried, order);
  if (merged.shards.held.size() == merged.shards.count) {
    merged.shards = {};
  } else {
    merged.shards.trials = std::make_shared<const json>(to_json(parts));
  }
  return merged;
}

}  // namespace lossaudit
