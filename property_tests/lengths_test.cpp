// Errors over lengths: planted accumulators are named rightly, and results that depend on where they stand are seen.
#include "audit/lengths/lengths.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "audit/lengths/terms.hpp"
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

TEST(Lengths, AreKnownExactly) {
  Random random(5);
  int sums = 0;
  for (const PlannedContract& planned : plan({{}, {Dialect::exact}, {Format::f32}, {Pass::forward}})) {
    const std::optional<TermSum> terms = TermSum::of(planned.contract, random);
    if (!terms) continue;
    ++sums;
    SCOPED_TRACE(to_string(planned.contract));
    for (const std::uint64_t n : {1, 2, 64}) {
      std::vector<TermSum::Sum> all = {terms->of_one_size(n, random)};
      if (auto growing = terms->growing(random)) all.push_back(std::move(*growing));
      for (const TermSum::Sum& sum : all) {
        const Expected exact = expect(planned.contract, sum.batch).at(0);
        const long double value =
            exact.rounded + std::ldexp(static_cast<long double>(exact.offset), exact.ulp_exponent);
        EXPECT_NEAR(static_cast<double>(std::ldexp(sum.exact - value, -exact.ulp_exponent)), 0, 0x1p-18);
      }
    }
  }
  EXPECT_GE(sums, 10);
}

// ---- the same bits

const char* const elementwise[] = {"sigmoid exact f32 forward,gradient", nullptr};

/// What is wrong with where a result stands.
enum class Flaw { none, tail, neighbour, call };

template <Flaw flaw>
int placed(const lossaudit_contract* /*contract*/, const lossaudit_tensors* t) {
  static int calls = 0;
  ++calls;
  const std::size_t n = t->outer * t->classes * t->inner;
  const auto* const x = static_cast<const float*>(t->output);
  bool any_nan = false;
  for (std::size_t i = 0; i < n; ++i) any_nan = any_nan || std::isnan(x[i]);
  for (std::size_t i = 0; i < n; ++i) {
    const float s = 1 / (1 + std::exp(-x[i]));
    const bool in_tail = i >= n / 8 * 8;
    const bool off = (flaw == Flaw::tail && in_tail) || (flaw == Flaw::neighbour && any_nan) ||
                     (flaw == Flaw::call && calls % 2 == 0);
    static_cast<float*>(t->result)[i] = off ? std::nextafter(s, 0.0F) : s;
  }
  return LOSSAUDIT_OK;
}

template <Flaw flaw>
std::string differing() {
  std::string names;
  const RunRecord record = lengths_of(placed<flaw>, elementwise, Function::sigmoid, 1000);
  EXPECT_EQ(record.lengths.size(), 1U);
  for (const auto& [name, said] : record.lengths.at(0).same_bits) {
    if (said != "same bits") names += (names.empty() ? "" : ", ") + name;
    EXPECT_TRUE(said == "same bits" || said.starts_with("differs: result ")) << said;
  }
  EXPECT_EQ(record.lengths.at(0).same_bits.size(), 4U);
  EXPECT_TRUE(record.lengths.at(0).points.empty());
  return names;
}

TEST(Lengths, SayWhereBitsDiffer) {
  EXPECT_EQ(differing<Flaw::none>(), "");
  EXPECT_EQ(differing<Flaw::tail>(), "alone, at each offset");
  EXPECT_EQ(differing<Flaw::neighbour>(), "beside NaN");
  EXPECT_NE(differing<Flaw::call>().find("run to run"), std::string::npos);
}

TEST(Lengths, StayInTheRecord) {
  const RunRecord record = lengths_of(losses<in_double>, lines, Function::mean_squared_error, 100);
  EXPECT_EQ(parse_record(to_json(record), "stored").lengths, record.lengths);
  EXPECT_EQ(record.lengths.at(0).accumulator, "") << "100 terms tell nothing";
  EXPECT_EQ(record.lengths.at(0).points.back().length, 64U);
}

}  // namespace
}  // namespace lossaudit
