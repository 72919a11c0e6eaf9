// Sweeps: a subject tried on every value of an argument, block by block.
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
#include "audit/subject.hpp"
#include "audit/sweep_judge.hpp"

namespace lossaudit {

class Accumulator;

/// Consecutive encodings of the output argument, beside one target.
struct SweepBlock {
  std::size_t sweep = 0;    ///< among the contract's
  double target = 0;        ///< of functions that have one
  std::uint64_t first = 0;  ///< the first output's bits
  std::size_t count = 0;
};

/// The sweeps of one contract: over all outputs, in f32 once for each of a few targets, in f16 and bf16 once for all
/// targets in [0, 1].
class SweepPlan {
 public:
  /// None for a contract that has several values a result or more values than can be tried: f64, rows, reductions; or
  /// options, or a formula that the bulk oracle does not serve.
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
  /// All the contract's inputs are among those of its sweeps.
  [[nodiscard]] bool covers() const { return covers_; }

 private:
  Format format_;
  std::vector<double> targets_;
  std::size_t sweeps_ = 0, blocks_each_ = 0;
  bool covers_ = false;
};

/// The name of a block's inputs, as the origin of batches: "every_input/TARGET/FIRST/COUNT".
inline constexpr std::string_view sweep_generator = "every_input";
std::string origin_of(const Contract& contract, const SweepBlock& block);
/// The batch that origin_of() named so, or null.
std::shared_ptr<const Batch> swept_batch(const Contract& contract, const std::string& origin);

/// A block's inputs and what is known of the exact results.
struct PreparedBlock {
  SweepBlock block;
  Batch batch;
  std::vector<std::byte> output, target, upstream;  ///< as stored
  bulk::Enclosures exact;
  bool nans_due = false;  ///< of every result
};
/// Fills `prepared`, whose memory is used again: fresh pages cost more than an exact result.
void prepare_block(const Contract& contract, const SweepBlock& block, PreparedBlock& prepared);

/// What a sweep found so far.
struct SweepState {
  std::uint64_t results = 0, numbers = 0, correctly_rounded = 0;
  ExactUlpSum sum_ulp;
  double max_ulp = 0, worst = 0;  ///< worst: the output at which; of several, the one of the least encoding
  double seconds = 0;             ///< by the clock, the other subjects of the audit included
  bool complete = false;

  /// A largest error of some results.
  void see(Format format, double ulp, double output);
};
template <class Io>
void fields(Io& io, MaybeConst<SweepState> auto& x) {
  io.field("results", x.results);
  io.field("numbers", x.numbers);
  io.field("correctly_rounded", x.correctly_rounded);
  io.field("sum_ulp", x.sum_ulp);
  io.field("max_ulp", x.max_ulp);
  io.field("worst", x.worst);
  io.field("seconds", x.seconds);
  io.field("complete", x.complete);
}

/// The record's line on it.
Sweep sweep_of(const Contract& contract, const SweepState& state, const std::string& inputs);

/// Puts blocks to subjects and measures what they compute.
class SweepTrial {
 public:
  Outcome run(Subject& subject, const Contract& contract, const PreparedBlock& prepared, Accumulator& results,
              SweepState& state);

 private:
  // From block to block the same memory.
  std::vector<std::byte> stored_;
  std::vector<double> values_;
  std::vector<float> computed_;
  std::vector<std::uint32_t> open_;
};

}  // namespace lossaudit
