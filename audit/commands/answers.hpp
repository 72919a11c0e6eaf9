// What `lossaudit reference` prints, as text or as JSON.
#pragma once

#include <vector>

#include "reference/semantic_gap.hpp"

namespace lossaudit {

/// The arguments, and every result's value, enclosure and rounding in each format.
void print_results(const Contract& contract, const Batch& batch, const std::vector<Exact>& results, bool json);

/// The arguments, and a table a result: each dialect's answer and its semantic gap.
void print_dialects(const Contract& contract, const Batch& batch, const std::vector<DialectAnswer>& answers, bool json);

}  // namespace lossaudit
