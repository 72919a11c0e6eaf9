// Which hunts are worth telling, and in which order.
#pragma once

#include <cstddef>
#include <vector>

#include "reports/overview.hpp"

namespace lossaudit {

/// The hunts worth telling, most severe first: those that lost a result, then by how many of the bits that as many random
/// cases leave right (or the budget, where none were tried) the largest error takes. All where they are few, else those that found something beyond
/// the budget, or were compared with random cases.
std::vector<const Entry*> hunts_to_tell(const std::vector<Entry>& entries, std::size_t few);

/// The hunts of one subject's function, format and pass.
struct HuntGroup {
  const Entry* worst = nullptr;
  std::size_t others = 0;  ///< contracts beside it
};

/// `hunts`, in their order, by the first of each group.
std::vector<HuntGroup> grouped_hunts(const std::vector<const Entry*>& hunts);

}  // namespace lossaudit
