// The error measure and the rules, against cases derived by hand from the definition of the ulp.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "audit/accumulator.hpp"
#include "audit/case.hpp"
#include "audit/measure.hpp"

namespace lossaudit {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// An exact result that is `rounded` + `offset` ulps, where an ulp is 2^exponent.
Expected number(double rounded, int exponent, double offset = 0) {
  Expected expected;
  expected.kind = Expected::Kind::number;
  expected.rounded = rounded;
  expected.ulp_exponent = exponent;
  expected.offset = offset;
  return expected;
}
Expected limit(Expected::Kind kind, double rounded, bool recommended) {
  Expected expected;
  expected.kind = kind;
  expected.rounded = rounded;
  expected.recommended = recommended;
  return expected;
}

struct UlpCase {
  const char* what;
  Format format;
  Expected exact;
  double computed;
  double ulp;
};

TEST(Judge, UlpErrorsByHand) {
  const UlpCase cases[] = {
      {"exact", Format::f32, number(1, -23), 1, 0},
      {"one above 1", Format::f32, number(1, -23), 1 + 0x1p-23, 1},
      // Below 1 the numbers are half as far apart, but the ulp is that of the exact value.
      {"one below 1", Format::f32, number(1, -23), 1 - 0x1p-24, 0.5},
      {"exact just below a binade's edge", Format::f32, number(1, -24, -0.25), 1, 0.25},
      {"the same exact value, computed across the edge", Format::f32, number(1, -24, -0.25), 1 + 0x1p-23, 2.25},
      {"fractional", Format::f32, number(1, -23, 0.375), 1 + 0x1p-23, 0.625},
      {"smallest subnormal for an exact 0", Format::f32, number(0, -149), 0x1p-149, 1},
      {"0 for the smallest subnormal", Format::f32, number(0x1p-149, -149), 0, 1},
      {"a third of the smallest subnormal", Format::f32, number(0, -149, 1.0 / 3), 0, 1.0 / 3},
      {"flushed subnormal", Format::f32, number(0x1p-127, -149), 0, 0x1p22},
      {"minus 0 is 0", Format::f32, number(0, -149), -0.0, 0},
      {"the other sign", Format::f32, number(0x1p-149, -149), -0x1p-149, 2},
      {"largest, computed infinite: counts as 2^128", Format::f32, number(0x1.fffffep+127, 104), infinity, 1},
      {"beyond 2^128, computed the largest", Format::f32, number(infinity, 104), 0x1.fffffep+127, 1},
      {"f16 keeps its own ulp", Format::f16, number(1, -10), 1 + 0x1p-10, 1},
      {"bf16 keeps its own ulp", Format::bf16, number(1, -7), 1 + 0x1p-6, 2},
      {"f64", Format::f64, number(1, -52), 1 + 0x1p-50, 4},
  };
  for (const UlpCase& c : cases) {
    const Judgement judgement = judge(c.format, c.exact, c.computed);
    EXPECT_TRUE(judgement.numeric) << c.what;
    EXPECT_DOUBLE_EQ(judgement.ulp, c.ulp) << c.what;
    EXPECT_EQ(judgement.correctly_rounded, c.computed == c.exact.rounded) << c.what;
  }
}

TEST(Judge, RelativeErrors) {
  EXPECT_DOUBLE_EQ(judge(Format::f32, number(4, -21), 5).relative, 0.25);
  EXPECT_EQ(judge(Format::f32, number(0, -149), 0).relative, 0);
  EXPECT_EQ(judge(Format::f32, number(0, -149), 1).relative, infinity);
}

struct RuleCase {
  const char* what;
  Expected exact;
  double computed;
  const char* rule;
  bool required;
};

TEST(Judge, RulesByHand) {
  using Kind = Expected::Kind;
  const double largest_value = largest(Format::f32);
  const RuleCase cases[] = {
      {"an infinity where 1 is due", number(1, -23), infinity, "finite", true},
      {"an infinity where the largest number is due", number(largest_value, 104), infinity, "finite", true},
      {"the infinity next above", number(largest_value, 104, 0.25), infinity, "", true},
      {"the other infinity", number(largest_value, 104, 0.25), -infinity, "finite", true},
      {"the negative infinity next below", number(-largest_value, 104, -0.25), -infinity, "", true},
      {"an infinity by rounding, computed the largest", number(infinity, 104, -0.25), largest_value, "", true},
      {"an overflow, computed so", number(infinity, 104), infinity, "", true},
      {"an overflow, computed finite", number(infinity, 104), largest_value, "overflow", true},
      {"an overflow of the other sign", number(-infinity, 104), infinity, "overflow", true},
      {"NaN where a number is due", number(1, -23), not_a_number, "number_due", true},
      {"NaN where an infinity is due", limit(Kind::infinity, infinity, false), not_a_number, "number_due", true},
      {"a pole", limit(Kind::infinity, infinity, false), infinity, "", true},
      {"a pole cut off", limit(Kind::infinity, infinity, false), 100, "pole", true},
      {"a number where NaN is due", limit(Kind::nan, not_a_number, false), 0, "nan_stays_nan", true},
      {"an infinity where NaN is due", limit(Kind::nan, not_a_number, false), infinity, "nan_stays_nan", true},
      {"NaN as due", limit(Kind::nan, not_a_number, false), -not_a_number, "", true},
      {"a limit missed", limit(Kind::infinity, infinity, true), not_a_number, "limits", false},
      {"a NaN that is only recommended", limit(Kind::nan, not_a_number, true), 1, "limits", false},
      {"a limit met", limit(Kind::infinity, -infinity, true), -infinity, "", false},
  };
  for (const RuleCase& c : cases) {
    const Judgement judgement = judge(Format::f32, c.exact, c.computed);
    EXPECT_EQ(judgement.broken_rule, c.rule) << c.what;
    EXPECT_EQ(judgement.required, c.required) << c.what;
  }
}

/// Puts results to an accumulator as a subject's answer to the batch of this case.
Accumulator accumulate(const Contract& contract, const std::string& text, const std::vector<double>& computed) {
  const auto batch = std::make_shared<const Batch>(parse_case(contract, text));
  Accumulator results(contract, {4, "test"});
  results.add(batch, expect(contract, *batch), computed);
  return results;
}

const RuleResult* rule_of(const Accuracy& accuracy, const std::string& name) {
  for (const RuleResult& rule : accuracy.rules) {
    if (rule.rule == name) return &rule;
  }
  return nullptr;
}

TEST(Accumulator, CountsMeansAndTheWorstPlace) {
  const Contract contract = parse_contract("relu exact f32 forward");
  const Accumulator results = accumulate(contract, "output=1,2,-3,nan", {1, 2 + 0x1p-20, 0x1p-149, not_a_number});
  const Accuracy accuracy = results.accuracy();
  EXPECT_EQ(accuracy.count, 4U);
  EXPECT_DOUBLE_EQ(accuracy.max_ulp, 4);  // 2^-20 at 2, whose ulp is 2^-22
  EXPECT_DOUBLE_EQ(accuracy.mean_ulp, 5.0 / 3);
  EXPECT_DOUBLE_EQ(accuracy.correctly_rounded, 1.0 / 3);
  EXPECT_DOUBLE_EQ(accuracy.max_relative_error, 0x1p-21);  // not the subnormal's, which would be infinite
  EXPECT_EQ(results.worst().result, 1U);
  EXPECT_FALSE(results.exceeds_budget());  // 4 is within 4
  EXPECT_EQ(accuracy.curve_axis, "input");
  EXPECT_EQ(accuracy.curve.size(), 3U);
  ASSERT_NE(rule_of(accuracy, "nan_stays_nan"), nullptr);
  EXPECT_EQ(rule_of(accuracy, "nan_stays_nan")->broken, 0U);
  EXPECT_EQ(rule_of(accuracy, "overflow"), nullptr) << "a rule that nothing put to the test is not reported";
}

TEST(Accumulator, ARecommendedResultNeverFails) {
  const Contract contract = parse_contract("sigmoid exact f32 forward");
  const Accumulator results = accumulate(contract, "output=inf,-inf,0", {not_a_number, 0.25, 0.5});
  const Accuracy accuracy = results.accuracy();
  EXPECT_EQ(accuracy.max_ulp, 0);
  EXPECT_FALSE(results.breaks_required_rule());
  ASSERT_NE(rule_of(accuracy, "limits"), nullptr);
  EXPECT_EQ(rule_of(accuracy, "limits")->broken, 2U);
  EXPECT_FALSE(rule_of(accuracy, "limits")->required);
}

TEST(Accumulator, SoftmaxSumsToOneWithinFaithfulRounding) {
  const Contract contract = parse_contract("softmax exact f32 forward");
  const double third = round_to(Format::f32, 1.0 / 3);
  const double ulp = 0x1p-25;  // of 1/3
  // 1/3 rounds up by a third of an ulp: the sum is 1 + 1 ulp, and 3 ulp are allowed.
  EXPECT_FALSE(accumulate(contract, "output=0*3", {third, third, third}).breaks_required_rule());
  // Each within the budget of 2 ulp, all to the same side.
  const Accumulator low = accumulate(contract, "output=0*3", {third - 2 * ulp, third - 2 * ulp, third - 2 * ulp});
  EXPECT_FALSE(low.exceeds_budget());
  ASSERT_NE(rule_of(low.accuracy(), "sum_to_one"), nullptr);
  EXPECT_EQ(rule_of(low.accuracy(), "sum_to_one")->broken, 1U);
  EXPECT_TRUE(low.breaks_required_rule());
  // To different sides it still sums to 1.
  EXPECT_FALSE(accumulate(contract, "output=0*3", {third - 2 * ulp, third + 2 * ulp, third}).breaks_required_rule());
}

TEST(Accumulator, RowsAreChartedByClassCount) {
  const Contract contract = parse_contract("logsumexp exact f32 forward");
  const auto at_two = std::make_shared<const Batch>(parse_case(contract, "shape=2x2x1 output=0*4"));
  const auto at_one = std::make_shared<const Batch>(parse_case(contract, "output=3"));
  Accumulator results(contract, {4, "test"});
  const double ln2 = expect(contract, *at_two)[0].rounded;
  results.add(at_two, expect(contract, *at_two), std::vector<double>{ln2, step(Format::f32, ln2, 3)});
  results.add(at_one, expect(contract, *at_one), std::vector<double>{3});
  const Accuracy accuracy = results.accuracy();
  EXPECT_EQ(accuracy.curve_axis, "classes");
  ASSERT_EQ(accuracy.curve.size(), 2U);
  EXPECT_EQ(accuracy.curve[0].at, 1);
  EXPECT_EQ(accuracy.curve[0].max_ulp, 0);
  EXPECT_EQ(accuracy.curve[1].at, 2);
  EXPECT_GT(accuracy.curve[1].max_ulp, 2);
}

TEST(Accumulator, TheCurveSpansTheWholeOrderOfF64) {
  const Contract contract = parse_contract("relu exact f64 forward");
  const Accumulator results = accumulate(contract, "output=-0x1.8p+1023,-1,1,0x1.8p+1023", {0, 0, 1, 0x1.8p+1023});
  const Accuracy accuracy = results.accuracy();
  ASSERT_EQ(accuracy.curve.size(), 4U);
  EXPECT_TRUE(std::is_sorted(accuracy.curve.begin(), accuracy.curve.end(),
                             [](const CurvePoint& a, const CurvePoint& b) { return a.at < b.at; }));
}

TEST(Steps, SpanTheWholeOrderOfEveryFormat) {
  for (const FormatTraits& t : format_table) {
    EXPECT_EQ(step(t.format, 0, 1), smallest(t.format)) << t.name;
    EXPECT_EQ(step(t.format, 0, -1), -smallest(t.format)) << t.name;
    EXPECT_EQ(step(t.format, 0, std::int64_t{1} << (t.precision - 1)), std::ldexp(1.0, t.min_exponent)) << t.name;
    EXPECT_EQ(step(t.format, largest(t.format), 1), infinity) << t.name;
    EXPECT_EQ(step(t.format, -largest(t.format), std::numeric_limits<std::int64_t>::min()), -infinity) << t.name;
    EXPECT_EQ(step(t.format, -infinity, last_ordinal(t.format)), 0) << t.name;
  }
}

}  // namespace
}  // namespace lossaudit
