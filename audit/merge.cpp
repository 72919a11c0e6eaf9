#include "audit/merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "audit/plan.hpp"
#include "audit/shard.hpp"
#include "audit/text.hpp"
#include "audit/trial_parts.hpp"
#include "audit/verdict.hpp"

namespace lossaudit {
namespace {

using nlohmann::json;

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

RunRecord merge(const std::vector<NamedRecord>& records) {
  check_apart(records);
  const Order order;
  const NamedRecord& first = records.front();
  RunRecord merged = first.record;
  merged.command = common_command(merged.command);
  merged.accuracy.clear();
  merged.speed.clear();
  merged.sweep_speed.clear();
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
    const TrialParts more =
        parts_of(each.record, each.name, [&order](const auto& contract) { return order.knows(contract); });
    for (const Accuracy& accuracy : each.record.accuracy) {
      const auto tried = more.find(accuracy.subject);
      const bool is_tried = tried != more.end() && tried->second.contains(contract_text(accuracy));
      if (!is_tried && accuracy.verdict == "unsupported") untried.push_back(accuracy);
    }
    add(parts, more);
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
