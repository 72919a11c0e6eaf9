// The semantic gap: what each dialect answers, against mathematics.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "reference/semantic_gap.hpp"

namespace lossaudit {
namespace {

Batch case_of(std::vector<double> output, std::vector<double> target) {
  Batch batch;
  batch.shape = {1, output.size(), 1};
  batch.output = std::move(output);
  batch.target = std::move(target);
  return batch;
}

const DialectAnswer& answer_of(const std::vector<DialectAnswer>& answers, Dialect dialect) {
  return answers.at(static_cast<std::size_t>(dialect));
}

TEST(SemanticGap, IsNoneWhereADialectIsTheMathematics) {
  const Contract contract = parse_contract("binary_crossentropy exact f32 forward from_logits");
  for (const DialectAnswer& answer : answers_of_dialects(contract, case_of({-3.5, 0, 7}, {1, 0.25, 0}), 20)) {
    if (!answer.refusal.empty()) continue;
    for (const Gap& gap : answer.gaps) {
      EXPECT_EQ(gap.relative, 0) << traits(answer.dialect).name;
      EXPECT_EQ(gap.ulp, 0) << traits(answer.dialect).name;
    }
  }
}

TEST(SemanticGap, IsTheDistanceOfTheExactResults) {
  const Contract contract = parse_contract("binary_crossentropy exact f32 forward");
  // keras1 clips 2^-30 at round(1e-7); −ln of them are 20.79 and 16.12.
  const auto answers = answers_of_dialects(contract, case_of({0x1p-30}, {1}), 20);
  const double exact = 30 * std::log(2.0);
  const double clipped = -std::log(round_to(Format::f32, 1e-7));
  const Gap& gap = answer_of(answers, Dialect::keras1).gaps.at(0);
  EXPECT_NEAR(gap.relative, (clipped - exact) / exact, 1e-14);
  EXPECT_NEAR(gap.ulp, (exact - clipped) / 0x1p-19, 1e-6);  // 20.79 lies in [2^4, 2^5)
  EXPECT_EQ(answer_of(answers, Dialect::torch).gaps.at(0).relative, 0);
}

TEST(SemanticGap, OfLimitsAndNaN) {
  const Contract contract = parse_contract("binary_crossentropy exact f32 forward");
  const auto at_zero = answers_of_dialects(contract, case_of({0}, {1}), 20);
  EXPECT_EQ(answer_of(at_zero, Dialect::torch).gaps.at(0).relative, -HUGE_VAL);
  const auto outside = answers_of_dialects(contract, case_of({-1}, {1}), 20);
  EXPECT_TRUE(std::isnan(answer_of(outside, Dialect::keras1).gaps.at(0).ulp)) << "a number where mathematics has none";
  EXPECT_EQ(answer_of(outside, Dialect::torch).gaps.at(0).ulp, 0) << "NaN in both";
}

TEST(SemanticGap, SaysWhoHasNoAnswerAndWhy) {
  const Contract contract = parse_contract("binary_crossentropy exact f32 forward pos_weight=2");
  const auto answers = answers_of_dialects(contract, case_of({0.5}, {1}), 20);
  EXPECT_NE(answer_of(answers, Dialect::torch).refusal.find("pos_weight"), std::string::npos);
  EXPECT_NE(answer_of(answers, Dialect::onnx).refusal.find("does not define"), std::string::npos);
  EXPECT_TRUE(answer_of(answers, Dialect::onnx).results.empty());
}

TEST(SemanticGap, AnEpsilonGoesToThoseThatHaveOne) {
  const Contract contract = parse_contract("binary_crossentropy keras1 f32 forward epsilon=0.25");
  const auto answers = answers_of_dialects(contract, case_of({0.125}, {1}), 20);
  EXPECT_EQ(answer_of(answers, Dialect::exact).results.at(0).decimal.substr(0, 6), "2.0794");
  EXPECT_EQ(answer_of(answers, Dialect::keras1).results.at(0).decimal.substr(0, 6), "1.3862");
}

TEST(SemanticGap, WhatMathematicsCannotTakeIsRefused) {
  const Contract contract = parse_contract("binary_crossentropy exact f32 forward");
  EXPECT_THROW(answers_of_dialects(contract, case_of({0.5}, {}), 20), BadInput);
}

}  // namespace
}  // namespace lossaudit
