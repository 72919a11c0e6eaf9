// All trials of an audit: every subject under every contract, and who is asked no more.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "audit/auditor.hpp"
#include "audit/checkpoint.hpp"
#include "audit/schedule.hpp"
#include "audit/trial.hpp"

namespace lossaudit {

/// Counts a call that gave no results; `batch` makes what it was asked. Did the subject hang?
bool note_failure(Trial& trial, const Outcome& outcome, const std::function<std::shared_ptr<const Batch>()>& batch);

class Trials {
 public:
  /// A subject that hung under this many contracts is not tried under further ones.
  static constexpr std::size_t most_hangs = 3;

  /// None has seen anything. Both must outlive this.
  Trials(const AuditRequest& request, const Schedule& schedule);

  /// A subject under a contract, by their places in the schedule and the request; null: it does not support it.
  [[nodiscard]] Trial* at(std::size_t planned, std::size_t subject) const { return trials_[planned][subject].get(); }
  /// The same, null too when the subject is to be asked no more under the contract.
  [[nodiscard]] Trial* asked(std::size_t planned, std::size_t subject) const;
  /// The same; a subject that hung too often is from now on not asked under contracts that it has not met.
  [[nodiscard]] Trial* ask(std::size_t planned, std::size_t subject);

  [[nodiscard]] bool any_supported() const;
  /// Is anybody still asked under a contract, or under any?
  [[nodiscard]] bool is_live(std::size_t planned) const;
  [[nodiscard]] bool any_live() const;

  /// Adds what a subject that is still asked showed elsewhere, in other inputs, with the calls that hung there.
  void add(std::size_t planned, std::size_t subject, const Trial& other, std::size_t hangs);

  /// The subject is not asked under the contract any more: it hung under too many others.
  void give_up(std::size_t planned, std::size_t subject);

  /// As lossaudit::note_failure().
  void note_failure(const Outcome& outcome, std::size_t subject, Trial& trial,
                    const std::function<std::shared_ptr<const Batch>()>& batch);

  /// Under how many contracts each subject hung.
  [[nodiscard]] const std::vector<std::size_t>& hangs() const { return hangs_; }
  void set_hangs(std::vector<std::size_t> hangs) { hangs_ = std::move(hangs); }

  /// Those that there are, as a checkpoint knows them.
  [[nodiscard]] std::vector<NamedTrial> named() const;

 private:
  const AuditRequest& request_;
  const Schedule& schedule_;
  std::vector<std::vector<std::unique_ptr<Trial>>> trials_;  ///< [contract][subject]
  std::vector<std::size_t> hangs_;
};

}  // namespace lossaudit
