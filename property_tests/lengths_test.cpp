// Errors over lengths: planted accumulators are named rightly, and results that depend on where they stand are seen.
#include "audit/lengths/lengths.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "audit/lengths/logit_rows.hpp"
#include "audit/lengths/terms.hpp"
#include "audit/marshal.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {
namespace {

using Terms = const std::vector<float>&;

float sequential(Terms x) {
  float sum = 0;
  for (const float term : x) sum += term;
  return sum;
}

/// As a vector of eight lanes adds.
float in_lanes(Terms x) {
  float lanes[8] = {};
  for (std::size_t i = 0; i < x.size(); ++i) lanes[i % 8] += x[i];
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

float halves(const float* x, std::size_t n) {
  if (n == 1) return x[0];
  return halves(x, n / 2) + halves(x + n / 2, n - n / 2);
}
float pairwise(Terms x) { return halves(x.data(), x.size()); }

float kahan(Terms x) {
  float sum = 0, lost = 0;
  for (const float term : x) {
    const float y = term - lost;
    const float t = sum + y;
    lost = (t - sum) - y;
    sum = t;
  }
  return sum;
}

float in_double(Terms x) {
  double sum = 0;
  for (const float term : x) sum += term;
  return static_cast<float>(sum);
}

const char* const lines[] = {"mean_squared_error exact f32 forward",
                             "binary_crossentropy exact f32 forward from_logits=1 reduction=sum,mean",
                             "softmax exact f32 forward", nullptr};

template <float (*add_up)(Terms)>
int losses(const lossaudit_contract* contract, const lossaudit_tensors* t) {
  const auto* const x = static_cast<const float*>(t->output);
  const auto* const target = static_cast<const float*>(t->target);
  auto* const y = static_cast<float*>(t->result);
  const std::string_view function(contract->function);
  std::vector<float> terms;
  if (function == "binary_crossentropy") {
    for (std::size_t i = 0; i < t->outer * t->classes * t->inner; ++i) {
      const double z = x[i];
      terms.push_back(static_cast<float>(std::max(z, 0.0) - z * target[i] + std::log1p(std::exp(-std::abs(z)))));
    }
    y[0] = add_up(terms);
    if (std::string_view(contract->reduction) == "mean") {
      y[0] /= static_cast<float>(terms.size());
    }
    return LOSSAUDIT_OK;
  }
  for (std::size_t row = 0; row < t->outer * t->inner; ++row) {
    terms.clear();
    for (std::size_t i = 0; i < t->classes; ++i) {
      const std::size_t at = (row / t->inner * t->classes + i) * t->inner + row % t->inner;
      const float difference = function == "softmax" ? 0 : x[at] - target[at];
      terms.push_back(function == "softmax" ? static_cast<float>(std::exp(static_cast<double>(x[at])))
                                            : difference * difference);
    }
    const float sum = add_up(terms);
    if (function == "mean_squared_error") {
      y[row] = sum / static_cast<float>(t->classes);
      continue;
    }
    for (std::size_t i = 0; i < t->classes; ++i) {
      y[(row / t->inner * t->classes + i) * t->inner + row % t->inner] = terms[i] / sum;
    }
  }
  return LOSSAUDIT_OK;
}

RunRecord lengths_of(int (*compute)(const lossaudit_contract*, const lossaudit_tensors*), const char* const* contracts,
                     Function function, std::uint64_t longest) {
  LengthsRequest request;
  request.subjects.push_back(
      {make_builtin({LOSSAUDIT_ABI_VERSION, "mine", "1", contracts, compute}), "mine", "mine", true});
  request.filter.functions = {function};
  request.filter.passes = {Pass::forward, Pass::gradient};
  request.longest = longest;
  return run_lengths(request);
}

template <float (*add_up)(Terms)>
void expect_accumulator(const std::string& name) {
  for (const Function function : {Function::mean_squared_error, Function::binary_crossentropy}) {
    const RunRecord record = lengths_of(losses<add_up>, lines, function, 1 << 17);
    EXPECT_EQ(record.lengths.size(), function == Function::mean_squared_error ? 1U : 2U);
    for (const LengthCurve& curve : record.lengths) {
      EXPECT_EQ(curve.accumulator, name) << curve.function << " " << curve.options << ": exponent " << curve.exponent
                                         << ", " << curve.points.back().rms_ulp << " ulp at "
                                         << curve.points.back().length << ", " << to_json(record)["lengths"].dump();
      EXPECT_EQ(curve.same_bits.at("run to run"), "same bits");
    }
  }
}

TEST(Lengths, NameASequentialFloat) { expect_accumulator<sequential>("float"); }
TEST(Lengths, NameAFloatInLanes) { expect_accumulator<in_lanes>("float"); }
TEST(Lengths, NameAPairwiseSum) { expect_accumulator<pairwise>("pairwise"); }
TEST(Lengths, NameACompensatedSum) { expect_accumulator<kahan>("compensated"); }
TEST(Lengths, NameADouble) { expect_accumulator<in_double>("double"); }

TEST(Lengths, OfRowsTellWhetherTheirErrorsGrow) {
  EXPECT_EQ(lengths_of(losses<sequential>, lines, Function::softmax, 1 << 15).lengths.at(0).accumulator, "float");
  EXPECT_EQ(lengths_of(losses<in_double>, lines, Function::softmax, 1 << 15).lengths.at(0).accumulator,
            "pairwise or better");
}

/// A sample as the reference takes it.
Batch batch_of(const Contract& contract, const Sample& sample) {
  const auto values = [&](const std::vector<std::byte>& stored) {
    std::vector<double> all(stored.size() / static_cast<std::size_t>(traits(contract.format).bytes));
    load_values(contract.format, stored.data(), all);
    return all;
  };
  Batch batch;
  batch.shape = sample.shape;
  batch.output = values(sample.output);
  batch.target = values(sample.target);
  batch.labels = sample.labels;
  return batch;
}

/// By how many ulps of the contract's format what is known is off at most.
double largest_gap(const Contract& contract, const Sample& sample) {
  const std::vector<Expected> exact = expect(contract, batch_of(contract, sample));
  double largest = 0;
  for (const Sample::Known& known : sample.known) {
    const Expected& due = exact.at(known.result);
    const long double gap = known.exact - exact_value(due);
    largest = std::max(largest, static_cast<double>(std::abs(std::ldexp(gap, -due.ulp_exponent))));
  }
  return largest;
}

TEST(Lengths, AreKnownExactly) {
  Random random(5);
  int sums = 0, rows = 0;
  for (const PlannedContract& planned : plan({{}, {Dialect::exact}, {Format::f32, Format::f64}, {Pass::forward}})) {
    const Contract& contract = planned.contract;
    SCOPED_TRACE(to_string(contract));
    const double known_to = contract.format == Format::f32 ? 0x1p-18 : 0x1p-6;
    Sample sample;
    if (const std::optional<TermSum> terms = TermSum::of(contract, random)) {
      ++sums;
      for (const std::uint64_t n : {1, 2, 64, 100}) {
        terms->of_one_size(n, random, sample);
        EXPECT_LT(largest_gap(contract, sample), known_to);
        if (!terms->growing(random, sample)) continue;
        EXPECT_LT(largest_gap(contract, sample), known_to);
      }
    } else if (const std::optional<LogitRows> logits = LogitRows::of(contract)) {
      ++rows;
      for (const std::uint64_t n : {1, 3, 100, 4096, 10000}) {
        logits->make(n, random, sample);
        EXPECT_LT(largest_gap(contract, sample), known_to) << n;
        EXPECT_EQ(sample.known.size() > 1, n > 1 && traits(contract.function).layout == Layout::row_to_row);
      }
    }
  }
  EXPECT_GE(sums, 20);
  EXPECT_GE(rows, 10);
}

TEST(Lengths, GoOnWhereTheyWereStopped) {
  const auto folder = std::filesystem::path(testing::TempDir()) / ("lossaudit_lengths_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  int asked = 0;
  const auto request_of = [&](int questions) {
    LengthsRequest request;
    request.subjects.push_back(
        {make_builtin({LOSSAUDIT_ABI_VERSION, "mine", "1", lines, losses<pairwise>}), "mine", "mine", true});
    request.longest = 10000;
    request.checkpoint = folder / "checkpoint.json";
    request.resume = true;
    asked = 0;
    request.stop = [questions, &asked] { return asked++ == questions; };
    return request;
  };
  const RunRecord at_once = run_lengths(request_of(-1));
  const int asked_at_once = asked;
  EXPECT_FALSE(std::filesystem::exists(folder / "checkpoint.json")) << "nothing is left to go on from";
  for (const int questions : {0, 1, 7, 20}) {
    const RunRecord stopped = run_lengths(request_of(questions));
    EXPECT_TRUE(stopped.interrupted);
    EXPECT_LE(stopped.lengths.size(), at_once.lengths.size());
  }
  LengthsRequest other = request_of(-1);
  other.seed = 2;
  EXPECT_THROW(run_lengths(other), BadInput);
  EXPECT_EQ(run_lengths(request_of(-1)).lengths, at_once.lengths);
  EXPECT_LT(asked, asked_at_once - 15) << "what was done is done again";
  std::filesystem::remove_all(folder);
}

int at_most_100(const lossaudit_contract* contract, const lossaudit_tensors* t) {
  return t->classes > 100 ? LOSSAUDIT_FAILED : losses<in_double>(contract, t);
}

TEST(Lengths, SayWhyACurveEnds) {
  const RunRecord record = lengths_of(at_most_100, lines, Function::softmax, 1000);
  EXPECT_EQ(record.lengths.at(0).points.back().length, 64U);
  EXPECT_EQ(record.lengths.at(0).ended, "no result of 128 terms: answers LOSSAUDIT_FAILED");
}

TEST(Lengths, StayInTheRecord) {
  const RunRecord record = lengths_of(losses<in_double>, lines, Function::mean_squared_error, 100);
  EXPECT_EQ(parse_record(to_json(record), "stored").lengths, record.lengths);
  EXPECT_EQ(record.lengths.at(0).accumulator, "") << "100 terms tell nothing";
  EXPECT_EQ(record.lengths.at(0).points.back().length, 100U);
}

}  // namespace
}  // namespace lossaudit
