// Google Benchmark's repetitions of many timings, in random order, as nanoseconds an element.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace lossaudit::speed {

struct Timing {
  double median = 0, least = 0, most = 0;  ///< processor time, in ns an element
  std::size_t repetitions = 0;
};

class Stopwatch {
 public:
  /// `compute` handles `elements` at each call. `prepare` gives it, when it is first needed.
  void add(const std::string& name, std::size_t elements, std::function<std::function<void()>()> prepare);

  /// Runs all that was added, interleaved, and gives the timings by name. `arguments` are Google Benchmark's. Throws
  /// BadInput for one that it does not know.
  std::map<std::string, Timing> run(std::vector<std::string> arguments);
};

}  // namespace lossaudit::speed
