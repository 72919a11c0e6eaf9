// Very many computed results against enclosures of the exact ones, in SIMD lanes: what can be settled at once is
// counted, what cannot is named.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "reference/bulk.hpp"
#include "reference/format.hpp"

namespace lossaudit {

/// What was settled of a run of results.
struct Tally {
  std::uint64_t numbers = 0;            ///< numbers where numbers are due
  std::uint64_t nans = 0;               ///< NaNs where NaNs are due
  std::uint64_t correctly_rounded = 0;  ///< of the numbers; proved for each
  double sum_ulp = 0;                   ///< of the numbers' errors, each known to 2^-20 ulp
  double max_relative = 0;              ///< likewise, of results in the normal range
  double max_ulp = 0;                   ///< the largest of the errors, and where
  std::size_t max_at = 0;
};

/// Settles results of `format`, given as floats that hold them, against `exact` (Lanes::single).
///
/// Settled is a finite result whose enclosure is far from the overflow threshold, of which it is certain whether it is
/// the correctly rounded one, and if it is not, on which side of `limit` ulps its error is (NaN: none is settled then).
/// Every other index is appended to `open`, increasing: the reference has to look at it. What is settled, and what it
/// adds, depends on the arguments alone, so that blocks can be tried in any order and on many machines (shard.hpp).
Tally judge_run(Format format, std::span<const float> computed, const bulk::Enclosures& exact, double limit,
                std::vector<std::uint32_t>& open);

/// The same where every result is to be NaN.
Tally judge_nans(std::span<const float> computed, std::vector<std::uint32_t>& open);

}  // namespace lossaudit
