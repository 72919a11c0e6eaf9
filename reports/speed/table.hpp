// What speed_bench says on the terminal.
#pragma once

#include "audit/record.hpp"

namespace lossaudit::speed {

/// A line for each task and shape: every subject's time, the bandwidth limit, and fast's time over the fastest other's
/// beside its goal. Goals are shown, not enforced: a busy machine is no failure.
void print_table(const RunRecord& record);

}  // namespace lossaudit::speed
