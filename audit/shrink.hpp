// Making a case smaller while it still shows what it shows.
#pragma once

#include <cstddef>
#include <functional>

#include "reference/contract.hpp"

namespace lossaudit {

/// How much a search for a smaller case may cost.
struct ShrinkLimits {
  std::size_t calls = 200;       ///< calls of `still`
  std::size_t elements = 20000;  ///< values of the output argument in all these calls together
};

/// A batch with fewer rows, fewer classes and simpler values for which still(batch) holds, as it does for `batch`.
/// Halves are tried first, then smaller parts (delta debugging). The contract's shape of batches is kept.
Batch shrink_case(const Contract& contract, Batch batch, const std::function<bool(const Batch&)>& still,
                  ShrinkLimits limits = {});

}  // namespace lossaudit
