// The worst input of one variable: bisection over the encoding, with the best intervals kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "audit/inputs/random.hpp"

namespace lossaudit {

/// Looks for a number's worst place in the order of its format (ordinal()). The range is cut into many intervals, each
/// is sampled, those with the largest errors are kept, cut again, and so on down to single numbers: the search that
/// Zimmermann and others use for functions of one variable (Gladman, Innocente, Mather, Zimmermann: "Accuracy of
/// Mathematical Functions in Single, Double, Double Extended, and Quadruple Precision", section 3). What it finds is a
/// lower bound of the maximum: a narrow place between the samples of the first cut is missed.
class LineSearch {
 public:
  /// `first_cut` intervals at most at the start.
  LineSearch(std::int64_t low, std::int64_t high, std::size_t first_cut);

  /// The places to try next; empty: every interval left has been tried out.
  std::span<const std::int64_t> propose(Random& random);
  /// The errors at the places proposed last.
  void learn(std::span<const double> errors);

 private:
  struct Interval {
    std::int64_t low, high;  ///< both belong to it
    double error = -1;       ///< the largest seen in it
    std::int64_t at = 0;     ///< and where
    bool tried_out = false;
  };
  void cut(const Interval& whole, std::uint64_t parts);
  void sample(const Interval& interval, Random& random);

  std::vector<Interval> intervals_;
  std::vector<std::int64_t> places_;
  std::vector<std::size_t> owner_;  ///< the interval that a place belongs to
  std::size_t each_ = 1;            ///< samples of an interval
};

}  // namespace lossaudit
