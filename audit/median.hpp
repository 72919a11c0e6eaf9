// The median of repeated timings.
#pragma once

#include <algorithm>
#include <vector>

namespace lossaudit {

/// Of an even number of values the mean of the middle two; there must be one.
inline double median_of(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace lossaudit
