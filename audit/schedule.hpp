// What an audit does: which contracts each subject meets, and every task of it in the order in which they are done. It depends
// on the request alone, so that an audit can go on from where it stopped, and others can do parts of it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/auditor.hpp"
#include "audit/inputs.hpp"
#include "audit/plan.hpp"
#include "audit/sweep.hpp"

namespace lossaudit {

/// One generator's inputs for one contract, in one round.
struct Task {
  std::size_t planned;
  std::size_t generator;
  std::uint64_t round;
  std::uint64_t place = 0;  ///< among the tasks of the round
  std::optional<std::uint64_t>
      swept;  ///< blocks_at_once of the contract's sweeps, from this one on, instead of a generator
  std::optional<std::uint64_t> hunted;  ///< a search of the contract's hunt instead
};

/// Blocks in a task: enough for a thread to be woken seldom, few enough for several to be stopped soon.
constexpr std::uint64_t blocks_at_once = 4;

class Schedule {
 public:
  explicit Schedule(const AuditRequest& request);

  [[nodiscard]] const std::vector<PlannedContract>& contracts() const { return contracts_; }
  [[nodiscard]] bool supports(std::size_t planned, std::size_t subject) const { return supports_[planned][subject]; }

  /// Of a contract; empty where nothing is swept.
  [[nodiscard]] const SweepPlan& sweeps(std::size_t planned) const { return sweeps_[planned]; }

  /// The tasks of this shard. Every contract meets its first generator before any meets its second, so that an audit cut
  /// short has tried them all; what is not random is tried once.
  [[nodiscard]] std::vector<Task> tasks_of_round(std::uint64_t round) const;

  /// Is something of the contract this shard's?
  [[nodiscard]] bool is_due(std::size_t planned) const { return due_[planned]; }

  /// About how many nanoseconds all tasks before each take, and all.
  [[nodiscard]] std::vector<double> costs_of(const std::vector<Task>& tasks) const;

  /// The inputs of a generator's task.
  [[nodiscard]] std::vector<Batch> batches_of(const Task& task) const;

  /// Outputs of a search of the first size.
  [[nodiscard]] std::size_t searched_elements(std::size_t planned) const;

  /// The batch of this origin, or null.
  [[nodiscard]] std::shared_ptr<const Batch> batch_of(const Contract& contract, const std::string& origin) const;

  /// What must be the same for one audit to go on from another, or to be merged with it, under names that fit "an audit
  /// with another …".
  [[nodiscard]] std::map<std::string, std::string> signature() const;

 private:
  [[nodiscard]] bool is_tried(std::size_t planned) const;
  [[nodiscard]] bool is_swept(std::size_t planned) const;
  [[nodiscard]] bool is_hunted(const Contract& contract) const;
  [[nodiscard]] std::size_t elements_of(std::size_t planned) const;
  [[nodiscard]] std::string swept_names() const;

  const AuditRequest& request_;
  std::vector<PlannedContract> contracts_;
  std::vector<std::vector<bool>> supports_;  ///< [contract][subject]
  std::vector<SweepPlan> sweeps_;            ///< of each contract
  std::vector<bool> due_;                    ///< of each contract
};

}  // namespace lossaudit
