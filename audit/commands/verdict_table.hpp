// What an audit says on stdout.
#pragma once

#include "audit/record.hpp"

namespace lossaudit {

/// A line for every subject and function with its worst contract: verdict, largest error, the input or the rule that
/// shows it; then what is not supported, and the verdict in one line.
void print_verdicts(const RunRecord& record);

}  // namespace lossaudit
