// What the suite says when something is wrong: with the subject, with its results, or with the choice of it.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "property_tests/relations.hpp"

namespace lossaudit::conform {
namespace {

using Computes = std::function<Outcome(const Contract&, const Batch&, std::span<double>)>;

/// A subject made of a function; it supports the contracts of one function.
class Made : public Subject {
 public:
  Made(std::optional<Function> function, Computes computes) : function_(function), computes_(std::move(computes)) {}
  [[nodiscard]] std::string name() const override { return "made"; }
  [[nodiscard]] std::string version() const override { return "1"; }
  [[nodiscard]] std::string origin() const override { return "built in"; }
  [[nodiscard]] bool supports(const Contract& contract) const override { return contract.function == function_; }
  [[nodiscard]] std::string note(const Contract& /*contract*/) const override { return ""; }
  Outcome compute(const Contract& contract, const Batch& batch, std::span<double> results) override {
    return computes_(contract, batch, results);
  }

 private:
  std::optional<Function> function_;
  Computes computes_;
};

void choose(std::optional<Function> function, Computes computes) {
  choose_subject(std::make_unique<Made>(function, std::move(computes)), "./made.so");
}

const Contract relu = parse_contract("relu exact f32 forward");
const auto within_budget = [](const Batch& batch) { return against_reference(relu, batch); };

/// The one failure that `check` adds.
std::string failure_of(const std::function<void()>& checks) {
  ::testing::TestPartResultArray failures;
  {
    const ::testing::ScopedFakeTestPartResultReporter reporter(
        ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &failures);
    checks();
  }
  EXPECT_EQ(failures.size(), 1);
  return failures.size() == 0 ? "" : failures.GetTestPartResult(0).message();
}

void expect_in(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is not in:\n" << text;
}

TEST(Failures, ShowTheShortestCaseAndTheCommandsThatShowItAgain) {
  choose(Function::relu, [](const Contract&, const Batch& batch, std::span<double> results) {
    for (std::size_t i = 0; i < results.size(); ++i)
      results[i] = batch.output[i] >= 3 ? 1 : std::fmax(batch.output[i], 0);
    for (std::size_t i = 0; i < results.size(); ++i) results[i] = std::isnan(batch.output[i]) ? NAN : results[i];
    return Outcome{};
  });
  const std::string text = failure_of([] { for_all(relu, drawing(relu, Adventure::finite), within_budget); });
  expect_in(text, "relu exact f32 forward\n  case: output=0x1p+2\n");
  expect_in(text, "computed 0x1p+0 (1), due 0x1p+2 (4) correctly rounded");
  expect_in(text, "alone: lossaudit audit ./made.so --contract 'relu exact f32 forward' --case 'output=0x1p+2'\n");
  expect_in(text, "again: RC_PARAMS=\"reproduce=");
  expect_in(text, "\" lossaudit-conform ./made.so --gtest_filter=Failures.ShowTheShortestCase");
}

TEST(Failures, OfASubjectThatCrashesAreShrunk) {
  choose(Function::relu, [](const Contract&, const Batch& batch, std::span<double>) {
    const bool any = std::any_of(batch.output.begin(), batch.output.end(), [](double x) { return x < 0; });
    return Outcome{any ? Outcome::Kind::crashed : Outcome::Kind::failed, any ? "signal 11" : "no"};
  });
  const auto runs = [](const Batch& batch) -> Complaint {
    const bool any = std::any_of(batch.output.begin(), batch.output.end(), [](double x) { return x < 0; });
    if (any) compute(relu, batch);
    return {};
  };
  const std::string text = failure_of([&] { for_all(relu, drawing(relu, Adventure::finite), runs); });
  expect_in(text, "case: output=-0x1p+0\n");
  expect_in(text, "the subject crashed: signal 11\n  alone: lossaudit audit");
}

TEST(Failures, OfASubjectThatHangsCostOneCall) {
  int calls = 0;
  choose(Function::relu, [&](const Contract&, const Batch&, std::span<double>) {
    ++calls;
    return Outcome{Outcome::Kind::hung, "no answer"};
  });
  expect_in(failure_of([] { for_all(relu, drawing(relu, Adventure::finite), within_budget); }), "hung: no answer");
  expect_in(failure_of([] { for_all(relu, drawing(relu, Adventure::finite), within_budget); }),
            "hung on this contract before");
  EXPECT_EQ(calls, 1);
}

TEST(Failures, OfGradientsThatDoNotSumToZero) {
  const Contract gradient = parse_contract("sparse_categorical_crossentropy exact f32 gradient from_logits");
  const auto softmax_less_one_hot = [](double shift) {
    return [shift](const Contract& contract, const Batch& batch, std::span<double> results) {
      const std::vector<Expected> expected = expect(contract, batch);
      for (std::size_t i = 0; i < results.size(); ++i) results[i] = expected[i].rounded * (1 + shift);
      for (std::size_t i = 0; i < results.size(); i += batch.shape.classes) results[i] += shift;
      return Outcome{};
    };
  };
  choose(gradient.function, softmax_less_one_hot(0));
  gradient_sums_to_zero(gradient);
  choose(gradient.function, softmax_less_one_hot(0x1p-19));
  expect_in(failure_of([&] { gradient_sums_to_zero(gradient); }), "the gradient sums to ");
}

TEST(ChosenSubject, ThatSupportsNothingIsRefused) {
  try {
    choose(std::nullopt, {});
    FAIL() << "taken";
  } catch (const BadInput& refusal) {
    expect_in(refusal.what(), "'./made.so' supports no contract of this suite");
  }
}

/// Enclosing is a claim about every subject within the budget: it must be tight enough to tell one that is not.
TEST(Enclosed, TakesTheBudgetsAndNoMore) {
  const Contract sigmoid = parse_contract("sigmoid exact f32 forward");
  const double high = 1 + reach(sigmoid, 1);
  EXPECT_EQ(enclosed(sigmoid, 0.5, 1, high), "");
  EXPECT_NE(enclosed(sigmoid, 0.5, 1, step(Format::f32, high, 1)), "");
  EXPECT_EQ(apart(Format::f32, 1, step(Format::f32, 1, -8)), 4);
  EXPECT_EQ(apart(Format::f16, largest(Format::f16), INFINITY), 1);
  EXPECT_EQ(apart(Format::f64, largest(Format::f64), INFINITY), 1);
  EXPECT_EQ(apart(Format::f32, smallest(Format::f32), 0), 1);
  EXPECT_EQ(apart(Format::f32, NAN, 1), INFINITY);
  EXPECT_EQ(apart(Format::f32, NAN, NAN), 0);
}

}  // namespace
}  // namespace lossaudit::conform
