// Very many computed results against the exact ones, in SIMD lanes: what can be settled at once is counted, what cannot is
// named.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "reference/contract.hpp"

namespace lossaudit {

/// What a run of results has in common: the function, and one target of those that take one. Gradients are those of an
/// incoming gradient of 1.
struct SweptFunction {
  Function function = Function::sigmoid;
  Pass pass = Pass::forward;
  Format format = Format::f32;
  bool from_logits = false;  ///< this and the rest: binary_crossentropy alone
  double target = 0;
  bool clips = false;  ///< from probabilities: the output is clipped to [clip_low, clip_high] first
  double clip_low = 0, clip_high = 1;
};

/// What is known before a run.
struct SweepKnown {
  double max_ulp = 0;         ///< an error up to this is no candidate
  bool only_rounded = false;  ///< settle nothing but correctly rounded results and broken rules
};

/// The rules that lanes can see broken, as measure.hpp has them, and `overflow`, which they leave to the reference.
enum class LaneRule : std::uint8_t { finite, number_due, nan_stays_nan, overflow, pole };
inline constexpr std::size_t lane_rule_count = 5;

/// What was settled of a run of results: depends on these alone, not on what was known before.
struct Tally {
  std::uint64_t numbers = 0;            ///< numbers where numbers are due; an infinity counts as 2^(emax+1)
  std::uint64_t nans = 0;               ///< NaNs where NaNs are due
  std::uint64_t poles = 0;              ///< the infinities that are due by a limit
  std::uint64_t overflows = 0;          ///< of the numbers: the infinity of a result beyond 2^(emax+1)
  std::uint64_t correctly_rounded = 0;  ///< of the numbers; proved for each
  double sum_ulp = 0;                   ///< of the numbers' errors, each known to 2^-20 ulp or of itself
  double max_relative = 0;              ///< likewise, of results in the normal range
  double max_ulp = 0;                   ///< no error is larger, and the largest is less than that smaller; and where
  std::size_t max_at = 0;
  /// Results that break a rule, by LaneRule, without the first of each kind, which is left open.
  std::array<std::uint64_t, lane_rule_count> broken{};

  /// All that were settled. An infinity where a number in range is due counts as one.
  [[nodiscard]] std::uint64_t count() const { return numbers + nans + poles + broken[1] + broken[2] + broken[4]; }
  /// Puts the next run, that begins at result `first`, behind this one.
  void append(const Tally& next, std::size_t first);
};

/// Indices of results that the reference has to look at, each list increasing; empty before a run.
struct SweepLists {
  std::vector<std::uint32_t> open;  ///< not in the tally
  /// In the tally: the result of the largest error is among them, if that is larger than what was known. (Of errors below
  /// 2^-16 ulp, one within 2^-20 of the largest.)
  std::vector<std::uint32_t> candidates;
};

/// Whether judge_run() knows the contract's function: bulk::serves() or relu.
bool judges(const Contract& contract);
/// The contract's function at one target; judges() has been seen to.
SweptFunction swept_function(const Contract& contract, double target);

/// Settles `computed`, results of the format given as floats that hold them, at the outputs `x`, which are in order.
///
/// Settled is a number whose exact value is known to be within the format's range, and of which it is certain whether it
/// is the correctly rounded one; an infinity where one is due by overflow; an infinity or NaN where a number in range is
/// due.
void judge_run(const SweptFunction& function, std::span<const float> x, std::span<const float> computed,
               const SweepKnown& known, Tally& tally, SweepLists& lists);

/// The same of results that are all to be within `radius` of `value`, for tests: as judge_run(), whatever the function.
void judge_enclosed(Format format, double value, double radius, std::span<const float> computed,
                    const SweepKnown& known, Tally& tally, SweepLists& lists);

/// The same where every result is to be NaN.
void judge_nans(std::span<const float> computed, Tally& tally, SweepLists& lists);
/// The same where every result is to be the infinity `due`, by a limit.
void judge_poles(std::span<const float> computed, float due, Tally& tally, SweepLists& lists);

}  // namespace lossaudit
