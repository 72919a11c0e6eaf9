#include "audit/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "audit/hunt/origin.hpp"
#include "audit/machine.hpp"
#include "audit/sweep_trial.hpp"
#include "audit/text.hpp"
#include "reference/bulk.hpp"

namespace lossaudit {
namespace {

/// The exact results of binary64 cost five times as long as those of the shorter formats, which binary64 itself mostly
/// decides.
constexpr double f64_share = 0.35;
/// Of a generator's inputs, what a search has to try: two of them are as much as half a generator.
constexpr std::size_t search_part = 4;
/// Where the bulk oracle does not serve, a search has less to try: hunted inputs are those that the filters do not decide.
constexpr std::size_t cost_of_intervals = 8;
/// A search of fewer outputs sees nothing.
constexpr std::size_t smallest_search = 512;
/// With --time, the first round is a quick one over everything; further rounds take what time there is.
constexpr double first_round_share = 0.1;

}  // namespace

Schedule::Schedule(const AuditRequest& request) : request_(request), contracts_(plan(request.filter)) {
  for (const PlannedContract& planned : contracts_) {
    supports_.emplace_back();
    for (const AuditedSubject& audited : request_.subjects) {
      supports_.back().push_back(audited.subject->supports(planned.contract));
    }
  }
  for (std::size_t p = 0; p < contracts_.size(); ++p) {
    sweeps_.push_back(is_swept(p) ? SweepPlan(contracts_[p].contract) : SweepPlan());
  }
  due_.resize(contracts_.size(), !request_.shard);
  if (!request_.shard) return;
  for (const Task& task : tasks_of_round(0)) due_[task.planned] = true;
}

/// Does any subject declare it?
bool Schedule::is_tried(std::size_t planned) const {
  return std::ranges::any_of(supports_[planned], [](bool supported) { return supported; });
}

bool Schedule::is_swept(std::size_t planned) const {
  const Contract& contract = contracts_[planned].contract;
  const bool has_target = traits(contract.function).target != TargetKind::none;
  const bool is_of_logits =
      contract.dialect == Dialect::exact && contract.format == Format::f32 && contract.options.from_logits;
  if (!request_.exhaustive || (request_.quick_sweeps && has_target && !is_of_logits)) return false;
  for (std::size_t s = 0; s < request_.subjects.size(); ++s) {
    if (request_.subjects[s].swept && supports_[planned][s]) return true;
  }
  return false;
}

std::vector<Task> Schedule::tasks_of_round(std::uint64_t round) const {
  std::vector<std::pair<std::size_t, Task>> ranked;
  for (std::size_t p = 0; p < contracts_.size(); ++p) {
    std::size_t rank = 0;
    for (std::size_t g = 0; g < generators().size() && !request_.hunt.only; ++g) {
      const bool due = round == 0 || generators()[g].random;
      if (due && generators()[g].applies(contracts_[p].contract)) ranked.push_back({rank++, {p, g, round, 0, {}, {}}});
    }
    for (std::uint64_t i = 0; i < request_.hunt.searches && is_hunted(contracts_[p].contract); ++i) {
      ranked.push_back({rank++, {p, 0, round, 0, {}, round * request_.hunt.searches + i}});
    }
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Task> tasks;
  std::uint64_t place = 0;
  // The same whether a subject has failed meanwhile or not: an audit that goes on counts its tasks, and so do others
  // that do other parts.
  const auto add = [&](Task task) {
    task.place = place++;
    if (!request_.shard || request_.shard->owns(task.place)) tasks.push_back(task);
  };
  for (const auto& [rank, task] : ranked) {
    if (is_tried(task.planned)) add(task);
  }
  for (std::size_t p = 0; p < sweeps_.size() && round == 0; ++p) {
    for (std::uint64_t b = 0; b < sweeps_[p].blocks(); b += blocks_at_once) add({p, 0, round, 0, b, {}});
  }
  return tasks;
}

/// What can be tried in full, or nearly, is no prey; the gradient of a reduction is that of its terms, weighted, and
/// its exact results take longest of all.
bool Schedule::is_hunted(const Contract& contract) const {
  if (request_.hunt.only) return true;
  if (contract.options.reduction != Reduction::none) return contract.pass == Pass::forward;
  return traits(contract.function).layout != Layout::elementwise || contract.format == Format::f64;
}

std::size_t Schedule::searched_elements(std::size_t planned) const {
  if (request_.hunt.only) return std::max(smallest_search, elements_of(planned));
  const std::size_t cost = bulk::serves(contracts_[planned].contract) ? 1 : cost_of_intervals;
  return std::max(smallest_search, elements_of(planned) / search_part / cost);
}

/// Outputs that a generator, or a search, tries under a contract.
std::size_t Schedule::elements_of(std::size_t planned) const {
  const auto& [contract, share] = contracts_[planned];
  const double part = share * (contract.format == Format::f64 ? f64_share : 1);
  return static_cast<std::size_t>(static_cast<double>(request_.elements) * part);
}

std::vector<Batch> Schedule::batches_of(const Task& task) const {
  const Contract& contract = contracts_[task.planned].contract;
  const double part = request_.time && task.round == 0 ? first_round_share : 1;
  const auto elements = static_cast<std::size_t>(static_cast<double>(elements_of(task.planned)) * part);
  return make_batches(generators()[task.generator], contract, elements, request_.seed, task.round);
}

std::vector<double> Schedule::costs_of(const std::vector<Task>& tasks) const {
  std::vector<double> costs = {0};
  for (const Task& task : tasks) {
    const double part = !task.hunted ? 1 : request_.hunt.only ? 4 : 1.0 / search_part;
    const auto elements = static_cast<double>(request_.elements) * contracts_[task.planned].share * part;
    const auto subjects = static_cast<double>(request_.subjects.size());
    const double swept = task.swept ? static_cast<double>(sweeps_[task.planned].block(*task.swept).count) : 0;
    costs.push_back(costs.back() + (task.swept ? blocks_at_once * swept * subjects : 300 * elements));
  }
  return costs;
}

std::map<std::string, std::string> Schedule::signature() const {
  std::map<std::string, std::string> request = {
      {"version of lossaudit", tool_version() + " " + tool_revision()},
      {"seed", std::to_string(request_.seed)},
      {"profile", std::string(request_.profile->name)},
      {"--time", request_.time ? std::to_string(request_.time->count()) : "none"},
      {"set of sweeps", swept_names()},
      {"number of inputs", std::to_string(request_.elements)},
      {"kind of run", request_.hunt.only ? "hunt" : "audit"},
      {"number of searches", std::to_string(request_.hunt.searches)},
      {"--compare-random", request_.hunt.compare_random ? "yes" : "no"},
      {"corpus", request_.hunt.corpus.digest()}};
  for (const AuditedSubject& audited : request_.subjects) {
    request["set of subjects"] += audited.name + "\n";
    request["version of a subject"] += audited.subject->version() + "\n";
  }
  std::string contracts;
  for (const PlannedContract& planned : contracts_) contracts += to_string(planned.contract) + "\n";
  request["set of contracts"] = fmt::format("{:016x}", text_hash(contracts));
  return request;
}

std::string Schedule::swept_names() const {
  std::string names = request_.exhaustive ? "" : "none";
  for (const AuditedSubject& audited : request_.subjects) {
    if (request_.exhaustive && audited.swept) names += audited.name + "\n";
  }
  if (request_.quick_sweeps) names += "quick ones";
  return names;
}

std::shared_ptr<const Batch> Schedule::batch_of(const Contract& contract, const std::string& origin) const {
  if (origin.starts_with(sweep_generator)) return swept_batch(contract, origin);
  if (origin.starts_with(hunt_origin)) return hunted_batch(contract, origin);
  const auto planned = std::ranges::find(contracts_, contract, &PlannedContract::contract);
  const std::string name = origin.substr(0, origin.find('/'));
  const auto generator = std::ranges::find(generators(), name, &Generator::name);
  std::uint64_t round = 0;
  if (planned == contracts_.end() || generator == generators().end() || !generator->applies(contract) ||
      origin.size() <= name.size() ||
      std::from_chars(origin.data() + name.size() + 1, origin.data() + origin.size(), round).ec != std::errc()) {
    return nullptr;
  }
  const Task task{static_cast<std::size_t>(planned - contracts_.begin()),
                  static_cast<std::size_t>(generator - generators().begin()),
                  round,
                  0,
                  {},
                  {}};
  for (Batch& batch : batches_of(task)) {
    if (batch.origin == origin) return std::make_shared<const Batch>(std::move(batch));
  }
  return nullptr;
}

}  // namespace lossaudit
