// Small changes of a case, for climbing.
#pragma once

#include "audit/inputs/random.hpp"
#include "reference/contract.hpp"

namespace lossaudit {

/// Changes one to three things: a number by 1 ulp or by 2^k, to another number of the case, to one far below the
/// largest, to one where implementations change course; two numbers change places; all outputs move or grow together;
/// the label changes. The shape stays.
void change_values(const Contract& contract, Batch& one, Random& random);

/// The ways a row can get another length.
enum class LengthMove : std::uint8_t { drop, copy, far_below, twice };
inline constexpr std::size_t length_moves = 4;
/// Whether cases of the contract are rows whose length is free.
bool has_free_length(const Contract& contract);
/// Makes the row one shorter, one longer, or twice as long; a row of one class does not get shorter. The new length
/// depends on the old one and the move alone.
void change_length(const Contract& contract, LengthMove move, Batch& row, Random& random);

}  // namespace lossaudit
