// Whether a result is the same to the bit wherever and whenever it is computed.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "audit/subject.hpp"

namespace lossaudit {

/// What was compared, and "same bits" or where they were not:
///   run to run       the same call again; for sums a long one, whose parts threads may add in another order
///   in a long call   the first of very many
///   alone            an element, or a row, in a call of its own
///   at each offset   behind 0 to 32 fewer of its neighbours, as lanes and their tails have it
///   beside NaN       every other of its neighbours a NaN
/// Empty when the subject gave no results. `longest`: elements of the long call.
std::map<std::string, std::string> same_bits(Subject& subject, const Contract& contract, std::uint64_t longest,
                                             std::uint64_t seed);

}  // namespace lossaudit
