// What the hunt for a contract's worst input has found so far.
#pragma once

#include <cstdint>

#include "audit/accumulator.hpp"
#include "audit/maybe_const.hpp"

namespace lossaudit {

struct HuntState {
  std::uint64_t searches = 0, cases = 0, results = 0;
  std::uint64_t microseconds =
      0;           ///< by the clock, the subject's own time included; whole, to add up alike in any order
  Sighting worst;  ///< the largest error that leaves something of the result
  std::uint64_t lost_results = 0;  ///< of which nothing is left: lost() in measure.hpp
  Sighting lost;                   ///< of the fewest inputs, then of the largest exact result (`size`)
  std::uint64_t lost_inputs = 0;   ///< that `lost` depends on
  /// As many random cases of the same shapes, where somebody asked for them.
  std::uint64_t random_cases = 0;
  double random_ulp = 0, random_kept_ulp = 0;
};

template <class Io>
void fields(Io& io, MaybeConst<HuntState> auto& x) {
  io.field("searches", x.searches);
  io.field("cases", x.cases);
  io.field("results", x.results);
  io.field("microseconds", x.microseconds);
  io.field("worst", x.worst);
  io.field("lost_results", x.lost_results);
  io.field("lost", x.lost);
  io.field("lost_inputs", x.lost_inputs);
  io.field("random_cases", x.random_cases);
  io.field("random_ulp", x.random_ulp);
  io.field("random_kept_ulp", x.random_kept_ulp);
}

}  // namespace lossaudit
