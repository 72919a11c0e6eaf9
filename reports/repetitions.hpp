// What `make bench` keeps of Google Benchmark's repetitions.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace lossaudit {

/// Nanoseconds an item of each repetition, by the benchmark's name; and its counters. Prints only on what the machine is
/// like, as Google Benchmark warns.
class Repetitions : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override {
    PrintBasicContext(&GetErrorStream(), context);
    return true;
  }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      const std::string& name = run.run_name.function_name;
      for (const auto& [counter, number] : run.counters) {
        counters_[std::string(name).append(" ").append(counter)] = number.value;
      }
      nanoseconds_[name].push_back(1e9 / run.counters.at("items_per_second").value);
    }
  }
  [[nodiscard]] const std::map<std::string, std::vector<double>>& nanoseconds() const { return nanoseconds_; }
  /// NaN for what was left out.
  [[nodiscard]] double least(const std::string& name) const {
    const auto found = nanoseconds_.find(name);
    return found == nanoseconds_.end() ? std::nan("") : *std::ranges::min_element(found->second);
  }
  [[nodiscard]] double counter(const std::string& name, const std::string& counter) const {
    const auto found = counters_.find(name + " " + counter);
    return found == counters_.end() ? std::nan("") : found->second;
  }

 private:
  std::map<std::string, std::vector<double>> nanoseconds_;
  std::map<std::string, double> counters_;
};

/// A goal is shown, not enforced: a slow or busy machine is no failure.
inline const char* verdict(bool is_met) { return is_met ? "met" : "MISSED"; }

}  // namespace lossaudit
