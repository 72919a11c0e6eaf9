#include "audit/auditor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <thread>
#include <tuple>
#include <utility>

#include "audit/case.hpp"
#include "audit/checkpoint.hpp"
#include "audit/hunt/search.hpp"
#include "audit/inputs.hpp"
#include "audit/machine.hpp"
#include "audit/merge.hpp"
#include "audit/schedule.hpp"
#include "audit/sweep_trial.hpp"
#include "audit/text.hpp"
#include "audit/trial.hpp"
#include "audit/workers.hpp"
#include "reference/bulk.hpp"

namespace lossaudit {
namespace {

using Clock = std::chrono::steady_clock;

/// A task's batches with their exact results.
struct Prepared {
  Task task;
  std::vector<std::shared_ptr<const Batch>> batches;
  std::vector<std::vector<Expected>> exact;
  std::vector<std::vector<SweepFindings>> swept;  ///< by block and subject
};

/// A block of a sweep for a worker: whom to put it to, and what is known of each.
struct SweepOrder {
  SweepBlock block;
  const SweepDomain* domain = nullptr;
  std::vector<std::optional<SweepKnown>> known;  ///< by subject; nothing: not to be asked
};
/// A subject that keeps crashing under a contract is not asked for more of it; one that hung once neither, for each
/// hang costs the whole time limit of a call.
constexpr std::size_t most_crashes = 4;
/// A subject that hung under this many contracts is not tried under further ones.
constexpr std::size_t most_hangs = 3;
/// Of --time, the part kept for reducing what was found.
constexpr double time_for_findings = 0.1;
constexpr std::chrono::seconds longest_reducing{15};
/// Of --time, what goes into hunting.
constexpr double hunting_share = 0.2;
/// What an audit that is killed loses at most.
constexpr std::chrono::seconds between_checkpoints{10};

class Audit {
 public:
  explicit Audit(AuditRequest& request)
      : request_(request),
        schedule_(request),
        contracts_(schedule_.contracts()),
        hung_under_(request.subjects.size()),
        start_(Clock::now()) {
    for (auto& contract : hung_under_) contract = contracts_.size();
    domains_.resize(contracts_.size());
    for (std::size_t p = 0; p < contracts_.size(); ++p) {
      const Contract& contract = contracts_[p].contract;
      trials_.emplace_back();
      for (std::size_t s = 0; s < request_.subjects.size(); ++s) {
        const bool supported = schedule_.supports(p, s);
        if (supported) spoken_.insert(contract.dialect);
        trials_.back().push_back(supported ? std::make_unique<Trial>(contract, budget_of(contract)) : nullptr);
      }
    }
    hangs_.resize(request_.subjects.size());
    any_ = !spoken_.empty();
    // Who asks for a dialect is told who does not speak it; nobody else wants to read that of all ten.
    spoken_.insert(request_.filter.dialects.begin(), request_.filter.dialects.end());
  }

  RunRecord run() {
    if (!any_) {
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
    findings_start_ = Clock::now();
    for (std::size_t s = 0; s < request_.subjects.size(); ++s) {
      conclude_subject(s, record);
    }
    if (request_.shard) {
      record.shards = {request_.shard->count,
                       {request_.shard->index + 1},
                       schedule_.signature(),
                       std::make_shared<const nlohmann::json>(to_json(parts_))};
    }
    if (untried_ > 0 && !interrupted_ && request_.remark) {
      request_.remark(
          fmt::format("time ran out before {} contracts had their turn: they are not in the record", untried_));
    }
    std::error_code ignored;
    if (!interrupted_ && !request_.checkpoint.empty()) std::filesystem::remove(request_.checkpoint, ignored);
    return record;
  }

 private:
  [[nodiscard]] Budget budget_of(const Contract& contract) const { return budget(*request_.profile, contract); }

  void report(std::string_view what, double done) const {
    if (request_.progress) request_.progress(done, what);
  }

  // ---- measuring

  [[nodiscard]] bool is_live(std::size_t planned) const {
    const auto& row = trials_[planned];
    return std::any_of(row.begin(), row.end(), [](const auto& trial) { return trial != nullptr && !trial->stopped; });
  }

  /// A desk that no worker sits at.
  [[nodiscard]] std::unique_ptr<SweepDesk> free_desk() {
    const std::lock_guard lock(desks_mutex_);
    if (desks_.empty()) return std::make_unique<SweepDesk>();
    std::unique_ptr<SweepDesk> desk = std::move(desks_.back());
    desks_.pop_back();
    return desk;
  }
  void give_back(std::unique_ptr<SweepDesk> desk) {
    const std::lock_guard lock(desks_mutex_);
    desks_.push_back(std::move(desk));
  }

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

  /// A task's blocks, with what the results before may change.
  [[nodiscard]] std::vector<SweepOrder> orders(const Task& task) {
    const SweepPlan& plan = schedule_.sweeps(task.planned);
    std::vector<SweepOrder> orders;
    for (std::uint64_t b = *task.swept; b < std::min<std::uint64_t>(*task.swept + blocks_at_once, plan.blocks()); ++b) {
      const SweepBlock block = plan.block(b);
      orders.push_back({block, &domains_[task.planned].of(contracts_[task.planned].contract, block.target), {}});
      for (std::size_t s = 0; s < request_.subjects.size(); ++s) {
        orders.back().known.push_back(known(task, block, s));
      }
    }
    return orders;
  }
  [[nodiscard]] std::optional<SweepKnown> known(const Task& task, const SweepBlock& block, std::size_t s) const {
    const auto& trial = trials_[task.planned][s];
    if (trial == nullptr || trial->stopped || !request_.subjects[s].swept) return std::nullopt;
    return SweepKnown{trial->sweeps.empty() ? 0 : trial->sweeps[block.sweep].max_ulp, trial->results.only_rounded()};
  }

  /// The subjects too compute in the workers, for they cost as much as the judgement.
  [[nodiscard]] Prepared sweep(const Task& task, const std::vector<SweepOrder>& orders) {
    const Contract& contract = contracts_[task.planned].contract;
    Prepared prepared{task, {}, {}, {}};
    std::unique_ptr<SweepDesk> desk = free_desk();
    for (const SweepOrder& order : orders) {
      desk->lay_out(contract, order.block);
      std::vector<SweepFindings>& findings = prepared.swept.emplace_back(order.known.size());
      for (std::size_t s = 0; s < order.known.size(); ++s) {
        // Each hang costs the whole time limit: what was ordered meanwhile does not wait for further ones.
        if (!order.known[s] || hung_under_[s] == task.planned) continue;
        const Clock::time_point asked = Clock::now();
        findings[s] = desk->ask(*request_.subjects[s].subject, contract, *order.domain, *order.known[s]);
        findings[s].seconds = std::chrono::duration<double>(Clock::now() - asked).count();
        if (findings[s].outcome.kind == Outcome::Kind::hung) hung_under_[s] = task.planned;
      }
    }
    give_back(std::move(desk));
    return prepared;
  }

  void measure() {
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    // The subjects run on this thread, which is idle meanwhile for most of the time: the reference is what costs.
    OrderedWorkers<Prepared> workers(cores);
    std::vector<Task> tasks = schedule_.tasks_of_round(at_.round);
    auto given = static_cast<std::size_t>(std::ranges::lower_bound(tasks, at_.next, {}, &Task::place) - tasks.begin());
    Clock::time_point kept = Clock::now();
    taken_ = kept;
    std::vector<double> costs = schedule_.costs_of(tasks);
    while (!out_of_time() && !stopped()) {
      for (; given < tasks.size() && workers.pending() < 3 * cores; ++given) {
        if (!is_live(tasks[given].planned)) continue;
        if (tasks[given].swept) {
          workers.give([this, task = tasks[given], orders = orders(tasks[given])] { return sweep(task, orders); });
        } else {
          workers.give([this, task = tasks[given]] { return prepare(task); });
        }
      }
      if (workers.pending() == 0) {
        if (!request_.time || !any_live()) return;
        tasks = schedule_.tasks_of_round(++at_.round);
        costs = schedule_.costs_of(tasks);
        given = at_.next = 0;
        if (tasks.empty()) return;
        continue;
      }
      Prepared prepared = workers.take();
      if (prepared.task.hunted) {
        if (!hunt(prepared.task)) return;
      } else {
        try_subjects(prepared);
      }
      if (prepared.task.swept) add_seconds(prepared);
      taken_ = Clock::now();
      at_.next = prepared.task.place + 1;
      if (!request_.checkpoint.empty() && Clock::now() - kept >= between_checkpoints) {
        keep();
        kept = Clock::now();
      }
      const std::string what = std::string(traits(contracts_[prepared.task.planned].contract.function).name) + ", " +
                               (prepared.task.swept    ? std::string(sweep_generator)
                                : prepared.task.hunted ? fmt::format("hunt, search {}", *prepared.task.hunted + 1)
                                                       : generators()[prepared.task.generator].name);
      report(what, done(costs[given - workers.pending()] / costs.back()));
    }
  }

  [[nodiscard]] bool any_live() const {
    for (std::size_t p = 0; p < contracts_.size(); ++p) {
      if (is_live(p)) return true;
    }
    return false;
  }

  /// Has anybody asked to stop? Asked no more once somebody has.
  bool stopped() {
    interrupted_ = interrupted_ || (request_.stop && request_.stop());
    return interrupted_;
  }

  [[nodiscard]] std::chrono::duration<double> spent() const {
    return std::chrono::duration<double>(at_.seconds) + (Clock::now() - start_);
  }

  [[nodiscard]] double done(double of_round) const {
    if (!request_.time) return of_round;
    return std::min(1.0, spent() / measuring_time());
  }
  [[nodiscard]] std::chrono::duration<double> measuring_time() const {
    const std::chrono::duration<double> whole = *request_.time;
    return std::max(whole * (1 - time_for_findings), whole - std::chrono::duration<double>(longest_reducing));
  }
  [[nodiscard]] bool out_of_time() const { return request_.time && spent() >= measuring_time(); }

  void try_subjects(const Prepared& prepared) {
    for (std::size_t b = 0; b < prepared.swept.size(); ++b) {
      const SweepBlock block = schedule_.sweeps(prepared.task.planned).block(*prepared.task.swept + b);
      for (std::size_t s = 0; s < request_.subjects.size(); ++s) {
        const auto& trial = trials_[prepared.task.planned][s];
        if (trial == nullptr || trial->stopped || gave_up(s, *trial)) continue;
        add_swept(prepared.task.planned, block, prepared.swept[b][s], s, *trial);
      }
    }
    if (prepared.task.swept) return;
    for (std::size_t s = 0; s < request_.subjects.size(); ++s) {
      const auto& trial = trials_[prepared.task.planned][s];
      if (trial == nullptr || trial->stopped || gave_up(s, *trial)) continue;
      try_subject(prepared, s, *trial);
    }
  }

  /// A subject that hung too often is not tried under contracts that it has not met.
  bool gave_up(std::size_t s, Trial& trial) const {
    if (hangs_[s] < most_hangs) return false;
    trial.stopped = true;
    if (trial.failed_on == nullptr) {
      trial.failure = {Outcome::Kind::hung, fmt::format("not tried: it hung under {} contracts before", most_hangs)};
    }
    return true;
  }

  /// Counts a call that gave no results; `batch` makes what it was asked.
  template <class MakeBatch>
  void note_failure(const Outcome& outcome, std::size_t s, Trial& trial, MakeBatch batch) {
    if (outcome.kind == Outcome::Kind::unsupported) {
      ++trial.refused;
      return;
    }
    if (trial.failed_on == nullptr) {
      trial.failure = outcome;
      trial.failed_on = batch();
    }
    const bool hung = outcome.kind == Outcome::Kind::hung;
    hangs_[s] += hung ? 1 : 0;
    trial.stopped = hung || ++trial.crashes >= most_crashes;
  }

  /// What the clock has gone on by, in parts as the subjects kept the workers.
  void add_seconds(const Prepared& prepared) {
    const std::size_t sweep = schedule_.sweeps(prepared.task.planned).block(*prepared.task.swept).sweep;
    std::vector<double> kept(request_.subjects.size());
    for (const std::vector<SweepFindings>& block : prepared.swept) {
      for (std::size_t s = 0; s < kept.size(); ++s) kept[s] += block[s].seconds;
    }
    const double all = std::reduce(kept.begin(), kept.end());
    const double seconds = std::chrono::duration<double>(Clock::now() - taken_).count();
    for (std::size_t s = 0; s < kept.size() && all > 0; ++s) {
      const auto& trial = trials_[prepared.task.planned][s];
      if (trial != nullptr && !trial->sweeps.empty()) trial->sweeps[sweep].seconds += seconds * kept[s] / all;
    }
  }

  void add_swept(std::size_t planned, const SweepBlock& block, const SweepFindings& findings, std::size_t s,
                 Trial& trial) {
    if (!findings.was_asked) return;
    const Contract& contract = contracts_[planned].contract;
    trial.sweeps.resize(schedule_.sweeps(planned).sweeps());
    SweepState& state = trial.sweeps[block.sweep];
    if (findings.outcome.kind == Outcome::Kind::computed) {
      add_findings(contract, block, findings, trial.results, state);
    } else {
      note_failure(findings.outcome, s, trial, [&] { return swept_batch(contract, origin_of(contract, block)); });
    }
    state.complete = state.results == schedule_.sweeps(planned).results_each();
    trial.covered = trial.covered || (schedule_.sweeps(planned).covers() && state.complete);
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
      note_failure(outcome, s, trial, [&] { return prepared.batches[b]; });
    }
    trial.covered = trial.covered || (generators()[prepared.task.generator].covers && !gap);
  }

  // ---- hunting

  /// Lets every subject be hunted under a contract, once. False when the audit was stopped in the middle: the trials then hold
  /// what was found so far, and what is kept to go on from is as before.
  bool hunt(const Task& task) {
    // A share of the time: a search that is not due is left out, not put off.
    if (request_.time && !request_.hunt.only && hunting_ > hunting_share * spent()) return true;
    const Clock::time_point start = Clock::now();
    std::vector<std::optional<Trial>> before;
    for (const auto& trial : trials_[task.planned]) before.push_back(trial ? std::optional(*trial) : std::nullopt);
    const std::vector<std::size_t> hangs_before = hangs_;
    for (std::size_t s = 0; s < request_.subjects.size(); ++s) {
      const auto& trial = trials_[task.planned][s];
      if (trial == nullptr || trial->stopped || gave_up(s, *trial) || (trial->covered && !request_.hunt.only)) continue;
      if (!hunt_subject(task, s, *trial) && interrupted_) {
        if (!request_.checkpoint.empty()) keep_instead(task, before, hangs_before);
        return false;
      }
    }
    hunting_ += Clock::now() - start;
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
    hunt.stop = [this] { return stopped() || out_of_time(); };
    hunt.failed = [&](const Outcome& outcome, const std::shared_ptr<const Batch>& batch) {
      note_failure(outcome, s, trial, [&] { return batch; });
    };
    return search(hunt, *task.hunted);
  }

  /// Keeps the audit as it was before a search that did not come to its end.
  void keep_instead(const Task& task, const std::vector<std::optional<Trial>>& before,
                    const std::vector<std::size_t>& hangs_before) {
    const auto exchange = [&](std::vector<std::optional<Trial>>& with) {
      for (std::size_t s = 0; s < with.size(); ++s) {
        if (with[s]) std::swap(*trials_[task.planned][s], *with[s]);
      }
    };
    std::vector<std::optional<Trial>> then = before;
    std::vector<std::size_t> hangs = hangs_before;
    exchange(then);
    std::swap(hangs_, hangs);
    keep();
    std::swap(hangs_, hangs);
    exchange(then);
    kept_ = true;
  }

  // ---- stopping and going on

  [[nodiscard]] std::map<std::string, std::string> own_signature() const {
    std::map<std::string, std::string> request = schedule_.signature();
    request["--shard"] = request_.shard ? to_string(*request_.shard) : "none";
    return request;
  }

  [[nodiscard]] std::vector<NamedTrial> named_trials() const {
    std::vector<NamedTrial> named;
    for (std::size_t p = 0; p < contracts_.size(); ++p) {
      for (std::size_t s = 0; s < request_.subjects.size(); ++s) {
        if (trials_[p][s] == nullptr) continue;
        named.push_back({request_.subjects[s].name + ": " + to_string(contracts_[p].contract), trials_[p][s].get()});
      }
    }
    return named;
  }

  void keep() {
    Position position = at_;
    position.seconds = spent().count();
    position.hangs = hangs_;
    save_checkpoint(request_.checkpoint, own_signature(), position, named_trials());
  }

  void resume() {
    const auto make_batch = [this](const Contract& contract, const std::string& origin) {
      return schedule_.batch_of(contract, origin);
    };
    at_ = load_checkpoint(request_.checkpoint, own_signature(), named_trials(), make_batch);
    if (at_.hangs.size() != hangs_.size()) throw BadInput(request_.checkpoint.string() + ": not of these subjects");
    hangs_ = at_.hangs;
  }

  // ---- the record

  /// Is there time left to look for smaller cases? Without --time the limits of each search (ShrinkLimits) are all there
  /// is, for they count calls: what a clock leaves as it was found, another run shows reduced.
  [[nodiscard]] bool may_reduce() const {
    if (request_.stop && request_.stop()) return false;
    return !request_.time || Clock::now() - findings_start_ < longest_reducing;
  }

  void conclude_subject(std::size_t s, RunRecord& record) {
    const AuditedSubject& audited = request_.subjects[s];
    const Conclusion conclusion{*audited.subject,        "lossaudit audit " + shell_quoted(audited.argument),
                                request_.profile->name,  request_.seed,
                                request_.case_directory, [this] { return may_reduce(); },
                                request_.hunt.only,      request_.hunt.found};
    const auto add = [&](Accuracy&& accuracy) {
      accuracy.subject = audited.name;
      record.accuracy.push_back(std::move(accuracy));
    };
    using Kind = std::tuple<Function, Dialect, Format, Pass>;
    const auto kind_of = [](const Contract& c) { return Kind(c.function, c.dialect, c.format, c.pass); };
    std::set<Kind> supported, told;
    std::set<Function> untried;
    for (std::size_t p = 0; p < contracts_.size(); ++p) {
      if (trials_[p][s] == nullptr) continue;
      supported.insert(kind_of(contracts_[p].contract));
      if (schedule_.is_due(p) && !trials_[p][s]->tried()) untried.insert(contracts_[p].contract.function);
    }
    for (std::size_t p = 0; p < contracts_.size(); ++p) {
      const Contract& contract = contracts_[p].contract;
      if (trials_[p][s] != nullptr) {
        const Trial& trial = *trials_[p][s];
        untried_ += schedule_.is_due(p) && !trial.tried() ? 1 : 0;
        if (!trial.tried()) continue;
        report("reducing findings", static_cast<double>(s * contracts_.size() + p) /
                                        static_cast<double>(request_.subjects.size() * contracts_.size()));
        const Exhibits exhibits = exhibits_of(trial, conclusion);
        add(accuracy_of(trial, exhibits, request_.seed));
        if (request_.shard) parts_[audited.name].emplace(to_string(contract), TrialPart{trial, exhibits});
        continue;
      }
      // What stands alone in the record as unsupported would pass for all that there is to the function.
      const bool of_interest = spoken_.contains(contract.dialect) && !supported.contains(kind_of(contract)) &&
                               !untried.contains(contract.function);
      if (of_interest && told.insert(kind_of(contract)).second) add(unsupported(contract));
    }
  }

  /// A function that the subject does not declare with any options, once for all of them.
  [[nodiscard]] Accuracy unsupported(Contract contract) const {
    contract.options = {};
    Accuracy accuracy = Accumulator(contract, budget_of(contract)).accuracy();
    accuracy.evidence = "observed";
    accuracy.verdict = "unsupported";
    accuracy.detail = "not declared";
    return accuracy;
  }

  AuditRequest& request_;
  Schedule schedule_;
  const std::vector<PlannedContract>& contracts_;
  std::vector<std::vector<std::unique_ptr<Trial>>> trials_;  ///< [contract][subject]; null: unsupported
  TrialParts parts_;
  std::vector<std::size_t> hangs_;
  std::set<Dialect> spoken_;  ///< asked for, or supported by any subject
  std::vector<double> computed_;
  std::vector<SweepDomains> domains_;                 ///< of each contract
  std::vector<std::atomic<std::size_t>> hung_under_;  ///< the contract under which each subject hung last
  std::mutex desks_mutex_;
  std::vector<std::unique_ptr<SweepDesk>> desks_;
  Clock::time_point start_, findings_start_, taken_;
  std::chrono::duration<double> hunting_{};
  Position at_;
  std::size_t untried_ = 0;
  bool any_ = false, interrupted_ = false;
  bool kept_ = false;  ///< what to go on from is kept already
};

}  // namespace

RunRecord run_audit(AuditRequest& request) { return Audit(request).run(); }

}  // namespace lossaudit
