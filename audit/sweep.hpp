// Sweeps: which values of an argument are tried, block by block, and what a sweep found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "audit/exact_ulp_sum.hpp"
#include "audit/maybe_const.hpp"
#include "audit/record.hpp"
#include "audit/sweep_judge.hpp"
#include "reference/contract.hpp"

namespace lossaudit {

/// Consecutive encodings of the output argument, beside one target.
struct SweepBlock {
  std::size_t sweep = 0;    ///< among the contract's
  double target = 0;        ///< of functions that have one
  std::uint64_t first = 0;  ///< the first output's bits
  std::size_t count = 0;
};

/// Whether a sweep's function has a target beside its output.
bool takes_target(const Contract& contract);

/// What sweeps ask of a subject: outputs in one row, beside each the target, if the function has one, and an incoming
/// gradient of 1, if inputs have one.
Batch sweep_batch(const Contract& contract, double target, std::vector<double> outputs);

/// The sweeps of one contract: over all outputs, in f32 once for each of a few targets, in f16 and bf16 once for all
/// targets.
class SweepPlan {
 public:
  /// No sweeps.
  SweepPlan() = default;
  /// None for a contract that has several values a result or more values than can be tried: f64, rows, reductions; or
  /// options other than from_logits and epsilon, or a formula that the lanes do not judge.
  explicit SweepPlan(const Contract& contract);

  [[nodiscard]] std::size_t sweeps() const { return sweeps_; }
  [[nodiscard]] std::size_t blocks() const { return targets_.size() * blocks_each_; }
  [[nodiscard]] SweepBlock block(std::size_t index) const;
  /// Where a target's blocks stand among those of all targets.
  [[nodiscard]] std::size_t place_of(double target) const;
  /// Results of one sweep.
  [[nodiscard]] std::uint64_t results_each() const;
  /// What a sweep tries, in words.
  [[nodiscard]] std::string inputs(std::size_t sweep) const;
  /// A sweep has many targets.
  [[nodiscard]] bool tries_pairs() const { return targets_.size() > sweeps_; }
  /// All the contract's inputs are among those of its sweeps.
  [[nodiscard]] bool covers() const { return covers_; }

 private:
  Format format_ = Format::f32;
  std::vector<double> targets_;
  std::size_t sweeps_ = 0, blocks_each_ = 0;
  bool covers_ = false;
};

/// The name of a block's inputs, as the origin of batches: "every_input/TARGET/FIRST/COUNT".
inline constexpr std::string_view sweep_generator = "every_input";
std::string origin_of(const Contract& contract, const SweepBlock& block);
/// The batch that origin_of() named so, or null.
std::shared_ptr<const Batch> swept_batch(const Contract& contract, const std::string& origin);

/// Sign and exponent of an encoding, as one number: encodings of a binade are consecutive.
constexpr int binade_shift(Format format) { return traits(format).precision - 1; }
constexpr std::size_t binade_count(Format format) {
  return std::size_t{1} << (8 * traits(format).bytes - binade_shift(format));
}

/// What a sweep found so far in a binade of the outputs.
struct BinadeState {
  std::uint64_t numbers = 0, correctly_rounded = 0;
  double max_ulp = 0;
  ExactUlpSum sum_ulp;
};
/// What a sweep found so far.
struct SweepState {
  std::uint64_t results = 0;
  double max_ulp = 0;
  std::uint64_t worst = 0;  ///< the encoding of the output at which, and of the target beside it
  std::uint64_t worst_target = 0;
  double seconds = 0;  ///< by the clock, without what went into the audit's other subjects
  bool complete = false;
  std::vector<BinadeState> binades;  ///< by encoding >> binade_shift(); empty before the first block

  /// The largest error, if it is; of equal ones the lower encodings stay.
  void offer(double ulp, std::uint64_t target, std::uint64_t output);
  /// Adds what other blocks gave; `all`: the results of a whole sweep.
  void add(const SweepState& other, std::uint64_t all);
};

template <class Io>
void fields(Io& io, MaybeConst<BinadeState> auto& x) {
  io.field("numbers", x.numbers);
  io.field("correctly_rounded", x.correctly_rounded);
  io.field("max_ulp", x.max_ulp);
  io.field("sum_ulp", x.sum_ulp);
}
template <class Io>
void fields(Io& io, MaybeConst<SweepState> auto& x) {
  io.field("results", x.results);
  io.field("max_ulp", x.max_ulp);
  io.field("worst", x.worst);
  io.field("worst_target", x.worst_target);
  io.field("seconds", x.seconds);
  io.field("complete", x.complete);
  io.field("binades", x.binades);
}

/// The record's line on it.
Sweep sweep_of(const Contract& contract, const SweepState& state, const std::string& inputs);

}  // namespace lossaudit
