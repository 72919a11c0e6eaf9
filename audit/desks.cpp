#include "audit/desks.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <utility>

namespace lossaudit {

using Clock = std::chrono::steady_clock;

Desks::Desks(const AuditRequest& request, const Schedule& schedule, Trials& trials)
    : request_(request),
      schedule_(schedule),
      trials_(trials),
      domains_(schedule.contracts().size()),
      hung_under_(request.subjects.size()) {
  for (auto& contract : hung_under_) contract = schedule.contracts().size();
}

std::unique_ptr<SweepDesk> Desks::free_desk() {
  const std::lock_guard lock(mutex_);
  if (desks_.empty()) return std::make_unique<SweepDesk>();
  std::unique_ptr<SweepDesk> desk = std::move(desks_.back());
  desks_.pop_back();
  return desk;
}

void Desks::give_back(std::unique_ptr<SweepDesk> desk) {
  const std::lock_guard lock(mutex_);
  desks_.push_back(std::move(desk));
}

std::vector<SweepOrder> Desks::orders(const Task& task) {
  const SweepPlan& plan = schedule_.sweeps(task.planned);
  std::vector<SweepOrder> orders;
  for (std::uint64_t b = *task.swept; b < std::min<std::uint64_t>(*task.swept + blocks_at_once, plan.blocks()); ++b) {
    const SweepBlock block = plan.block(b);
    orders.push_back({block, &domains_[task.planned].of(contract_of(task), block.target), {}});
    for (std::size_t s = 0; s < request_.subjects.size(); ++s) orders.back().known.push_back(known(task, block, s));
  }
  return orders;
}

std::optional<SweepKnown> Desks::known(const Task& task, const SweepBlock& block, std::size_t subject) const {
  const Trial* const trial = trials_.asked(task.planned, subject);
  if (trial == nullptr || !request_.subjects[subject].swept) return std::nullopt;
  return SweepKnown{trial->sweeps.empty() ? 0 : trial->sweeps[block.sweep].max_ulp, trial->results.only_rounded()};
}

SweptBlocks Desks::work(const Task& task, const std::vector<SweepOrder>& orders) {
  SweptBlocks swept;
  std::unique_ptr<SweepDesk> desk = free_desk();
  for (const SweepOrder& order : orders) {
    desk->lay_out(contract_of(task), order.block);
    std::vector<SweepFindings>& findings = swept.emplace_back(order.known.size());
    for (std::size_t s = 0; s < order.known.size(); ++s) {
      // Each hang costs the whole time limit: what was ordered meanwhile does not wait for further ones.
      if (!order.known[s] || hung_under_[s] == task.planned) continue;
      const Clock::time_point asked = Clock::now();
      findings[s] = desk->ask(*request_.subjects[s].subject, contract_of(task), *order.domain, *order.known[s]);
      findings[s].seconds = std::chrono::duration<double>(Clock::now() - asked).count();
      if (findings[s].outcome.kind == Outcome::Kind::hung) hung_under_[s] = task.planned;
    }
  }
  give_back(std::move(desk));
  return swept;
}

void Desks::add(const Task& task, const SweptBlocks& swept) {
  for (std::size_t b = 0; b < swept.size(); ++b) {
    const SweepBlock block = schedule_.sweeps(task.planned).block(*task.swept + b);
    for (std::size_t s = 0; s < request_.subjects.size(); ++s) {
      Trial* const trial = trials_.ask(task.planned, s);
      if (trial != nullptr) add_block(task, block, swept[b][s], s, *trial);
    }
  }
}

void Desks::add_block(const Task& task, const SweepBlock& block, const SweepFindings& findings, std::size_t subject,
                      Trial& trial) {
  if (!findings.was_asked) return;
  const Contract& contract = contract_of(task);
  const SweepPlan& plan = schedule_.sweeps(task.planned);
  trial.sweeps.resize(plan.sweeps());
  SweepState& state = trial.sweeps[block.sweep];
  if (findings.outcome.kind == Outcome::Kind::computed) {
    add_findings(contract, block, findings, trial.results, state);
  } else {
    trials_.note_failure(findings.outcome, subject, trial,
                         [&] { return swept_batch(contract, origin_of(contract, block)); });
  }
  state.complete = state.results == plan.results_each();
  trial.covered = trial.covered || (plan.covers() && state.complete);
}

void Desks::add_seconds(const Task& task, const SweptBlocks& swept, double seconds) {
  const std::size_t sweep = schedule_.sweeps(task.planned).block(*task.swept).sweep;
  std::vector<double> kept(request_.subjects.size());
  for (const std::vector<SweepFindings>& block : swept) {
    for (std::size_t s = 0; s < kept.size(); ++s) kept[s] += block[s].seconds;
  }
  const double all = std::reduce(kept.begin(), kept.end());
  for (std::size_t s = 0; s < kept.size() && all > 0; ++s) {
    Trial* const trial = trials_.at(task.planned, s);
    if (trial != nullptr && !trial->sweeps.empty()) trial->sweeps[sweep].seconds += seconds * kept[s] / all;
  }
}

}  // namespace lossaudit
