// How quick a sweep over every float is: beside the subject alone over the same inputs, with Arb as the oracle, and of
// subjects in processes of their own. One run, and a table of ratios against the goals. The goals are shown, not enforced:
// a slow or busy machine is no failure.
#include <arb.h>
#include <benchmark/benchmark.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "audit/fast_subject.hpp"
#include "audit/machine.hpp"
#include "audit/marshal.hpp"
#include "audit/record.hpp"
#include "audit/sweep_trial.hpp"
#include "reports/repetitions.hpp"

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

using Clock = std::chrono::steady_clock;

/// The clock's time of call() alone, block by block: what lays out a block is none of it. The call finds the block as that of
/// a sweep does, just written.
template <class Call>
void time_calls(benchmark::State& state, const Sample& sample, std::vector<std::byte>& x, Call call) {
  for (auto step : state) {
    Clock::duration spent{};
    for (const SweepBlock& block : sample.blocks) {
      store_block(block, x);
      const Clock::time_point start = Clock::now();
      const bool computes = call();
      spent += Clock::now() - start;
      if (!computes) {
        state.SkipWithError("it does not compute");
        return;
      }
    }
    state.SetIterationTime(std::chrono::duration<double>(spent).count());
  }
  count(state, sample.floats());
}

/// The subject's calls alone, with the copies to and from it.
void run_alone(benchmark::State& state, Subject& subject, const Sample& sample) {
  std::vector<std::byte> x(sample.each * sizeof(float));
  std::vector<std::byte> y(x.size());
  time_calls(state, sample, x, [&] {
    return subject.compute_stored(sigmoid(), {1, sample.each, 1}, {x, {}, {}}, y).kind == Outcome::Kind::computed;
  });
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
  time_calls(state, sample, x, [&] { return fast_subject().compute(&contract, &tensors) == LOSSAUDIT_OK; });
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

/// The times beside one another, with the goals; without what was left out.
std::vector<SweepSpeed> speeds_of(const Repetitions& times) {
  const auto of = [&times](const char* name) { return times.least(name); };
  std::vector<SweepSpeed> all = {
      {"a sweep of fast's sigmoid", "its kernel alone", of("fast sweep"), of("fast kernel"), 8, false},
      {"the same with Arb at 128 bits as the oracle", "a sweep", of("fast Arb"), of("fast sweep"), 300, true},
      {"a sweep of Eigen's", "fast's sweep and Eigen's calls alone", of("eigen sweep"),
       of("fast sweep") + of("eigen alone"), 2, false},
      {"a sweep of NumPy's, over the pipe", "fast's sweep and NumPy's calls alone", of("pipe sweep"),
       of("fast sweep") + of("pipe alone"), 3, false}};
  std::erase_if(all, [](const SweepSpeed& s) { return std::isnan(s.ns_per_float / s.beside_ns_per_float); });
  return all;
}

void print_table(const Repetitions& times, const std::vector<SweepSpeed>& speeds) {
  std::printf(
      "\nns a float (all 2^32: s), by the clock, on the processors that this run may use; least of the "
      "repetitions\n\n");
  for (const char* name : {"fast kernel", "fast alone", "fast sweep", "fast Arb", "eigen alone", "eigen sweep",
                           "pipe alone", "pipe sweep"}) {
    const double ns = times.least(name);
    if (!std::isnan(ns)) std::printf("%-82s %8.3f  %.1f s\n", name, ns, ns * all_floats * 1e-9);
  }
  std::printf("\n");
  for (const SweepSpeed& speed : speeds) {
    const double ratio = speed.ns_per_float / speed.beside_ns_per_float;
    std::printf("%-82s %8.2f  %s %g %s\n", (speed.what + ": its time by that of " + speed.beside).c_str(), ratio,
                speed.at_least ? ">=" : "<=", speed.goal,
                verdict(speed.at_least ? ratio >= speed.goal : ratio <= speed.goal));
  }
}

void leave_record(const std::vector<SweepSpeed>& speeds, const std::string& path) {
  RunRecord record;
  record.tool_version = tool_version();
  record.tool_revision = tool_revision();
  record.command = "sweep_bench";
  record.started = utc_now();
  record.machine = this_machine();
  record.sweep_speed = speeds;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder);
  save_record(record, path);
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
      return benchmark::RegisterBenchmark(std::string(name).append(" ").append(what).c_str(), measure);
    };
    add("alone", run_alone)->UseManualTime();
    add("sweep", run_sweep)->UseRealTime();
    if (name != "fast") continue;
    add("kernel", run_kernel)->UseManualTime();
    add("Arb", run_arb)->UseRealTime();
  }
  benchmark::Initialize(&argc, argv);
  // sweep_bench [-o RUN.json]
  const bool has_record = argc == 3 && std::string_view(argv[1]) == "-o";
  if (!has_record && benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  Repetitions times;
  benchmark::RunSpecifiedBenchmarks(&times);
  const std::vector<SweepSpeed> speeds = speeds_of(times);
  print_table(times, speeds);
  if (has_record) leave_record(speeds, argv[2]);
  flint_cleanup();
  return 0;
}

}  // namespace
}  // namespace lossaudit

int main(int argc, char** argv) { return lossaudit::run(argc, argv); }
