// How quick a sweep over every float is: beside the subject alone over the same inputs, with Arb as the oracle, and of
// subjects in processes of their own. One run, and a table of ratios against the goals. The goals are shown, not enforced:
// a slow or busy machine is no failure.
#include <arb.h>
#include <benchmark/benchmark.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "audit/fast_subject.hpp"
#include "audit/marshal.hpp"
#include "audit/sweep_trial.hpp"

namespace lossaudit {
namespace {

constexpr slong precision = 128;
/// Of every binade of the floats the same share: every 32nd block. Arb is given a few floats of each of these.
constexpr std::size_t stride = 32, floats_for_arb = 8;
constexpr double all_floats = 0x1p32;

Contract sigmoid() { return {Function::sigmoid, Dialect::exact, Format::f32, Pass::forward, {}}; }

/// The blocks of the sample, laid out.
struct Sample {
  Sample() {
    const SweepPlan plan(sigmoid());
    for (std::size_t b = stride / 2; b < plan.blocks(); b += stride) blocks.push_back(plan.block(b));
    each = blocks.front().count;
  }
  [[nodiscard]] std::int64_t floats() const { return static_cast<std::int64_t>(blocks.size() * each); }
  std::vector<SweepBlock> blocks;
  std::size_t each = 0;
};

void store_block(const SweepBlock& block, std::vector<std::byte>& stored) {
  auto* const bits = reinterpret_cast<std::uint32_t*>(stored.data());
  const auto first = static_cast<std::uint32_t>(block.first);
  for (std::uint32_t i = 0; i < block.count; ++i) bits[i] = first + i;
}

void count(benchmark::State& state, std::int64_t floats) { state.SetItemsProcessed(state.iterations() * floats); }

/// The subject's calls alone, with the copies to and from it.
void run_alone(benchmark::State& state, Subject& subject, const Sample& sample) {
  std::vector<std::byte> x(sample.each * sizeof(float));
  std::vector<std::byte> y(x.size());
  for (auto step : state) {
    for (const SweepBlock& block : sample.blocks) {
      store_block(block, x);
      if (subject.compute_stored(sigmoid(), {1, sample.each, 1}, {x, {}, {}}, y).kind != Outcome::Kind::computed) {
        return state.SkipWithError("it does not compute");
      }
    }
  }
  count(state, sample.floats());
}

/// What the kernel itself takes: the subject's function called here, without a copy of anything.
void run_kernel(benchmark::State& state, Subject& /*subject*/, const Sample& sample) {
  std::vector<std::byte> x(sample.each * sizeof(float));
  std::vector<std::byte> y(x.size());
  const lossaudit_contract contract = to_abi(sigmoid());
  TensorPlaces places{};
  places[static_cast<std::size_t>(Tensor::output)] = x.data();
  places[static_cast<std::size_t>(Tensor::result)] = y.data();
  const lossaudit_tensors tensors = to_abi(Shape{1, sample.each, 1}, places, sample.each);
  for (auto step : state) {
    for (const SweepBlock& block : sample.blocks) {
      store_block(block, x);
      if (fast_subject().compute(&contract, &tensors) != LOSSAUDIT_OK)
        return state.SkipWithError("it does not compute");
    }
  }
  count(state, sample.floats());
}

void run_sweep(benchmark::State& state, Subject& subject, const Sample& sample) {
  const SweepDomain domain(sigmoid(), 0);
  SweepDesk desk;
  Accumulator results(sigmoid(), ulp_budget(1, "a benchmark"));
  SweepState found;
  for (auto step : state) {
    for (const SweepBlock& block : sample.blocks) {
      desk.lay_out(sigmoid(), block);
      const SweepFindings findings = desk.ask(subject, sigmoid(), domain, {found.max_ulp, results.only_rounded()});
      if (findings.outcome.kind != Outcome::Kind::computed) return state.SkipWithError("it does not compute");
      add_findings(sigmoid(), block, findings, results, found);
    }
  }
  count(state, sample.floats());
}

/// The same judgement by Arb: error in ulp, its sum and largest, and whether the result is the correctly rounded one.
void run_arb(benchmark::State& state, Subject& subject, const Sample& sample) {
  std::vector<float> x;
  for (const SweepBlock& block : sample.blocks) {
    for (std::size_t i = 0; i < floats_for_arb; ++i) {
      const auto value =
          std::bit_cast<float>(static_cast<std::uint32_t>(block.first + i * (sample.each / floats_for_arb)));
      if (std::isfinite(value)) x.push_back(value);
    }
  }
  std::vector<float> computed(x.size());
  subject.compute_stored(sigmoid(), {1, x.size(), 1}, {std::as_bytes(std::span(x)), {}, {}},
                         std::as_writable_bytes(std::span(computed)));
  arb_t y;
  arb_t off;
  arb_init(y);
  arb_init(off);
  for (auto step : state) {
    double sum = 0;
    double max = 0;
    std::uint64_t rounded = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      arb_set_d(y, -static_cast<double>(x[i]));
      arb_exp(y, y, precision);
      arb_add_ui(y, y, 1, precision);
      arb_inv(y, y, precision);
      const double value = arf_get_d(arb_midref(y), ARF_RND_NEAR);
      arb_set_d(off, static_cast<double>(computed[i]));
      arb_sub(off, off, y, precision);
      const double distance = std::abs(arf_get_d(arb_midref(off), ARF_RND_NEAR));
      const int ulp = std::max(value == 0 ? -126 : std::ilogb(value), -126) - 23;
      const double error = std::ldexp(distance, -ulp);
      sum += error;
      max = std::max(max, error);
      rounded += error < 0.5 ? 1 : 0;
    }
    benchmark::DoNotOptimize(sum);
    benchmark::DoNotOptimize(max);
    benchmark::DoNotOptimize(rounded);
  }
  arb_clear(y);
  arb_clear(off);
  count(state, static_cast<std::int64_t>(x.size()));
}

/// Nanoseconds a float, the least of the repetitions, by name.
class Collected : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      const double nanoseconds = 1e9 / run.counters.at("items_per_second").value;
      const auto [place, is_new] = least_.try_emplace(run.run_name.function_name, nanoseconds);
      if (!is_new) place->second = std::min(place->second, nanoseconds);
    }
  }
  /// NaN for what was left out.
  [[nodiscard]] double of(const std::string& name) const {
    const auto found = least_.find(name);
    return found == least_.end() ? std::nan("") : found->second;
  }

 private:
  std::map<std::string, double> least_;
};

void print_ratio(const char* what, double ratio, const char* relation, double goal) {
  if (std::isnan(ratio)) return;
  const bool met = relation[0] == '<' ? ratio <= goal : ratio >= goal;
  std::printf("%-72s %8.2f  %s %g %s\n", what, ratio, relation, goal, met ? "met" : "MISSED");
}

void print_table(const Collected& c) {
  std::printf(
      "\nns a float (all 2^32: s), by the clock, on the processors that this run may use; least of the "
      "repetitions\n\n");
  for (const char* name : {"fast kernel", "fast alone", "fast sweep", "fast Arb", "eigen alone", "eigen sweep",
                           "pipe alone", "pipe sweep"}) {
    if (!std::isnan(c.of(name))) std::printf("%-72s %8.3f  %.1f s\n", name, c.of(name), c.of(name) * all_floats * 1e-9);
  }
  std::printf("\n");
  print_ratio("a sweep of fast's sigmoid: its time by that of its kernel alone",
              c.of("fast sweep") / c.of("fast kernel"), "<=", 8);
  print_ratio("the same with Arb at 128 bits as the oracle, by a sweep", c.of("fast Arb") / c.of("fast sweep"),
              ">=", 300);
  print_ratio("a sweep of Eigen: by fast's sweep and Eigen's calls alone",
              c.of("eigen sweep") / (c.of("fast sweep") + c.of("eigen alone")), "<=", 2);
  print_ratio("a sweep of NumPy over the pipe: by fast's sweep and its calls alone",
              c.of("pipe sweep") / (c.of("fast sweep") + c.of("pipe alone")), "<=", 3);
}

/// Subjects to be timed, of those that this machine has.
std::map<std::string, std::unique_ptr<Subject>> open_all() {
  const std::map<std::string, std::string> arguments = {
      {"fast", "fast"},
      {"eigen", "eigen"},
      {"pipe", "cmd:/usr/bin/python3 -c \"import sys; sys.path.insert(0, '" PYTHON_HELPERS
               "'); import numpy as np, lossaudit_pipe; "
               "lossaudit_pipe.contract('sigmoid exact f32 forward')(lambda x: 1 / (1 + np.exp(-x))); "
               "lossaudit_pipe.run('numpy', '1')\""}};
  std::map<std::string, std::unique_ptr<Subject>> subjects;
  for (const auto& [name, argument] : arguments) {
    try {
      for (auto& subject : open_subjects(argument)) {
        if (subject->supports(sigmoid())) subjects.try_emplace(name, std::move(subject));
      }
    } catch (const BadInput& why) {
      std::fprintf(stderr, "left out: %s\n", why.what());
    }
  }
  return subjects;
}

int run(int argc, char** argv) {
  const Sample sample;
  const auto subjects = open_all();
  for (const auto& each : subjects) {
    const std::string& name = each.first;
    Subject* const subject = each.second.get();
    const auto add = [&](const char* what, void (*body)(benchmark::State&, Subject&, const Sample&)) {
      const auto measure = [&sample, body, subject](benchmark::State& state) { body(state, *subject, sample); };
      benchmark::RegisterBenchmark(std::string(name).append(" ").append(what).c_str(), measure)->UseRealTime();
    };
    add("alone", run_alone);
    add("sweep", run_sweep);
    if (name != "fast") continue;
    add("kernel", run_kernel);
    add("Arb", run_arb);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  Collected collected;
  benchmark::RunSpecifiedBenchmarks(&collected);
  print_table(collected);
  flint_cleanup();
  return 0;
}

}  // namespace
}  // namespace lossaudit

int main(int argc, char** argv) { return lossaudit::run(argc, argv); }
