// Tests of the table of known defects: the check sees each, and the reference agrees with what the threads print.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/case.hpp"
#include "audit/measure.hpp"
#include "audit/profile.hpp"
#include "audit/subject.hpp"
#include "property_tests/known_defects.hpp"
#include "property_tests/subject_under_test.hpp"
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

/// A subject that has its answers from here.
class Given : public Subject {
 public:
  explicit Given(std::vector<double> results) : results_(std::move(results)) {}
  [[nodiscard]] std::string name() const override { return "given"; }
  [[nodiscard]] std::string version() const override { return "1"; }
  [[nodiscard]] std::string origin() const override { return "built in"; }
  [[nodiscard]] bool supports(const Contract& contract) const override { return is_meaningful(contract); }
  [[nodiscard]] std::string note(const Contract& /*contract*/) const override { return ""; }
  Outcome compute(const Contract& /*contract*/, const Batch& /*batch*/, std::span<double> results) override {
    std::copy(results_.begin(), results_.end(), results.begin());
    return {};
  }

 private:
  std::vector<double> results_;
};

/// The conformance suite's own replay trips every row when the row's one result is what came back then, and otherwise
/// not. So each row is a planted bug that its check catches (mutants_test.cpp relies on it).
TEST(KnownDefectReplay, IsTrippedByWhatCameBackThenAlone) {
  for (const KnownDefect& defect : known_defects()) {
    SCOPED_TRACE(std::string(defect.name));
    const Contract contract = parse_contract(defect.contract);
    const Batch batch = parse_case(contract, defect.inputs);
    const std::vector<Expected> expected = expect(contract, batch);
    std::vector<double> results;
    for (const Expected& e : expected) results.push_back(e.kind == Expected::Kind::nan ? std::nan("") : e.rounded);
    conform::choose_subject(std::make_unique<Given>(results), "./as-it-should-be.so");
    const Replay right = replay(defect, contract, batch, expected);
    EXPECT_EQ(right.complaint, "");
    EXPECT_FALSE(right.missed_limit);
    results.at(defect.result) = round_to(contract.format, *parse_number(Format::f64, defect.returned));
    conform::choose_subject(std::make_unique<Given>(results), "./as-it-was.so");
    const Replay wrong = replay(defect, contract, batch, expected);
    EXPECT_TRUE(!wrong.complaint.empty() || wrong.missed_limit);
  }
}

/// The reference's answer to a case of one result.
double answer(const char* contract_text, const char* inputs) {
  const Contract contract = parse_contract(contract_text);
  const Expected e = expect(contract, parse_case(contract, inputs)).at(0);
  return e.rounded + std::ldexp(e.offset, e.ulp_exponent);
}

/// pytorch#73205 and torch-mlir PR#3585 say it so: the result is that of the batch without the ignored rows.
TEST(KnownDefectRelations, IgnoredRowsAreAsIfTheyWereNotThere) {
  for (const char* options : {"", "label_smoothing=0.2 ", "label_smoothing=0.2 class_weights "}) {
    for (const char* dialect : {"exact", "torch", "keras1", "keras2", "keras3", "tf", "optax", "onnx"}) {
      const std::string contract = "sparse_categorical_crossentropy " + std::string(dialect) +
                                   " f64 forward from_logits reduction=mean ignore_index=-100 " + options;
      const std::string weights = contract.find("class_weights") == std::string::npos ? "" : " class_weights=3,1,2";
      EXPECT_EQ(answer(contract.c_str(), ("shape=3x3x1 output=2,1,0,0,0,5,1,4,1 labels=0,-100,2" + weights).c_str()),
                answer(contract.c_str(), ("shape=2x3x1 output=2,1,0,1,4,1 labels=0,2" + weights).c_str()))
          << contract;
    }
  }
}

/// pytorch#107680 says it so.
TEST(KnownDefectRelations, HardLabelsAreTheirOneHotVectors) {
  EXPECT_EQ(answer("sparse_categorical_crossentropy exact f64 forward from_logits reduction=mean class_weights",
                   "shape=2x3x1 output=2.3,2.1,4.5,4.2,3.2,5.1 labels=1,2 class_weights=25,25,100"),
            answer("categorical_crossentropy exact f64 forward from_logits reduction=mean class_weights",
                   "shape=2x3x1 output=2.3,2.1,4.5,4.2,3.2,5.1 target=0,1,0,0,0,1 class_weights=25,25,100"));
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
