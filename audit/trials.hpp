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

class Trials {
 public:
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

  /// Counts a call that gave no results; `batch` makes what it was asked.
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
