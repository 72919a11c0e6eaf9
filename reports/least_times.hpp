// What `make bench` keeps of Google Benchmark's repetitions.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace lossaudit {

/// Nanoseconds an item, the least of the repetitions, by the benchmark's name; and its counters. Reports nothing.
class LeastTimes : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override {
    PrintBasicContext(&GetErrorStream(), context);
    return true;
  }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      const std::string& name = run.run_name.function_name;
      for (const auto& [counter, number] : run.counters)
        counters_[std::string(name).append(" ").append(counter)] = number.value;
      const double nanoseconds = 1e9 / run.counters.at("items_per_second").value;
      const auto [place, is_new] = least_.try_emplace(name, nanoseconds);
      if (!is_new) place->second = std::min(place->second, nanoseconds);
    }
  }
  /// NaN for what was left out.
  [[nodiscard]] double nanoseconds(const std::string& name) const { return value_in(least_, name); }
  [[nodiscard]] double counter(const std::string& name, const std::string& counter) const {
    return value_in(counters_, name + " " + counter);
  }

 private:
  static double value_in(const std::map<std::string, double>& values, const std::string& name) {
    const auto found = values.find(name);
    return found == values.end() ? std::nan("") : found->second;
  }
  std::map<std::string, double> least_, counters_;
};

/// A goal is shown, not enforced: a slow or busy machine is no failure.
inline const char* verdict(bool is_met) { return is_met ? "met" : "MISSED"; }

}  // namespace lossaudit
