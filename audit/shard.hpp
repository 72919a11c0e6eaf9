// Shards: one of n parts of long work, for as many machines. Schedulers (GNU parallel, Slurm, a CI's matrix) start them.
//
// Work is divided by units that are numbered the same in every run: a generator's inputs for a contract in a round, a
// block of a sweep, a start of a hunt. That n shards merged are the one run to the bit asks two things of a unit:
// - its inputs, and what it adds to the results, depend on the request, the seed and its number alone, never on what
//   other units found; what was found so far may only spare work that could not change the result;
// - what it adds can be added in any order: counts, exact sums (exact_ulp_sum.hpp), and maxima whose ties are decided by the
//   place of the input, not by which was seen first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lossaudit {

/// Part `index` + 1 of `count`.
struct Shard {
  std::uint64_t index = 0, count = 1;

  /// Is the unit of this number one of this shard's? Each is exactly one's. Neighbours in number go to different shards,
  /// and what returns every so many numbers (the slow contracts of a table, say) does not all go to one.
  [[nodiscard]] bool owns(std::uint64_t unit) const { return (unit + unit / count) % count == index; }
  [[nodiscard]] bool is_whole() const { return count == 1; }
  bool operator==(const Shard&) const = default;
};

/// "3/8". Throws BadInput that says what is expected.
Shard parse_shard(std::string_view text);
/// The inverse.
std::string to_string(const Shard& shard);

/// No run is divided into more parts.
inline constexpr std::uint64_t most_shards = 4096;

}  // namespace lossaudit
