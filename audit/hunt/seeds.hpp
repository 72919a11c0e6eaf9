// What a search begins with: rows, elements and reductions built to hurt.
#pragma once

#include <cstddef>
#include <vector>

#include "audit/inputs/random.hpp"
#include "reference/contract.hpp"

namespace lossaudit {

/// About `elements` outputs of one kind and length, both drawn at random: confident rows, near ties, cancellations, subnormal
/// sums, huge offsets, long rows up to `longest` classes, and the kinds of the audit's generators. All are finite. Of a
/// reduction, several batches.
std::vector<Batch> hunting_seeds(const Contract& contract, std::size_t elements, std::size_t longest, Random& random);

/// Random cases of this shape as a network gives them: normal logits with standard deviation 3, or their
/// probabilities.
Batch ordinary_batch(const Contract& contract, const Shape& shape, Random& random);

}  // namespace lossaudit
