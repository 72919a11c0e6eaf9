// How quick the bulk oracle is beside Arb at 128 bits and beside the plain formulas in double: one run, one thread, and a
// table of ratios against the goals. The goals are shown, not enforced: a slow or busy machine is no failure.
#include <arb.h>
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "reference/bulk.hpp"
#include "reference/evaluate.hpp"
#include "reports/repetitions.hpp"

namespace lossaudit {
namespace {

constexpr std::size_t elements = 1024;  // three arrays of them stay in the first-level cache
constexpr std::size_t classes = 1000;
constexpr slong precision = 128;

/// The inputs of a function: logits as a trained model gives them, probabilities over (0, 1), targets over [0, 1].
struct Inputs {
  Inputs(Format format, bool probabilities, std::size_t n) {
    std::mt19937_64 random(1);
    std::normal_distribution<double> logit(0, 5);
    std::uniform_real_distribution<double> probability(0.001, 0.999);
    for (std::size_t i = 0; i < n; ++i) {
      output.push_back(round_to(format, probabilities ? probability(random) : logit(random)));
      target.push_back(round_to(format, probability(random)));
    }
  }
  std::vector<double> output, target;
};

/// A function as Arb computes it, by its shortest stable formula: y = f(x, t), with a temporary.
using ArbFormula = void (*)(arb_t y, arb_t temporary, const arb_t x, const arb_t t);

void arb_sigmoid(arb_t y, arb_t /*temporary*/, const arb_t x, const arb_t /*t*/) {
  arb_neg(y, x);
  arb_exp(y, y, precision);
  arb_add_ui(y, y, 1, precision);
  arb_inv(y, y, precision);
}
void arb_softplus(arb_t y, arb_t /*temporary*/, const arb_t x, const arb_t /*t*/) {
  arb_exp(y, x, precision);
  arb_log1p(y, y, precision);
}
void arb_log_sigmoid(arb_t y, arb_t temporary, const arb_t x, const arb_t t) {
  arb_neg(temporary, x);
  arb_softplus(y, temporary, temporary, t);
  arb_neg(y, y);
}
void arb_logit(arb_t y, arb_t temporary, const arb_t p, const arb_t /*t*/) {
  arb_sub_ui(temporary, p, 1, precision);
  arb_neg(temporary, temporary);
  arb_div(y, p, temporary, precision);
  arb_log(y, y, precision);
}
/// softplus(x) − t x.
void arb_binary_crossentropy(arb_t y, arb_t temporary, const arb_t x, const arb_t t) {
  arb_softplus(y, temporary, x, t);
  arb_submul(y, x, t, precision);
}

struct Elementwise {
  Function function;
  ArbFormula arb;
  double (*plain)(double x, double t);
};

double plain_softplus(double x) { return std::fmax(x, 0) + std::log1p(std::exp(-std::fabs(x))); }

const Elementwise elementwise[] = {
    {Function::sigmoid, arb_sigmoid, [](double x, double /*t*/) { return 1 / (1 + std::exp(-x)); }},
    {Function::log_sigmoid, arb_log_sigmoid, [](double x, double /*t*/) { return -plain_softplus(-x); }},
    {Function::softplus, arb_softplus, [](double x, double /*t*/) { return plain_softplus(x); }},
    {Function::logit, arb_logit, [](double p, double /*t*/) { return std::log(p / (1 - p)); }},
    {Function::binary_crossentropy, arb_binary_crossentropy,
     [](double x, double t) { return plain_softplus(x) - x * t; }},
};

constexpr Function row_functions[] = {Function::log_softmax, Function::sparse_categorical_crossentropy};

void count(benchmark::State& state, std::size_t values) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(values));
}

void run_arb(benchmark::State& state, const Elementwise& f, Format format) {
  const Inputs inputs(format, f.function == Function::logit, elements);
  arb_t x;
  arb_t t;
  arb_t y;
  arb_t temporary;
  for (const arb_ptr a : {x, t, y, temporary}) arb_init(a);
  for (auto step : state) {
    for (std::size_t i = 0; i < elements; ++i) {
      arb_set_d(x, inputs.output[i]);
      arb_set_d(t, inputs.target[i]);
      f.arb(y, temporary, x, t);
      benchmark::DoNotOptimize(y);
    }
  }
  for (const arb_ptr a : {x, t, y, temporary}) arb_clear(a);
  count(state, elements);
}

void run_plain(benchmark::State& state, const Elementwise& f, Format format) {
  const Inputs inputs(format, f.function == Function::logit, elements);
  std::vector<double> value(elements);
  for (auto step : state) {
    for (std::size_t i = 0; i < elements; ++i) value[i] = f.plain(inputs.output[i], inputs.target[i]);
    benchmark::DoNotOptimize(value.data());
    benchmark::ClobberMemory();
  }
  count(state, elements);
}

/// The widest enclosure in ulps of the format.
double widest(Format format, const std::vector<double>& value, const std::vector<double>& radius) {
  double widest = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const int exponent = ulp_exponent(format, value[i] == 0 ? -100000 : std::ilogb(value[i]));
    widest = std::max(widest, std::ldexp(radius[i], -exponent));
  }
  return widest;
}

void run_bulk(benchmark::State& state, const Elementwise& f, Format format) {
  const Inputs inputs(format, f.function == Function::logit, elements);
  std::vector<double> value(elements);
  std::vector<double> low(elements);
  std::vector<double> radius(elements);
  const bulk::Elements arrays{inputs.output.data(), inputs.target.data(), nullptr,
                              value.data(),         low.data(),           radius.data()};
  for (auto step : state) {
    bulk::enclose_elements(f.function, Pass::forward, bulk::lanes_for(format), arrays, elements);
    benchmark::ClobberMemory();
  }
  count(state, elements);
  state.counters["log2_ulp"] = std::log2(widest(format, value, radius));
}

/// expect(): enclosures, roundings, and the exact path for what these leave.
void run_expect(benchmark::State& state, const Elementwise& f, Format format) {
  const Inputs inputs(format, f.function == Function::logit, elements);
  Contract contract{f.function, Dialect::exact, format, Pass::forward, {}};
  contract.options.from_logits = f.function == Function::binary_crossentropy;
  Batch batch;
  batch.shape = {elements, 1, 1};
  batch.output = inputs.output;
  if (traits(f.function).target == TargetKind::dense) batch.target = inputs.target;
  for (auto step : state) benchmark::DoNotOptimize(expect(contract, batch));
  count(state, elements);
}

/// The textbook formula with the maximum taken off: x_i − m − ln Σ e^(x_j − m), of all classes or of the label's.
void run_plain_row(benchmark::State& state, Function function) {
  const Inputs inputs(Format::f32, false, classes);
  const std::vector<double>& x = inputs.output;
  std::vector<double> value(classes);
  for (auto step : state) {
    const double maximum = *std::max_element(x.begin(), x.end());
    double sum = 0;
    for (const double logit : x) sum += std::exp(logit - maximum);
    const double log_sum = maximum + std::log(sum);
    if (function == Function::log_softmax) {
      for (std::size_t i = 0; i < classes; ++i) value[i] = x[i] - log_sum;
    } else {
      value[0] = log_sum - x[classes / 2];
    }
    benchmark::DoNotOptimize(value.data());
    benchmark::ClobberMemory();
  }
  count(state, classes);
}

void run_bulk_row(benchmark::State& state, Function function, Format format) {
  const Inputs inputs(format, false, classes);
  const std::size_t results = function == Function::log_softmax ? classes : 1;
  std::vector<double> value(results);
  std::vector<double> low(results);
  std::vector<double> radius(results);
  bulk::Row row;
  row.output = inputs.output.data();
  row.label = classes / 2;
  row.value = value.data();
  row.low = low.data();
  row.radius = radius.data();
  for (auto step : state) {
    bulk::enclose_row(function, Pass::forward, bulk::lanes_for(format), row, classes);
    benchmark::ClobberMemory();
  }
  count(state, classes);
  state.counters["log2_ulp"] = std::log2(widest(format, value, radius));
}

std::string name_of(Function function, const std::string& what) {
  return std::string(traits(function).name) + " " + what;
}

void print_table(const Repetitions& collected) {
  std::printf("\nns an element, one thread, least of the repetitions; width: log2 of the widest radius in ulps\n\n");
  std::printf("%-36s%9s%7s%9s%9s%9s%9s%11s\n", "elementwise, forward", "Arb 128", "plain", "expect", "bulk", "width",
              "Arb/bulk", "goal");
  for (const Format format : {Format::f32, Format::f64}) {
    const std::string suffix = " " + std::string(traits(format).name);
    const double goal = format == Format::f32 ? 100 : 20;
    for (const Elementwise& f : elementwise) {
      const auto of = [&](const char* what) { return collected.least(name_of(f.function, what + suffix)); };
      const double ratio = of("Arb") / of("bulk");
      if (std::isnan(ratio)) continue;
      std::printf("%-36s%9.1f%7.2f%9.1f%9.2f%9.1f%9.1f%6s%5g %s\n", name_of(f.function, suffix.substr(1)).c_str(),
                  of("Arb"), of("plain"), of("expect"), of("bulk"),
                  collected.counter(name_of(f.function, "bulk" + suffix), "log2_ulp"), ratio, ">=", goal,
                  verdict(ratio >= goal));
    }
  }
  std::printf("\n%-36s%9s%7s%9s%9s%9s%9s%11s\n", "rows of 1000 classes, forward", "", "plain", "", "bulk", "width",
              "bulk/pl.", "goal");
  for (const Function function : row_functions) {
    for (const char* format : {"f32", "f64"}) {
      const std::string bulk_name = name_of(function, std::string("bulk ") + format);
      const double plain = collected.least(name_of(function, "plain"));
      const double ratio = collected.least(bulk_name) / plain;
      if (std::isnan(ratio)) continue;
      std::printf("%-36s%9s%7.2f%9s%9.2f%9.1f%9.1f%6s%5g %s\n", name_of(function, format).c_str(), "", plain, "",
                  collected.least(bulk_name), collected.counter(bulk_name, "log2_ulp"), ratio, "<=", 3.0,
                  verdict(ratio <= 3));
    }
  }
}

int run(int argc, char** argv) {
  for (const Elementwise& f : elementwise) {
    for (const Format format : {Format::f32, Format::f64}) {
      const std::string suffix = " " + std::string(traits(format).name);
      const auto add = [&](const std::string& what, void (*body)(benchmark::State&, const Elementwise&, Format)) {
        benchmark::RegisterBenchmark(name_of(f.function, what + suffix).c_str(),
                                     [&f, format, body](benchmark::State& state) { body(state, f, format); });
      };
      add("Arb", run_arb);
      add("plain", run_plain);
      add("bulk", run_bulk);
      add("expect", run_expect);
    }
  }
  for (const Function function : row_functions) {
    benchmark::RegisterBenchmark(name_of(function, "plain").c_str(),
                                 [function](benchmark::State& state) { run_plain_row(state, function); });
    for (const Format format : {Format::f32, Format::f64}) {
      benchmark::RegisterBenchmark(
          name_of(function, "bulk " + std::string(traits(format).name)).c_str(),
          [function, format](benchmark::State& state) { run_bulk_row(state, function, format); });
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  Repetitions collected;
  benchmark::RunSpecifiedBenchmarks(&collected);
  print_table(collected);
  flint_cleanup();
  return 0;
}

}  // namespace
}  // namespace lossaudit

int main(int argc, char** argv) { return lossaudit::run(argc, argv); }
