// Rows of a kind laid out as a batch.
#pragma once

#include "audit/inputs/row_kinds.hpp"

namespace lossaudit {

/// A batch of about `rows` rows (exactly so without the option axis) of `classes` classes, with targets or labels. With
/// the option axis the classes lie in the middle, between shapes that are not square. `first` is the index of its first
/// row.
Batch row_batch(const Contract& contract, const RowKind& kind, std::size_t classes, std::size_t rows, std::size_t first,
                Random& random);

}  // namespace lossaudit
