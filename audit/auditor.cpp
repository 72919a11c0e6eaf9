#include "audit/auditor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "audit/audit_clock.hpp"
#include "audit/checkpoint.hpp"
#include "audit/conclude_all.hpp"
#include "audit/desks.hpp"
#include "audit/hunt/search.hpp"
#include "audit/inputs.hpp"
#include "audit/machine.hpp"
#include "audit/schedule.hpp"
#include "audit/trials.hpp"
#include "audit/workers.hpp"
#include "reference/bulk.hpp"

namespace lossaudit {
namespace {

using Clock = AuditClock::Clock;

/// A task's batches with their exact results, or what its blocks gave.
struct Prepared {
  Task task;
  std::vector<std::shared_ptr<const Batch>> batches;
  std::vector<std::vector<Expected>> exact;
  SweptBlocks swept;
};

/// What an audit that is killed loses at most.
constexpr std::chrono::seconds between_checkpoints{10};

class Audit {
 public:
  explicit Audit(AuditRequest& request)
      : request_(request),
        schedule_(request),
        contracts_(schedule_.contracts()),
        trials_(request, schedule_),
        desks_(request, schedule_, trials_),
        clock_(request.time) {}

  RunRecord run() {
    if (!trials_.any_supported()) {
      throw BadInput(
          "nothing to audit: no subject given supports any of the contracts asked for (lossaudit list subjects)");
    }
    if (request_.resume && std::filesystem::exists(request_.checkpoint)) resume();
    measure();
    if (interrupted_ && !kept_ && !request_.checkpoint.empty()) keep();
    RunRecord record;
    record.interrupted = interrupted_;
    record.tool_version = tool_version();
    record.tool_revision = tool_revision();
    record.seed = request_.seed;
    record.profile = request_.profile->name;
    record.machine = this_machine();
    for (const AuditedSubject& audited : request_.subjects) {
      record.subjects.push_back({audited.name, audited.subject->version(), audited.subject->origin(), audited.gated});
    }
    conclude(record);
    std::error_code ignored;
    if (!interrupted_ && !request_.checkpoint.empty()) std::filesystem::remove(request_.checkpoint, ignored);
    return record;
  }

 private:
  // ---- measuring

  [[nodiscard]] Prepared prepare(const Task& task) {
    const Contract& contract = contracts_[task.planned].contract;
    Prepared prepared{task, {}, {}, {}};
    if (task.hunted) return prepared;  // what it tries depends on what the subject says
    for (Batch& batch : schedule_.batches_of(task)) {
      prepared.batches.push_back(std::make_shared<const Batch>(std::move(batch)));
      prepared.exact.push_back(expect(contract, *prepared.batches.back()));
    }
    return prepared;
  }

  void measure() {
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    // The subjects run on this thread, which is idle meanwhile for most of the time: the reference is what costs.
    OrderedWorkers<Prepared> workers(cores);
    std::vector<Task> tasks = schedule_.tasks_of_round(at_.round);
    auto given = static_cast<std::size_t>(std::ranges::lower_bound(tasks, at_.next, {}, &Task::place) - tasks.begin());
    Clock::time_point kept = Clock::now(), taken = kept;
    std::vector<double> costs = schedule_.costs_of(tasks);
    while (!clock_.out_of_time() && !stopped()) {
      for (; given < tasks.size() && workers.pending() < 3 * cores; ++given) {
        if (!trials_.is_live(tasks[given].planned)) continue;
        if (tasks[given].swept) {
          workers.give([this, task = tasks[given], orders = desks_.orders(tasks[given])] {
            return Prepared{task, {}, {}, desks_.work(task, orders)};
          });
        } else {
          workers.give([this, task = tasks[given]] { return prepare(task); });
        }
      }
      if (workers.pending() == 0) {
        if (!request_.time || !trials_.any_live()) return;
        tasks = schedule_.tasks_of_round(++at_.round);
        costs = schedule_.costs_of(tasks);
        given = at_.next = 0;
        if (tasks.empty()) return;
        continue;
      }
      Prepared prepared = workers.take();
      if (prepared.task.hunted) {
        if (!hunt(prepared.task)) return;
      } else if (prepared.task.swept) {
        desks_.add(prepared.task, prepared.swept);
        desks_.add_seconds(prepared.task, prepared.swept, std::chrono::duration<double>(Clock::now() - taken).count());
      } else {
        try_subjects(prepared);
      }
      taken = Clock::now();
      at_.next = prepared.task.place + 1;
      if (!request_.checkpoint.empty() && Clock::now() - kept >= between_checkpoints) {
        keep();
        kept = Clock::now();
      }
      const std::string what = std::string(traits(contracts_[prepared.task.planned].contract.function).name) + ", " +
                               (prepared.task.swept    ? std::string(sweep_generator)
                                : prepared.task.hunted ? fmt::format("hunt, search {}", *prepared.task.hunted + 1)
                                                       : generators()[prepared.task.generator].name);
      if (request_.progress) request_.progress(clock_.done(costs[given - workers.pending()] / costs.back()), what);
    }
  }

  /// Has anybody asked to stop? Asked no more once somebody has.
  bool stopped() {
    interrupted_ = interrupted_ || (request_.stop && request_.stop());
    return interrupted_;
  }

  void try_subjects(const Prepared& prepared) {
    for (std::size_t s = 0; s < request_.subjects.size(); ++s) {
      if (Trial* const trial = trials_.ask(prepared.task.planned, s)) try_subject(prepared, s, *trial);
    }
  }

  void try_subject(const Prepared& prepared, std::size_t s, Trial& trial) {
    const Contract& contract = contracts_[prepared.task.planned].contract;
    if (trial.generators.empty() || trial.generators.back() != prepared.task.generator) {
      trial.generators.push_back(prepared.task.generator);
    }
    bool gap = false;
    for (std::size_t b = 0; b < prepared.batches.size() && !trial.stopped; ++b) {
      computed_.resize(prepared.exact[b].size());
      const Outcome outcome = request_.subjects[s].subject->compute(contract, *prepared.batches[b], computed_);
      if (outcome.kind == Outcome::Kind::computed) {
        trial.results.add(prepared.batches[b], prepared.exact[b], computed_);
        continue;
      }
      gap = true;
      trials_.note_failure(outcome, s, trial, [&] { return prepared.batches[b]; });
    }
    trial.covered = trial.covered || (generators()[prepared.task.generator].covers && !gap);
  }

  // ---- hunting

  /// Lets every subject be hunted under a contract, once. False when the audit was stopped in the middle: the trials then hold
  /// what was found so far, and what is kept to go on from is as before.
  bool hunt(const Task& task) {
    // A share of the time: a search that is not due is left out, not put off.
    if (!request_.hunt.only && !clock_.may_hunt()) return true;
    const Clock::time_point start = Clock::now();
    std::vector<std::optional<Trial>> before;
    for (std::size_t s = 0; s < request_.subjects.size(); ++s) {
      const Trial* const trial = trials_.at(task.planned, s);
      before.push_back(trial != nullptr ? std::optional(*trial) : std::nullopt);
    }
    const std::vector<std::size_t> hangs_before = trials_.hangs();
    for (std::size_t s = 0; s < request_.subjects.size(); ++s) {
      Trial* const trial = trials_.ask(task.planned, s);
      if (trial == nullptr || (trial->covered && !request_.hunt.only)) continue;
      if (!hunt_subject(task, s, *trial) && interrupted_) {
        if (!request_.checkpoint.empty()) keep_instead(task, before, hangs_before);
        return false;
      }
    }
    clock_.add_hunt(Clock::now() - start);
    return true;
  }

  bool hunt_subject(const Task& task, std::size_t s, Trial& trial) {
    const Contract& contract = contracts_[task.planned].contract;
    Hunt hunt{*request_.subjects[s].subject, contract, trial.results, trial.hunt};
    hunt.in_means = request_.hunt.only;
    hunt.seed = request_.seed;
    hunt.elements = schedule_.searched_elements(task.planned);
    hunt.compare_random = request_.hunt.compare_random;
    hunt.corpus = request_.hunt.corpus.cases(contract);
    hunt.stop = [this] { return stopped() || clock_.out_of_time(); };
    hunt.failed = [&](const Outcome& outcome, const std::shared_ptr<const Batch>& batch) {
      trials_.note_failure(outcome, s, trial, [&] { return batch; });
    };
    return search(hunt, *task.hunted);
  }

  /// Keeps the audit as it was before a search that did not come to its end.
  void keep_instead(const Task& task, const std::vector<std::optional<Trial>>& before,
                    const std::vector<std::size_t>& hangs_before) {
    const auto exchange = [&](std::vector<std::optional<Trial>>& with) {
      for (std::size_t s = 0; s < with.size(); ++s) {
        if (with[s]) std::swap(*trials_.at(task.planned, s), *with[s]);
      }
    };
    std::vector<std::optional<Trial>> then = before;
    const std::vector<std::size_t> hangs = trials_.hangs();
    exchange(then);
    trials_.set_hangs(hangs_before);
    keep();
    trials_.set_hangs(hangs);
    exchange(then);
    kept_ = true;
  }

  // ---- stopping and going on

  [[nodiscard]] std::map<std::string, std::string> own_signature() const {
    std::map<std::string, std::string> request = schedule_.signature();
    request["--shard"] = request_.shard ? to_string(*request_.shard) : "none";
    return request;
  }

  void keep() {
    Position position = at_;
    position.seconds = clock_.spent().count();
    position.hangs = trials_.hangs();
    save_checkpoint(request_.checkpoint, own_signature(), position, trials_.named());
  }

  void resume() {
    const auto make_batch = [this](const Contract& contract, const std::string& origin) {
      return schedule_.batch_of(contract, origin);
    };
    at_ = load_checkpoint(request_.checkpoint, own_signature(), trials_.named(), make_batch);
    if (at_.hangs.size() != request_.subjects.size()) {
      throw BadInput(request_.checkpoint.string() + ": not of these subjects");
    }
    trials_.set_hangs(at_.hangs);
    clock_.go_on_after(at_.seconds);
  }

  // ---- the record

  void conclude(RunRecord& record) {
    clock_.begin_reducing();
    const auto may_reduce = [this] { return !(request_.stop && request_.stop()) && clock_.may_reduce(); };
    Concluded concluded = conclude_all(request_, schedule_, trials_, may_reduce);
    record.accuracy = std::move(concluded.accuracy);
    if (request_.shard) {
      record.shards = {request_.shard->count,
                       {request_.shard->index + 1},
                       schedule_.signature(),
                       std::make_shared<const nlohmann::json>(to_json(concluded.parts))};
    }
    if (concluded.untried > 0 && !interrupted_ && request_.remark) {
      request_.remark(fmt::format("time ran out before {} contracts had their turn: they are not in the record",
                                  concluded.untried));
    }
  }

  AuditRequest& request_;
  Schedule schedule_;
  const std::vector<PlannedContract>& contracts_;
  Trials trials_;
  Desks desks_;
  AuditClock clock_;
  Position at_;
  std::vector<double> computed_;  // from batch to batch the same memory
  bool interrupted_ = false;
  bool kept_ = false;  ///< what to go on from is kept already
};

}  // namespace

RunRecord run_audit(AuditRequest& request) { return Audit(request).run(); }

}  // namespace lossaudit
