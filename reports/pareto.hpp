// Time against error: what each subject that was timed pays for its accuracy, and who is beaten at both.
#pragma once

#include <string>
#include <vector>

#include "audit/record.hpp"

namespace lossaudit {

struct TradePoint {
  const Speed* speed = nullptr;
  double max_ulp = 0;        ///< NaN: its accuracy is in none of the records
  bool proved = false;       ///< of the error
  std::string dominated_by;  ///< a subject that is as quick and as accurate, and better at one; "": it is on the front
  [[nodiscard]] bool has_error() const { return max_ulp == max_ulp; }
  [[nodiscard]] bool on_front() const { return has_error() && dominated_by.empty(); }
};

/// The subjects that did the same: one contract, shape and kind of inputs in one run.
struct TradeGroup {
  std::size_t run = 0;
  std::string contract;  ///< "sigmoid exact f32 forward"
  std::string shape, inputs;
  double limit_ns = 0;  ///< the bandwidth limit
  std::vector<TradePoint> points;
};

/// The groups of all runs' speeds in the records' order. A time is joined with the largest error that any of the runs
/// has for its subject, contract and options; "forward+gradient" with the larger one of both passes. Points into `runs`.
std::vector<TradeGroup> trades_in(const std::vector<RunRecord>& runs);

}  // namespace lossaudit
