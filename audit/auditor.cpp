#include "audit/auditor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "audit/audit_clock.hpp"
#include "audit/checkpoint.hpp"
#include "audit/conclude_all.hpp"
#include "audit/desks.hpp"
#include "audit/inputs.hpp"
#include "audit/machine.hpp"
#include "audit/schedule.hpp"
#include "audit/task_work.hpp"
#include "audit/trials.hpp"
#include "audit/workers.hpp"

namespace lossaudit {
namespace {

using Clock = AuditClock::Clock;

/// What the workers found in a task.
struct Done {
  Task task;
  TaskTrials tried;
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
        clock_(request.time),
        threads_(request.threads > 0 ? request.threads : std::max(1U, std::thread::hardware_concurrency())) {}

  RunRecord run() {
    if (!trials_.any_supported()) {
      throw BadInput(
          "nothing to audit: no subject given supports any of the contracts asked for (lossaudit list subjects)");
    }
    if (request_.resume && std::filesystem::exists(request_.checkpoint)) resume();
    measure();
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

  void measure() {
    TaskWork work(request_, schedule_, trials_, [this] { return is_over(); });
    OrderedWorkers<Done> workers(threads_);
    std::vector<Task> tasks = schedule_.tasks_of_round(at_.round);
    auto given = static_cast<std::size_t>(std::ranges::lower_bound(tasks, at_.next, {}, &Task::place) - tasks.begin());
    Clock::time_point kept = taken_ = Clock::now();
    std::vector<double> costs = schedule_.costs_of(tasks);
    while (!is_over()) {
      for (; given < tasks.size() && workers.pending() < 3 * threads_; ++given) give(tasks[given], work, workers);
      if (workers.pending() == 0) {
        if (!request_.time || !trials_.any_live()) return;
        tasks = schedule_.tasks_of_round(++at_.round);
        costs = schedule_.costs_of(tasks);
        given = at_.next = 0;
        if (tasks.empty()) return;
        continue;
      }
      Done done = workers.take();
      if (!done.tried.complete) return break_off(workers, std::move(done));
      add(done);
      at_.next = done.task.place + 1;
      if (!request_.checkpoint.empty() && Clock::now() - kept >= between_checkpoints) {
        keep();
        kept = Clock::now();
      }
      if (request_.progress) {
        request_.progress(clock_.done(costs[given - workers.pending()] / costs.back()), name_of(done.task));
      }
    }
    break_off(workers, std::nullopt);
  }

  /// Hands a task to the workers, if anybody is to be asked.
  void give(const Task& task, TaskWork& work, OrderedWorkers<Done>& workers) {
    if (!trials_.is_live(task.planned)) return;
    if (task.swept) {
      workers.give([this, task, orders = desks_.orders(task)] {
        return breaking_off_ ? Done{task, {}, {}} : Done{task, {}, desks_.work(task, orders)};
      });
      return;
    }
    // A share of the time: a search that is not due is left out, not put off.
    if (task.hunted && !request_.hunt.only && !clock_.may_hunt()) return;
    workers.give([this, &work, task, asked = work.asked(task)] {
      return breaking_off_ ? Done{task, {}, {}} : Done{task, work.work(task, asked), {}};
    });
  }

  void add(const Done& done) {
    const Task& task = done.task;
    const Clock::duration since = Clock::now() - std::exchange(taken_, Clock::now());
    if (task.swept) {
      desks_.add(task, done.swept);
      desks_.add_seconds(task, done.swept, std::chrono::duration<double>(since).count());
      return;
    }
    if (task.hunted) clock_.add_hunt(done.tried.took / threads_);
    for (std::size_t s = 0; s < done.tried.of_subject.size(); ++s) {
      const TaskTrial& found = done.tried.of_subject[s];
      const Trial* const trial = trials_.ask(task.planned, s);
      if (trial == nullptr || found.trial == nullptr) continue;
      // What was tried in full is no prey.
      if (task.hunted && trial->covered && !request_.hunt.only) continue;
      trials_.add(task.planned, s, *found.trial, found.hangs);
      if (found.given_up) trials_.give_up(task.planned, s);
    }
  }

  /// The audit is over before its end. What is kept to go on from ends before the first task that was not added; what
  /// hunts have found since is shown nevertheless.
  void break_off(OrderedWorkers<Done>& workers, std::optional<Done> next) {
    breaking_off_ = true;
    if (interrupted_ && !request_.checkpoint.empty()) keep();
    while (next || workers.pending() > 0) {
      const Done done = next ? *std::exchange(next, std::nullopt) : workers.take();
      if (done.task.hunted) add(done);
    }
  }

  /// What the progress line says of a task.
  [[nodiscard]] std::string name_of(const Task& task) const {
    return std::string(traits(contracts_[task.planned].contract.function).name) + ", " +
           (task.swept    ? std::string(sweep_generator)
            : task.hunted ? fmt::format("hunt, search {}", *task.hunted + 1)
                          : generators()[task.generator].name);
  }

  /// Is there no time left, or has anybody asked to stop? Asked by the workers too.
  bool is_over() {
    const std::lock_guard lock(stop_mutex_);
    if (!interrupted_ && request_.stop && request_.stop()) interrupted_ = true;
    return interrupted_ || clock_.out_of_time();
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
  std::size_t threads_;
  Position at_;
  Clock::time_point taken_;  ///< when the last result was taken
  std::mutex stop_mutex_;
  std::atomic<bool> interrupted_ = false;
  std::atomic<bool> breaking_off_ = false;  ///< nothing is begun any more
};

}  // namespace

RunRecord run_audit(AuditRequest& request) { return Audit(request).run(); }

}  // namespace lossaudit
