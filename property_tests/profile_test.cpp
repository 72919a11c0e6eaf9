// The published profiles: their figures, what they judge by them, and what they let pass.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "audit/auditor.hpp"
#include "audit/case.hpp"
#include "audit/measure.hpp"
#include "reports/overview.hpp"
#include "reports/writers.hpp"

namespace lossaudit {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Budget budget_of(const std::string& profile, const std::string& contract) {
  return budget(profile_named(profile), parse_contract(contract));
}

struct Published {
  const char *profile, *contract, *text;
};

/// As the projects' sources have them (the commits stand in audit/profiles/).
constexpr Published published[] = {
    {"faithful", "sigmoid exact f32 forward", "1 ulp"},
    {"faithful", "softmax exact f16 forward", "2 ulp"},
    {"faithful", "binary_crossentropy exact f32 gradient", "1 ulp"},
    {"faithful", "sparse_categorical_crossentropy exact f32 forward", "1 ulp"},
    {"faithful", "sparse_categorical_crossentropy exact f32 gradient", "2 ulp"},
    {"webnn", "relu exact f32 forward", "0 ulp"},
    {"webnn", "sigmoid exact f32 forward", "34 ulp"},
    {"webnn", "sigmoid exact f16 forward", "3 ulp"},
    {"webnn", "softplus exact f16 forward", "18 ulp"},
    {"webnn", "softmax exact f32 forward", "3 ulp + 3 ulp a class"},
    {"webnn", "logsumexp exact f16 forward", "18 ulp + 2 ulp a class"},
    {"webnn", "log_softmax exact f32 forward", "none"},
    {"webnn", "sigmoid exact f32 gradient", "none"},
    {"webnn", "sigmoid exact bf16 forward", "none"},
    {"onnx", "sigmoid exact f16 forward", "1e-07 + 0.001 |exact|"},
    {"onnx", "sparse_categorical_crossentropy onnx f32 forward from_logits", "1e-07 + 0.001 |exact|"},
    {"onnx", "sparse_categorical_crossentropy exact f32 forward", "none"},
    {"onnx", "sigmoid exact f32 gradient", "none"},
    {"onnx", "binary_crossentropy exact f32 forward", "none"},
    {"torch", "sigmoid exact f64 forward", "1e-07 + 1e-07 |exact|"},
    {"torch", "sigmoid exact f32 gradient", "1e-05 + 1.3e-06 |exact|"},
    {"torch", "sigmoid exact f16 forward", "1e-05 + 0.001 |exact|"},
    {"torch", "sigmoid exact bf16 forward", "1e-05 + 0.016 |exact|"},
    {"benchdnn", "sigmoid exact f32 forward", "4e-06 |exact|, but 4e-06 where |exact| <= 1e-05"},
    {"benchdnn", "softplus exact f32 forward", "4e-05 |exact|, but 4e-05 where |exact| <= 0.0596"},
    {"benchdnn", "softmax exact f32 forward", "1.19e-06 |exact| or 1.19e-07, but 1.19e-06 where |exact| <= 1e-05"},
    {"benchdnn", "log_softmax exact f32 gradient", "2.38e-05 |exact| or 1.19e-07, but 2.38e-05 where |exact| <= 1e-05"},
    {"benchdnn", "softmax exact bf16 forward", "rounded right or 1.19e-07, but 1.19e-07 where |exact| <= 1e-05"},
    {"benchdnn", "sigmoid exact f64 forward", "none"},
    {"benchdnn", "logsumexp exact f32 forward", "none"},
};

TEST(Profiles, HaveThePublishedFigures) {
  for (const Published& p : published)
    EXPECT_EQ(to_text(budget_of(p.profile, p.contract)), p.text) << p.profile << ' ' << p.contract;
}

/// Every contract without options, in every profile: what follows holds for each.
template <class Test>
void for_each_budget(Test test) {
  for (const Profile& profile : profiles()) {
    for (const FunctionTraits& f : functions()) {
      for (const FormatTraits& t : format_table) {
        for (const Pass pass : {Pass::forward, Pass::gradient}) {
          const Contract contract{f.function, Dialect::exact, t.format, pass, {}};
          test(contract, budget(profile, contract), std::string(profile.name) + ": " + to_string(contract));
        }
      }
    }
  }
}

TEST(Profiles, EveryFigureHasItsSource) {
  for_each_budget([](const Contract&, const Budget& budget, const std::string& where) {
    EXPECT_FALSE(budget.source.empty()) << where;
    EXPECT_EQ(budget.none, to_text(budget) == "none") << where;
  });
}

Expected exactly(Format format, double value) {
  Expected expected;
  expected.kind = Expected::Kind::number;
  expected.rounded = value;
  expected.ulp_exponent = ulp_exponent(format, value == 0 ? -2000 : std::ilogb(value));
  return expected;
}

/// A row of `classes`, or so many elements; the value of the inputs matters where a budget looks at it.
Batch batch_of(std::size_t classes, double input) {
  Batch batch;
  batch.shape = {1, classes, 1};
  batch.output.assign(classes, input);
  return batch;
}

double share(const Budget& budget, const Contract& contract, std::size_t classes, double exact, double computed) {
  const Expected expected = exactly(contract.format, exact);
  return share_of_budget(budget, contract, batch_of(classes, 0), 0, expected,
                         judge(contract.format, expected, computed));
}

/// The number of the format at or below a positive x.
double down(Format format, double x) {
  const double nearest = round_to(format, x);
  return nearest > x ? step(format, nearest, -1) : nearest;
}

TEST(Profiles, AZeroPassesForResultsAsLargeAsTheySay) {
  std::size_t tried = 0;
  for_each_budget([&](const Contract& contract, const Budget& budget, const std::string& where) {
    if (budget.none) return;
    const Format format = contract.format;
    for (const std::size_t classes : {1, 10, 1000}) {
      const double most = zero_passes_up_to(budget, format, classes);
      const std::optional<std::size_t> always = zero_always_passes_from(budget, format);
      EXPECT_EQ(std::isinf(most), always && classes >= *always) << where;
      for (double exact = std::min(most, largest(format)); down(format, exact) > 0; exact /= 16) {
        ASSERT_LE(share(budget, contract, classes, down(format, exact), 0), 1) << where << ' ' << exact;
        ++tried;
      }
      if (std::isinf(most)) continue;
      const double above = step(format, down(format, most), 1);
      EXPECT_GT(share(budget, contract, classes, above, 0), 1) << where << ' ' << above;
    }
  });
  EXPECT_GT(tried, 1000U);
}

TEST(Profiles, AreJudgedAgainstTheExactRealNumber) {
  // 1 + 0.375 ulp exactly; the tolerance ends 2 ulp above it.
  const Contract contract = parse_contract("sigmoid exact f32 forward");
  Expected expected = exactly(Format::f32, 1);
  expected.offset = 0.375;
  const Budget budget = tolerance_budget({.rtol = 0, .atol = 2 * 0x1p-23}, "test");
  const auto judged = [&](double steps) {
    return share_of_budget(budget, contract, batch_of(1, 0), 0, expected,
                           judge(Format::f32, expected, 1 + steps * 0x1p-23));
  };
  EXPECT_DOUBLE_EQ(judged(1), 0.3125);
  EXPECT_DOUBLE_EQ(judged(2), 0.8125);
  EXPECT_DOUBLE_EQ(judged(3), 1.3125);
  EXPECT_DOUBLE_EQ(judged(-1), 0.6875);
  EXPECT_EQ(judged(0), 0) << "the correctly rounded result is within every budget";
}

TEST(Profiles, TheBoundItselfIsWithinAndTheNextNumberIsNot) {
  const Contract contract = parse_contract("sigmoid exact f64 forward");
  const Budget tolerance = tolerance_budget({.rtol = 0.25, .atol = 0.5}, "test");
  EXPECT_EQ(share(tolerance, contract, 1, 2, 3), 1);
  EXPECT_GT(share(tolerance, contract, 1, 2, std::nextafter(3.0, 4.0)), 1);
  const Budget ulps = ulp_budget(4, "test", 2);
  EXPECT_EQ(share(ulps, contract, 3, 1, 1 + 10 * 0x1p-52), 1);
  EXPECT_GT(share(ulps, contract, 3, 1, 1 + 11 * 0x1p-52), 1);
  EXPECT_EQ(share(ulp_budget(0, "test"), contract, 1, 1, 1 + 0x1p-52), infinity);
  EXPECT_EQ(share(no_budget("test"), contract, 1, 1, infinity), 0);
}

TEST(Profiles, TinyResultsOfF64AreJudgedWithoutOverflow) {
  // In ulps both the error and the tolerance are beyond a double.
  const Contract contract = parse_contract("sigmoid exact f64 forward");
  const Budget torch = budget_of("torch", "sigmoid exact f64 forward");
  EXPECT_GT(share(torch, contract, 1, 0x1p-1070, 1), 1e6);
  EXPECT_EQ(share(torch, contract, 1, 0x1p-1070, infinity), infinity);
  EXPECT_GT(share(torch, contract, 1, 0x1p-1070, 2e-7), 1);
  EXPECT_LT(share(torch, contract, 1, 0x1p-1070, 0.9e-7), 1);
}

TEST(Profiles, BenchdnnLooksAtTheInputOfALogisticGradient) {
  const Contract contract = parse_contract("sigmoid exact f32 gradient");
  const Budget budget = budget_of("benchdnn", "sigmoid exact f32 gradient");
  const Expected expected = exactly(Format::f32, 0x1p-8);
  const Judgement judgement = judge(Format::f32, expected, 0x1p-8 + 3e-6);
  EXPECT_LT(share_of_budget(budget, contract, batch_of(1, 5.5), 0, expected, judgement), 1);
  EXPECT_GT(share_of_budget(budget, contract, batch_of(1, -5.5), 0, expected, judgement), 1);
}

// ---- whole audits of planted subjects

const char* const sigmoid_line[] = {"sigmoid exact f32 forward", nullptr};

double sigmoid(double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }

template <double (*wrong)(double)>
int compute(const lossaudit_contract* /*contract*/, const lossaudit_tensors* t) {
  for (std::size_t i = 0; i < t->outer * t->classes * t->inner; ++i) {
    const double exact = sigmoid(static_cast<const float*>(t->output)[i]);
    static_cast<float*>(t->result)[i] = static_cast<float>(wrong(exact));
  }
  return LOSSAUDIT_OK;
}

double right(double exact) { return exact; }
double zero_below_1e_7(double exact) { return exact < 0.99e-7 ? 0 : exact; }
double zero_below_1e_5(double exact) { return exact < 0.99e-5 ? 0 : exact; }
double off_by_20_ulp(double exact) { return exact * (1 + 20 * 0x1p-24); }
double off_by_2e_3(double exact) { return exact > 0.4 ? exact + 2e-3 : exact; }
double nan_near_one(double exact) { return exact > 0.9 ? std::numeric_limits<double>::quiet_NaN() : exact; }

RunRecord audited(const std::string& profile, int (*subject)(const lossaudit_contract*, const lossaudit_tensors*)) {
  AuditRequest request;
  request.subjects.push_back(
      {make_builtin({LOSSAUDIT_ABI_VERSION, "planted", "1", sigmoid_line, subject}), "planted", "planted", true});
  request.filter.functions = {Function::sigmoid};
  request.filter.formats = {Format::f32};
  request.profile = &profile_named(profile);
  request.elements = 2000;
  return run_audit(request);
}

struct Planted {
  const char* what;
  int (*subject)(const lossaudit_contract*, const lossaudit_tensors*);
  std::set<std::string> meets;
};

TEST(Profiles, APlantedErrorMeetsOnlyTheProfilesThatAllowIt) {
  const Planted planted[] = {
      {"right", compute<right>, {"faithful", "webnn", "benchdnn", "onnx", "torch"}},
      {"a 0 for results below 1e-7", compute<zero_below_1e_7>, {"benchdnn", "onnx", "torch"}},
      {"a 0 for results below 1e-5", compute<zero_below_1e_5>, {"torch"}},
      {"20 ulp too large", compute<off_by_20_ulp>, {"webnn", "benchdnn", "onnx", "torch"}},
      {"2e-3 too large", compute<off_by_2e_3>, {}},
      {"NaN", compute<nan_near_one>, {}},
  };
  for (const Planted& p : planted) {
    for (const Profile& profile : profiles()) {
      const RunRecord record = audited(std::string(profile.name), p.subject);
      ASSERT_EQ(record.accuracy.size(), 1U);
      const Accuracy& accuracy = record.accuracy[0];
      EXPECT_EQ(conforms(record), p.meets.contains(std::string(profile.name)))
          << p.what << ", " << profile.name << ": " << accuracy.detail;
      EXPECT_EQ(accuracy.verdict, conforms(record) ? "conforms" : "exceeds") << p.what << ", " << profile.name;
      EXPECT_GT(accuracy.budget_zero_passes, 0) << profile.name;
    }
  }
}

TEST(Profiles, AFindingBeyondAToleranceHasItsOwnCase) {
  // The largest error in ulps is that of the smallest result that is lost; the budget is exceeded elsewhere.
  const RunRecord record = audited("onnx", compute<zero_below_1e_5>);
  const Accuracy& accuracy = record.accuracy.at(0);
  EXPECT_EQ(accuracy.budget_ulp, infinity);
  EXPECT_EQ(accuracy.budget_rtol, 1e-3);
  EXPECT_EQ(accuracy.budget_atol, 1e-7);
  EXPECT_GT(accuracy.budget_share, 80);
  EXPECT_LT(accuracy.budget_share, 90.1) << "0.99e-5 / (1e-7 + 1e-3 * 0.99e-5)";
  EXPECT_EQ(accuracy.budget_worst.computed, "0x0p+0");
  EXPECT_NE(accuracy.budget_worst.replay.find("--profile onnx"), std::string::npos) << accuracy.budget_worst.replay;
  const Overview overview({record});
  ASSERT_EQ(overview.findings.size(), 1U);
  EXPECT_EQ(&witness_of(overview.findings[0]), &overview.findings[0].entry->accuracy->budget_worst);
  EXPECT_NE(finding_text(overview.findings[0]).find("times its budget, 1e-07 + 0.001 |exact|"), std::string::npos);
  EXPECT_NE(
      markdown_report(overview).find("A computed 0 is within the budgets of onnx for exact results: f32 up to 1.01e-7"),
      std::string::npos);
}

TEST(Profiles, WithoutABudgetOnlyRulesJudge) {
  const char* const log_line[] = {"logit exact f32 forward", nullptr};
  const auto off = [](const lossaudit_contract*, const lossaudit_tensors* t) -> int {
    for (std::size_t i = 0; i < t->outer * t->classes * t->inner; ++i) {
      const double p = static_cast<const float*>(t->output)[i];
      static_cast<float*>(t->result)[i] = static_cast<float>(std::log(p / (1 - p)) * 1.01);
    }
    return LOSSAUDIT_OK;
  };
  const auto record_of = [&](int (*subject)(const lossaudit_contract*, const lossaudit_tensors*)) {
    AuditRequest request;
    request.subjects.push_back(
        {make_builtin({LOSSAUDIT_ABI_VERSION, "planted", "1", log_line, subject}), "planted", "planted", true});
    request.filter.functions = {Function::logit};
    request.filter.formats = {Format::f32};
    request.profile = &profile_named("onnx");
    request.elements = 2000;
    return run_audit(request);
  };
  const RunRecord record = record_of(off);
  EXPECT_EQ(record.accuracy.at(0).verdict, "unjudged");
  EXPECT_GT(record.accuracy[0].max_ulp, 1e4) << "it is measured all the same";
  EXPECT_NE(record.accuracy[0].detail.find("no budget in this profile"), std::string::npos);
  EXPECT_TRUE(conforms(record));
  const Overview overview({record});
  EXPECT_EQ(overview.headline(), "planted: no budget in this profile");
  EXPECT_NE(junit_report(overview).find("skipped message=\"no budget in this profile"), std::string::npos);

  const RunRecord broken = record_of([](const lossaudit_contract*, const lossaudit_tensors* t) -> int {
    for (std::size_t i = 0; i < t->outer * t->classes * t->inner; ++i) static_cast<float*>(t->result)[i] = 1;
    return LOSSAUDIT_OK;
  });
  EXPECT_EQ(broken.accuracy.at(0).verdict, "exceeds") << "a NaN became a number";
  EXPECT_FALSE(conforms(broken));
}

}  // namespace
}  // namespace lossaudit
