// The workers' part in an audit's generators and hunts: each task is put to the subjects on trials of its own, which are
// added to those of the audit in the order of the tasks. So the record is the same on any number of threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "audit/audit_clock.hpp"
#include "audit/auditor.hpp"
#include "audit/schedule.hpp"
#include "audit/trials.hpp"

namespace lossaudit {

/// What one subject showed in one task.
struct TaskTrial {
  std::unique_ptr<Trial> trial;  ///< null: not asked
  std::size_t hangs = 0;
  bool given_up = false;  ///< it hung under too many contracts meanwhile
};

struct TaskTrials {
  std::vector<TaskTrial> of_subject;
  bool complete = true;  ///< false: a hunt was stopped before its end
  AuditClock::Seconds took{};
};

class TaskWork {
 public:
  /// All must outlive this; `stop` ends a hunt, and is asked by many threads.
  TaskWork(const AuditRequest& request, const Schedule& schedule, const Trials& trials, std::function<bool()> stop);

  /// Whom to ask, by subject. For the thread that has the trials.
  [[nodiscard]] std::vector<bool> asked(const Task& task) const;

  /// Puts the task's inputs to the subjects, or hunts them. For workers, many at a time.
  [[nodiscard]] TaskTrials work(const Task& task, const std::vector<bool>& asked);

 private:
  void generate(const Task& task, TaskTrials& found);
  void hunt(const Task& task, TaskTrials& found);
  /// A hang costs the whole time limit of a call: tasks that were given meanwhile do not wait for further ones.
  [[nodiscard]] bool is_hopeless(const Task& task, std::size_t subject, TaskTrial& trial) const;
  void note(const Task& task, std::size_t subject, TaskTrial& trial, const Outcome& outcome,
            const std::shared_ptr<const Batch>& batch);
  [[nodiscard]] const Contract& contract_of(const Task& task) const {
    return schedule_.contracts()[task.planned].contract;
  }
  [[nodiscard]] std::size_t slot(const Task& task, std::size_t subject) const {
    return task.planned * request_.subjects.size() + subject;
  }

  const AuditRequest& request_;
  const Schedule& schedule_;
  const Trials& trials_;
  std::function<bool()> stop_;
  std::vector<std::atomic<std::uint64_t>> hung_at_;   ///< the first task in which it hung, by contract and subject
  std::vector<std::atomic<std::size_t>> hung_under_;  ///< how many contracts, by subject
};

}  // namespace lossaudit
