// An earlier run record that an audit is held against: it fails on what got worse, and on nothing else.
#pragma once

#include <filesystem>
#include <string_view>

#include "audit/record.hpp"

namespace lossaudit {

/// A run record to compare with. Throws BadInput as load_record() does, and when it was made by another profile.
RunRecord load_baseline(const std::filesystem::path& path, std::string_view profile);

/// Marks in `record` what got worse than in `baseline`, excuses the faults that did not, and lists every change.
///
/// Worse is: a verdict that changed for the worse (conforms, exceeds, hung, crashed, in this order), a rule or a budget
/// that was kept and no longer is, and a largest error that grew by more than the measurement's slack:
///  - over the same inputs (the same version of lossaudit, seed, generators and count, and as many results NaN) the largest error is the same as
///    long as the subject computes the same, so the slack is what the reference leaves open: 2^-20 ulp for each figure;
///  - over other inputs it is the maximum of another sample. Of contracts within their budget that of another seed was up
///    to 1.3 times as large (149 contracts, seeds 1 to 5), so more than 2 times the share of the budget is worse. Beyond
///    the budget it says nothing: of 233 contracts 101 differed by more than 2 times, up to 3e41 times, so these are
///    counted and not compared.
/// What is expected already (expected_findings.hpp) is neither worse nor excused again.
/// A contract that the baseline lacks is judged by its budget, as without a baseline.
void compare_with_baseline(const RunRecord& baseline, RunRecord& record);

}  // namespace lossaudit
