// Tests of the table of known defects: the check sees each, and the reference agrees with what the threads print.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "audit/case.hpp"
#include "audit/measure.hpp"
#include "audit/profile.hpp"
#include "property_tests/known_defects.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {

void PrintTo(const KnownDefect& defect, std::ostream* out) { *out << defect.thread; }

namespace {

class KnownDefectTable : public ::testing::TestWithParam<KnownDefect> {
 protected:
  const Contract contract = parse_contract(GetParam().contract);
  const Expected expected = expect(contract, parse_case(contract, GetParam().inputs)).at(GetParam().result);
};

const auto name_of = [](const auto& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(, KnownDefectTable, ::testing::ValuesIn(known_defects().begin(), known_defects().end()),
                         name_of);

/// What came back then, judged as an answer of today; a judge that finds everything wrong would see it too, so the
/// right answer has to pass.
TEST_P(KnownDefectTable, WrongAnswerIsAFindingAndTheRightOneIsNot) {
  const std::optional<double> returned = parse_number(contract.format, GetParam().returned);
  ASSERT_TRUE(returned.has_value()) << GetParam().returned;
  const Judgement wrong = judge(contract.format, expected, round_to(contract.format, *returned));
  EXPECT_TRUE(!wrong.broken_rule.empty() || wrong.ulp > budget(profile_named("faithful"), contract).ulp)
      << GetParam().returned << " passes as " << wrong.ulp << " ulp from the exact result";

  const Judgement right =
      judge(contract.format, expected, expected.kind == Expected::Kind::nan ? std::nan("") : expected.rounded);
  EXPECT_EQ(right.broken_rule, "");
  EXPECT_LE(right.ulp, 0.5);
}

/// One unit in the last printed digit of "16.11810" or "3.72e-44".
double last_digit_of(std::string_view digits) {
  const std::size_t e = std::min(digits.find('e'), digits.size());
  const std::size_t point = std::min(digits.find('.'), e);
  const int decimals = point == e ? 0 : static_cast<int>(e - point) - 1;
  const int exponent = e == digits.size() ? 0 : std::stoi(std::string(digits.substr(e + 1)));
  return std::pow(10.0, exponent - decimals);
}

std::vector<KnownDefect> with_published_digits() {
  std::vector<KnownDefect> defects;
  for (const KnownDefect& defect : known_defects()) {
    if (!defect.right.empty()) defects.push_back(defect);
  }
  return defects;
}

class PublishedAnswers : public KnownDefectTable {};
INSTANTIATE_TEST_SUITE_P(, PublishedAnswers, ::testing::ValuesIn(with_published_digits()), name_of);

/// The exact result of the case is the published one to its last digit.
TEST_P(PublishedAnswers, AreTheReferences) {
  const std::string_view published = GetParam().right;
  ASSERT_EQ(expected.kind, Expected::Kind::number);
  const double exact = expected.rounded + std::ldexp(expected.offset, expected.ulp_exponent);
  EXPECT_NEAR(exact, *parse_number(Format::f64, published), 0.5000001 * last_digit_of(published)) << published;
}

}  // namespace
}  // namespace lossaudit
