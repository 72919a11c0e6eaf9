// How many terms every sum takes before it joins them to the others.
#pragma once

#include <cstddef>

namespace lossaudit::fast {

/// A reduction over elements gives the same bits however its elements are split among threads, as long as each part but
/// the last ends at a multiple of this.
inline constexpr std::size_t sum_block = 2048;

}  // namespace lossaudit::fast
