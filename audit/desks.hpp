// The workers' part in an audit's sweeps: each sits at a desk of its own, puts its blocks to the subjects, and what they
// found goes into the trials.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "audit/auditor.hpp"
#include "audit/schedule.hpp"
#include "audit/sweep_trial.hpp"
#include "audit/trials.hpp"

namespace lossaudit {

/// A block of a sweep for a worker: whom to put it to, and what is known of each.
struct SweepOrder {
  SweepBlock block;
  const SweepDomain* domain = nullptr;
  std::vector<std::optional<SweepKnown>> known;  ///< by subject; nothing: not to be asked
};

/// What a worker found, by block and subject.
using SweptBlocks = std::vector<std::vector<SweepFindings>>;

class Desks {
 public:
  /// All must outlive this.
  Desks(const AuditRequest& request, const Schedule& schedule, Trials& trials);

  /// A task's blocks, with what the results before may change. For the thread that has the trials.
  [[nodiscard]] std::vector<SweepOrder> orders(const Task& task);

  /// Puts them to the subjects; for workers, many at a time. The subjects too compute there, for they cost as much as
  /// the judgement.
  [[nodiscard]] SweptBlocks work(const Task& task, const std::vector<SweepOrder>& orders);

  /// Adds what was found, and the seconds since the task before, in parts as the subjects kept the workers. For the
  /// thread that has the trials, task by task.
  void add(const Task& task, const SweptBlocks& swept);
  void add_seconds(const Task& task, const SweptBlocks& swept, double seconds);

 private:
  [[nodiscard]] std::unique_ptr<SweepDesk> free_desk();
  void give_back(std::unique_ptr<SweepDesk> desk);
  [[nodiscard]] std::optional<SweepKnown> known(const Task& task, const SweepBlock& block, std::size_t subject) const;
  void add_block(const Task& task, const SweepBlock& block, const SweepFindings& findings, std::size_t subject,
                 Trial& trial);
  [[nodiscard]] const Contract& contract_of(const Task& task) const {
    return schedule_.contracts()[task.planned].contract;
  }

  const AuditRequest& request_;
  const Schedule& schedule_;
  Trials& trials_;
  std::vector<SweepDomains> domains_;                 ///< of each contract
  std::vector<std::atomic<std::size_t>> hung_under_;  ///< the contract under which each subject hung last
  std::mutex mutex_;
  std::vector<std::unique_ptr<SweepDesk>> desks_;  ///< those that no worker sits at
};

}  // namespace lossaudit
