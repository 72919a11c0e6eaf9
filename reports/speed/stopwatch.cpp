#include "reports/speed/stopwatch.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>

#include "audit/median.hpp"
#include "reference/contract.hpp"
#include "reports/repetitions.hpp"

namespace lossaudit::speed {
namespace {

std::map<std::string, Timing> timings_of(const Repetitions& repetitions) {
  std::map<std::string, Timing> timings;
  for (const auto& [name, each] : repetitions.nanoseconds()) {
    const auto [least, most] = std::ranges::minmax(each);
    timings[name] = {median_of(each), least, most, each.size()};
  }
  return timings;
}

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
  Repetitions repetitions;
  benchmark::RunSpecifiedBenchmarks(&repetitions);
  return timings_of(repetitions);
}

}  // namespace lossaudit::speed
