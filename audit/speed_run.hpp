// How fast subjects are, and how near to what memory allows, in one run.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/auditor.hpp"
#include "audit/plan.hpp"
#include "audit/record.hpp"

namespace lossaudit {

struct SpeedRequest {
  std::vector<AuditedSubject> subjects;
  Filter filter;              ///< formats: f32 where none is named
  std::vector<Shape> shapes;  ///< empty: lengths for elementwise functions, rows for the others
  std::uint64_t repetitions = 5;
  double seconds = 0.01;  ///< of calls in each repetition, at least
  std::function<void(double done, std::string_view what)> progress;
  /// Told, in a line each, why something was not timed.
  std::function<void(const std::string& text)> remark;
};

/// Times each subject at every contract that it supports of those that are plain (no weights, no smoothing; losses from
/// logits and from probabilities, the binary ones as their mean), all in random order, again for each repetition, and
/// the bandwidth limits among them. The record lacks `command` and `started`. Throws BadInput when nothing can be timed.
RunRecord run_speed(const SpeedRequest& request);

}  // namespace lossaudit
