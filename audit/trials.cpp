#include "audit/trials.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "audit/profile.hpp"
#include "audit/trial_merge.hpp"

namespace lossaudit {
namespace {

/// A subject that keeps crashing under a contract is not asked for more of it; one that hung once neither, for each
/// hang costs the whole time limit of a call.
constexpr std::size_t most_crashes = 4;

}  // namespace

bool note_failure(Trial& trial, const Outcome& outcome, const std::function<std::shared_ptr<const Batch>()>& batch) {
  if (outcome.kind == Outcome::Kind::unsupported) {
    ++trial.refused;
    return false;
  }
  if (trial.failed_on == nullptr) {
    trial.failure = outcome;
    trial.failed_on = batch();
  }
  const bool hung = outcome.kind == Outcome::Kind::hung;
  trial.stopped = hung || ++trial.crashes >= most_crashes;
  return hung;
}

Trials::Trials(const AuditRequest& request, const Schedule& schedule)
    : request_(request), schedule_(schedule), hangs_(request.subjects.size()) {
  for (std::size_t p = 0; p < schedule.contracts().size(); ++p) {
    const Contract& contract = schedule.contracts()[p].contract;
    std::vector<std::unique_ptr<Trial>>& row = trials_.emplace_back();
    for (std::size_t s = 0; s < request.subjects.size(); ++s) {
      row.push_back(schedule.supports(p, s) ? std::make_unique<Trial>(contract, budget(*request.profile, contract))
                                            : nullptr);
    }
  }
}

Trial* Trials::asked(std::size_t planned, std::size_t subject) const {
  Trial* const trial = at(planned, subject);
  return trial == nullptr || trial->stopped ? nullptr : trial;
}

Trial* Trials::ask(std::size_t planned, std::size_t subject) {
  Trial* const trial = asked(planned, subject);
  if (trial == nullptr || hangs_[subject] < most_hangs) return trial;
  give_up(planned, subject);
  return nullptr;
}

void Trials::give_up(std::size_t planned, std::size_t subject) {
  Trial& trial = *at(planned, subject);
  trial.stopped = true;
  if (trial.failed_on == nullptr) {
    trial.failure = {Outcome::Kind::hung, fmt::format("not tried: it hung under {} contracts before", most_hangs)};
  }
}

bool Trials::any_supported() const {
  return std::ranges::any_of(trials_, [](const auto& row) {
    return std::ranges::any_of(row, [](const auto& trial) { return trial != nullptr; });
  });
}

bool Trials::is_live(std::size_t planned) const {
  return std::ranges::any_of(trials_[planned], [](const auto& trial) { return trial != nullptr && !trial->stopped; });
}

bool Trials::any_live() const {
  for (std::size_t p = 0; p < trials_.size(); ++p) {
    if (is_live(p)) return true;
  }
  return false;
}

void Trials::add(std::size_t planned, std::size_t subject, const Trial& other, std::size_t hangs) {
  Trial& mine = *at(planned, subject);
  lossaudit::add(mine, other);
  mine.stopped = mine.stopped || mine.crashes >= most_crashes;
  hangs_[subject] += hangs;
}

void Trials::note_failure(const Outcome& outcome, std::size_t subject, Trial& trial,
                          const std::function<std::shared_ptr<const Batch>()>& batch) {
  hangs_[subject] += lossaudit::note_failure(trial, outcome, batch) ? 1 : 0;
}

std::vector<NamedTrial> Trials::named() const {
  std::vector<NamedTrial> named;
  for (std::size_t p = 0; p < trials_.size(); ++p) {
    for (std::size_t s = 0; s < trials_[p].size(); ++s) {
      if (at(p, s) == nullptr) continue;
      named.push_back({request_.subjects[s].name + ": " + to_string(schedule_.contracts()[p].contract), at(p, s)});
    }
  }
  return named;
}

}  // namespace lossaudit
