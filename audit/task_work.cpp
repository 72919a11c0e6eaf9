#include "audit/task_work.hpp"

#include <limits>
#include <utility>

#include "audit/hunt/search.hpp"
#include "audit/inputs.hpp"
#include "audit/profile.hpp"

namespace lossaudit {
namespace {

constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

}  // namespace

TaskWork::TaskWork(const AuditRequest& request, const Schedule& schedule, const Trials& trials,
                   std::function<bool()> stop)
    : request_(request),
      schedule_(schedule),
      trials_(trials),
      stop_(std::move(stop)),
      hung_at_(schedule.contracts().size() * request.subjects.size()),
      hung_under_(request.subjects.size()) {
  for (auto& place : hung_at_) place = never;
  for (std::size_t s = 0; s < hung_under_.size(); ++s) hung_under_[s] = trials.hangs()[s];
}

std::vector<bool> TaskWork::asked(const Task& task) const {
  std::vector<bool> asked;
  for (std::size_t s = 0; s < request_.subjects.size(); ++s) {
    asked.push_back(trials_.asked(task.planned, s) != nullptr);
  }
  return asked;
}

TaskTrials TaskWork::work(const Task& task, const std::vector<bool>& asked) {
  const AuditClock::Clock::time_point start = AuditClock::Clock::now();
  TaskTrials found;
  found.of_subject.resize(asked.size());
  for (std::size_t s = 0; s < asked.size(); ++s) {
    if (!asked[s]) continue;
    found.of_subject[s].trial =
        std::make_unique<Trial>(contract_of(task), budget(*request_.profile, contract_of(task)));
  }
  if (task.hunted) {
    hunt(task, found);
  } else {
    generate(task, found);
  }
  found.took = AuditClock::Clock::now() - start;
  return found;
}

void TaskWork::generate(const Task& task, TaskTrials& found) {
  const Contract& contract = contract_of(task);
  std::vector<std::shared_ptr<const Batch>> batches;
  std::vector<std::vector<Expected>> exact;
  for (Batch& batch : schedule_.batches_of(task)) {
    batches.push_back(std::make_shared<const Batch>(std::move(batch)));
    exact.push_back(expect(contract, *batches.back()));
  }
  std::vector<double> computed;
  for (std::size_t s = 0; s < found.of_subject.size(); ++s) {
    TaskTrial& mine = found.of_subject[s];
    if (mine.trial == nullptr) continue;
    Trial& trial = *mine.trial;
    trial.generators.push_back(task.generator);
    bool gap = false;
    for (std::size_t b = 0; b < batches.size() && !trial.stopped && !is_hopeless(task, s, mine); ++b) {
      computed.resize(exact[b].size());
      const Outcome outcome = request_.subjects[s].subject->compute(contract, *batches[b], computed);
      if (outcome.kind == Outcome::Kind::computed) {
        trial.results.add(batches[b], exact[b], computed);
        continue;
      }
      gap = true;
      note(task, s, mine, outcome, batches[b]);
    }
    trial.covered = generators()[task.generator].covers && !gap;
  }
}

void TaskWork::hunt(const Task& task, TaskTrials& found) {
  const Contract& contract = contract_of(task);
  for (std::size_t s = 0; s < found.of_subject.size(); ++s) {
    TaskTrial& mine = found.of_subject[s];
    if (mine.trial == nullptr || is_hopeless(task, s, mine)) continue;
    Hunt hunt{*request_.subjects[s].subject, contract, mine.trial->results, mine.trial->hunt};
    hunt.in_means = request_.hunt.only;
    hunt.seed = request_.seed;
    hunt.elements = schedule_.searched_elements(task.planned);
    hunt.compare_random = request_.hunt.compare_random;
    hunt.corpus = request_.hunt.corpus.cases(contract);
    hunt.stop = stop_;
    hunt.failed = [&](const Outcome& outcome, const std::shared_ptr<const Batch>& batch) {
      note(task, s, mine, outcome, batch);
    };
    found.complete = search(hunt, *task.hunted) && found.complete;
  }
}

bool TaskWork::is_hopeless(const Task& task, std::size_t subject, TaskTrial& trial) const {
  if (task.place > hung_at_[slot(task, subject)]) return true;
  trial.given_up = hung_at_[slot(task, subject)] == never && hung_under_[subject] >= Trials::most_hangs;
  return trial.given_up;
}

void TaskWork::note(const Task& task, std::size_t subject, TaskTrial& trial, const Outcome& outcome,
                    const std::shared_ptr<const Batch>& batch) {
  if (!note_failure(*trial.trial, outcome, [&] { return batch; })) return;
  ++trial.hangs;
  std::atomic<std::uint64_t>& first = hung_at_[slot(task, subject)];
  std::uint64_t before = first;
  while (task.place < before && !first.compare_exchange_weak(before, task.place)) {
  }
  if (before == never) ++hung_under_[subject];
}

}  // namespace lossaudit
