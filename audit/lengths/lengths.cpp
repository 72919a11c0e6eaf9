#include "audit/lengths/lengths.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "audit/lengths/curve.hpp"
#include "audit/lengths/same_bits.hpp"
#include "audit/machine.hpp"
#include "audit/name_contract.hpp"

namespace lossaudit {
namespace {

using Clock = std::chrono::steady_clock;

/// For reproducibility from run to run.
constexpr std::uint64_t long_call = 1 << 18;
/// What a run that is killed loses at most, a length aside.
constexpr std::chrono::seconds between_checkpoints{10};

/// Contracts without any option but the kind of input and a reduction.
std::vector<Contract> contracts_of(Filter filter) {
  if (filter.formats.empty()) filter.formats = {Format::f32};
  std::vector<Contract> all;
  for (const PlannedContract& planned : plan(filter)) {
    const Contract& contract = planned.contract;
    Options plain;
    plain.from_logits = contract.options.from_logits;
    plain.reduction = contract.options.reduction;
    const bool is_wide = contract.format == Format::f32 || contract.format == Format::f64;
    if (contract.options == plain && is_wide) all.push_back(contract);
  }
  return all;
}

class Run {
 public:
  explicit Run(const LengthsRequest& request) : request_(request), lengths_(lengths_up_to(request.longest)) {
    for (const AuditedSubject& audited : request.subjects) {
      for (const Contract& contract : contracts_of(request.filter)) {
        if (!audited.subject->supports(contract)) continue;
        const bool has_lengths = TermSum::serves(contract) || LogitRows::serves(contract);
        work_.push_back({&audited, contract, audited.name + ": " + to_string(contract), has_lengths});
        cost_ += cost_of(work_.back());
      }
    }
    if (work_.empty()) {
      throw BadInput("nothing to measure: no subject given supports any of the contracts asked for in f32 or f64");
    }
  }

  RunRecord run() {
    if (request_.resume && std::filesystem::exists(request_.checkpoint)) {
      states_ = load_curves(request_.checkpoint, signature(), lengths_);
    }
    RunRecord record;
    record.tool_version = tool_version();
    record.tool_revision = tool_revision();
    record.seed = request_.seed;
    record.machine = this_machine();
    for (const AuditedSubject& audited : request_.subjects) {
      record.subjects.push_back({audited.name, audited.subject->version(), audited.subject->origin(), audited.gated});
    }
    for (const Work& work : work_) {
      Curve curve(*work.audited->subject, work.contract, request_.seed);
      CurveState& state = states_[work.name];
      if (state.done) {
        spend(cost_of(work));
      } else {
        measure(work, curve, state);
      }
      add(work, curve, state, record);
      if (stopped_) break;
    }
    record.interrupted = stopped_;
    if (stopped_) {
      keep();
    } else if (!request_.checkpoint.empty()) {
      std::error_code ignored;
      std::filesystem::remove(request_.checkpoint, ignored);
    }
    return record;
  }

 private:
  struct Work {
    const AuditedSubject* audited;
    Contract contract;
    std::string name;
    bool has_lengths;
  };
  /// Of comparing bits, in terms.
  static constexpr double cost_of_bits = 1e6;

  [[nodiscard]] double cost_of(const Work& work) const {
    double cost = cost_of_bits;
    for (const std::uint64_t n : lengths_) cost += work.has_lengths ? cost_of_length(n) : 0;
    return cost;
  }

  void measure(const Work& work, Curve& curve, CurveState& state) {
    if (ask(work)) return;
    if (state.same_bits.empty()) {
      state.same_bits =
          same_bits(*work.audited->subject, work.contract, std::min(long_call, request_.longest), request_.seed);
    }
    spend(cost_of_bits);
    for (std::size_t i = 0; i < lengths_.size() && work.has_lengths; ++i) {
      if (i >= state.lengths.size()) {
        if (ask(work)) return;
        if (state.ended.empty()) curve.measure(lengths_[i], state);
      }
      spend(cost_of_length(lengths_[i]));
    }
    if (ask(work)) return;
    curve.measure_growing(state);
    state.done = true;
  }

  /// Shows how far the run is, keeps it now and then, and says whether it is to stop.
  bool ask(const Work& work) {
    if (request_.progress) request_.progress(spent_ / cost_, work.name);
    if (Clock::now() - kept_ >= between_checkpoints) keep();
    stopped_ = stopped_ || (request_.stop && request_.stop());
    return stopped_;
  }
  void spend(double cost) { spent_ += cost; }

  void keep() {
    if (!request_.checkpoint.empty()) save_curves(request_.checkpoint, signature(), states_);
    kept_ = Clock::now();
  }

  void add(const Work& work, const Curve& curve, const CurveState& state, RunRecord& record) const {
    if (state.same_bits.empty() && state.lengths.empty() && state.ended.empty()) return;
    LengthCurve found = curve.fitted(state);
    found.subject = work.audited->name;
    name_contract(found, work.contract);
    found.same_bits = state.same_bits;
    found.ended = state.ended;
    record.lengths.push_back(std::move(found));
  }

  /// What must be the same for one run to go on from another, under names that fit "a run with another …".
  [[nodiscard]] std::map<std::string, std::string> signature() const {
    std::map<std::string, std::string> request = {{"version of lossaudit", tool_version() + " " + tool_revision()},
                                                  {"seed", std::to_string(request_.seed)},
                                                  {"--longest", std::to_string(request_.longest)}};
    for (const AuditedSubject& audited : request_.subjects) {
      request["set of subjects"] += audited.name + "\n";
      request["version of a subject"] += audited.subject->version() + "\n";
    }
    for (const Work& work : work_) request["set of contracts"] += work.name + "\n";
    return request;
  }

  const LengthsRequest& request_;
  std::vector<std::uint64_t> lengths_;
  std::vector<Work> work_;
  CurveStates states_;
  double cost_ = 0, spent_ = 0;
  Clock::time_point kept_ = Clock::now();
  bool stopped_ = false;
};

}  // namespace

RunRecord run_lengths(const LengthsRequest& request) { return Run(request).run(); }

}  // namespace lossaudit
