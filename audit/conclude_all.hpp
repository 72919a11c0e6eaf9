// From all trials of an audit to what its record says of them.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "audit/auditor.hpp"
#include "audit/schedule.hpp"
#include "audit/trial_parts.hpp"
#include "audit/trials.hpp"

namespace lossaudit {

struct Concluded {
  std::vector<Accuracy> accuracy;  ///< subject by subject, in the order of contracts
  TrialParts parts;                ///< of a shard alone: what merging it takes
  std::size_t untried = 0;         ///< trials that were due and had no turn
};

/// Looks for witnesses, which asks the subjects again, for as long as may_reduce() says so. What a subject does not
/// support is named where somebody asked for it, or any subject has it.
Concluded conclude_all(const AuditRequest& request, const Schedule& schedule, const Trials& trials,
                       const std::function<bool()>& may_reduce);

}  // namespace lossaudit
