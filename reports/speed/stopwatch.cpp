#include "reports/speed/stopwatch.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>

#include "reference/contract.hpp"

namespace lossaudit::speed {
namespace {

/// Gathers the repetitions; prints only on what the machine is like, as Google Benchmark warns.
class Collected : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override {
    PrintBasicContext(&GetErrorStream(), context);
    return true;
  }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      nanoseconds_[run.run_name.function_name].push_back(1e9 / run.counters.at("items_per_second").value);
    }
  }
  [[nodiscard]] std::map<std::string, Timing> timings() {
    std::map<std::string, Timing> timings;
    for (auto& [name, each] : nanoseconds_) {
      std::sort(each.begin(), each.end());
      const std::size_t middle = each.size() / 2;
      const double median = each.size() % 2 == 1 ? each[middle] : (each[middle - 1] + each[middle]) / 2;
      timings[name] = {median, each.front(), each.back(), each.size()};
    }
    return timings;
  }

 private:
  std::map<std::string, std::vector<double>> nanoseconds_;
};

}  // namespace

void Stopwatch::add(const std::string& name, std::size_t elements, std::function<std::function<void()>()> prepare) {
  benchmark::RegisterBenchmark(name.c_str(), [elements, prepare](benchmark::State& state) {
    const std::function<void()> compute = prepare();
    compute();  // what a first call makes ready, and the arrays into the caches that hold them
    for (auto step : state) {
      compute();
      benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(elements));
  });
}

std::map<std::string, Timing> Stopwatch::run(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"speed_bench", "--benchmark_enable_random_interleaving=true",
                                       "--benchmark_repetitions=9", "--benchmark_min_time=0.01"});
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  int count = static_cast<int>(pointers.size());
  benchmark::Initialize(&count, pointers.data());
  if (count > 1) throw BadInput(std::string("unknown argument ") + pointers[1] + ": see --help");
  Collected collected;
  benchmark::RunSpecifiedBenchmarks(&collected);
  return collected.timings();
}

}  // namespace lossaudit::speed
