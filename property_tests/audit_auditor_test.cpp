// Whole audits of tiny subjects that are known to be right, wrong, or worse.
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <cstring>
#include <set>
#include <string>

#include "audit/auditor.hpp"
#include "audit/case.hpp"
#include "audit/shrink.hpp"
#include "audit/witness.hpp"

namespace lossaudit {
namespace {

const char* const relu_line[] = {"relu exact f32 forward  # written for this test", nullptr};
const char* const softmax_line[] = {"softmax exact f32 forward axis", nullptr};

std::size_t count_of(const lossaudit_tensors* t) { return t->outer * t->classes * t->inner; }

/// relu as `one` has it, value by value.
template <float (*one)(float)>
int elementwise(const lossaudit_contract* /*contract*/, const lossaudit_tensors* tensors) {
  for (std::size_t i = 0; i < count_of(tensors); ++i) {
    static_cast<float*>(tensors->result)[i] = one(static_cast<const float*>(tensors->output)[i]);
  }
  return LOSSAUDIT_OK;
}

float right(float x) { return x > 0 || std::isnan(x) ? x : 0; }
float off_above_100(float x) {
  return x > 100 && std::isfinite(x) ? std::nextafter(std::nextafter(x, 0.0F), 0.0F) * 0.999999F : right(x);
}
float swallows_nan(float x) { return x > 0 ? x : 0; }

/// Right in batches of up to three rows; in larger ones every fourth element is wrong, as in a remainder loop.
int wrong_in_company(const lossaudit_contract* contract, const lossaudit_tensors* tensors) {
  elementwise<right>(contract, tensors);
  for (std::size_t i = 3; i < count_of(tensors); i += 4) static_cast<float*>(tensors->result)[i] += 1;
  return LOSSAUDIT_OK;
}

int refuses_long(const lossaudit_contract* contract, const lossaudit_tensors* tensors) {
  return count_of(tensors) > 100 ? LOSSAUDIT_UNSUPPORTED : elementwise<right>(contract, tensors);
}

int fails_on_nan(const lossaudit_contract* contract, const lossaudit_tensors* tensors) {
  for (std::size_t i = 0; i < count_of(tensors); ++i) {
    if (std::isnan(static_cast<const float*>(tensors->output)[i])) return LOSSAUDIT_FAILED;
  }
  return elementwise<right>(contract, tensors);
}

/// exp over the sum, no maximum subtracted.
int naive_softmax(const lossaudit_contract* /*contract*/, const lossaudit_tensors* t) {
  const auto* x = static_cast<const float*>(t->output);
  auto* result = static_cast<float*>(t->result);
  for (std::size_t o = 0; o < t->outer; ++o) {
    for (std::size_t i = 0; i < t->inner; ++i) {
      const std::size_t first = o * t->classes * t->inner + i;
      float sum = 0;
      for (std::size_t c = 0; c < t->classes; ++c) sum += std::exp(x[first + c * t->inner]);
      for (std::size_t c = 0; c < t->classes; ++c)
        result[first + c * t->inner] = std::exp(x[first + c * t->inner]) / sum;
    }
  }
  return LOSSAUDIT_OK;
}

AuditRequest request_for(const std::vector<lossaudit_subject>& subjects, Function function,
                         std::size_t elements = 2000) {
  AuditRequest request;
  for (const lossaudit_subject& subject : subjects) {
    request.subjects.push_back({make_builtin(subject), subject.name, subject.name, true});
  }
  request.filter.functions = {function};
  request.profile = &profile_named("faithful");
  request.elements = elements;
  return request;
}

RunRecord audit_of(const std::vector<lossaudit_subject>& subjects, Function function) {
  AuditRequest request = request_for(subjects, function);
  return run_audit(request);
}

lossaudit_subject relu_subject(const char* name, int (*compute)(const lossaudit_contract*, const lossaudit_tensors*)) {
  return {LOSSAUDIT_ABI_VERSION, name, "1", relu_line, compute};
}

const Accuracy& accuracy_of(const RunRecord& record, const std::string& subject, const std::string& format = "f32",
                            const std::string& options = "") {
  for (const Accuracy& accuracy : record.accuracy) {
    if (accuracy.subject == subject && accuracy.format == format && accuracy.options == options) return accuracy;
  }
  throw std::runtime_error("no accuracy of " + subject + " in " + format);
}

const RuleResult& rule_of(const Accuracy& accuracy, const std::string& name) {
  for (const RuleResult& rule : accuracy.rules) {
    if (rule.rule == name) return rule;
  }
  throw std::runtime_error("rule " + name + " was not tested");
}

TEST(Audit, ARightSubjectConformsInEveryNumber) {
  const RunRecord record = audit_of({relu_subject("right", elementwise<right>)}, Function::relu);
  ASSERT_EQ(record.subjects.size(), 1U);
  EXPECT_EQ(record.subjects[0].name, "right");
  EXPECT_TRUE(record.subjects[0].gated);
  ASSERT_EQ(record.accuracy.size(), 4U);  // f32, and three formats it does not declare
  const Accuracy& accuracy = accuracy_of(record, "right");
  EXPECT_EQ(accuracy.verdict, "conforms") << accuracy.detail;
  EXPECT_GT(accuracy.count, 4000U);
  EXPECT_EQ(accuracy.max_ulp, 0);
  EXPECT_EQ(accuracy.correctly_rounded, 1);
  EXPECT_EQ(accuracy.evidence, "observed");
  EXPECT_EQ(accuracy.budget_ulp, 1);
  EXPECT_FALSE(accuracy.budget_source.empty());
  EXPECT_EQ(accuracy.note, "written for this test");
  EXPECT_NE(accuracy.inputs.find("special_values"), std::string::npos);
  EXPECT_NE(accuracy.inputs.find("seed 1"), std::string::npos);
  EXPECT_FALSE(accuracy.worst.inputs.empty());
  EXPECT_EQ(rule_of(accuracy, "nan_stays_nan").broken, 0U);
  EXPECT_EQ(accuracy.curve_axis, "input");
  EXPECT_GT(accuracy.curve.size(), 400U);
  EXPECT_EQ(accuracy_of(record, "right", "f64").verdict, "unsupported");
  EXPECT_EQ(accuracy_of(record, "right", "f64").count, 0U);
  EXPECT_FALSE(record.machine.at("cores").empty());
  EXPECT_TRUE(conforms(record));
}

TEST(Audit, TheLargestErrorIsShownByOneInput) {
  const RunRecord record = audit_of({relu_subject("off", elementwise<off_above_100>)}, Function::relu);
  const Accuracy& accuracy = accuracy_of(record, "off");
  EXPECT_EQ(accuracy.verdict, "exceeds");
  EXPECT_NE(accuracy.detail.find("budget 1"), std::string::npos);
  EXPECT_GT(accuracy.max_ulp, 9);
  EXPECT_LT(accuracy.max_ulp, 20);
  ASSERT_EQ(accuracy.worst.inputs.at("output").size(), 1U);
  const auto input = parse_number(Format::f32, accuracy.worst.inputs.at("output")[0]);
  ASSERT_TRUE(input);
  EXPECT_GT(*input, 100);
  EXPECT_EQ(accuracy.worst.replay, "lossaudit audit off --contract 'relu exact f32 forward' --case 'output=" +
                                       accuracy.worst.inputs.at("output")[0] + "'");
  EXPECT_FALSE(conforms(record));
}

TEST(Audit, ABrokenRuleIsAFindingWithItsCase) {
  const RunRecord record = audit_of({relu_subject("swallows", elementwise<swallows_nan>)}, Function::relu);
  const Accuracy& accuracy = accuracy_of(record, "swallows");
  EXPECT_EQ(accuracy.max_ulp, 0);
  EXPECT_EQ(accuracy.verdict, "exceeds");
  EXPECT_EQ(rule_of(accuracy, "nan_stays_nan").broken, 5U);  // all the NaNs tried
  EXPECT_EQ(rule_of(accuracy, "nan_stays_nan").worst.inputs.at("output"), std::vector<std::string>{"nan"});
  EXPECT_EQ(rule_of(accuracy, "nan_stays_nan").worst.computed, "0x0p+0");
  EXPECT_EQ(rule_of(accuracy, "nan_stays_nan").worst.exact, "nan");
}

TEST(Audit, WhatOnlyCompanyShowsKeepsTheLeastCompany) {
  const RunRecord record = audit_of({relu_subject("company", wrong_in_company)}, Function::relu);
  const Accuracy& accuracy = accuracy_of(record, "company");
  EXPECT_EQ(accuracy.verdict, "exceeds");
  const Contract contract = parse_contract("relu exact f32 forward");
  const std::string& replay = accuracy.worst.replay;
  const std::size_t begin = replay.find("--case '") + 8;
  const Batch batch = parse_case(contract, std::string_view(replay).substr(begin, replay.size() - begin - 1));
  EXPECT_EQ(batch.output.size(), 4U) << replay;
}

TEST(Audit, ARowIsReducedToWhatItTakes) {
  const RunRecord record =
      audit_of({{LOSSAUDIT_ABI_VERSION, "naive", "1", softmax_line, naive_softmax}}, Function::softmax);
  const Accuracy& accuracy = accuracy_of(record, "naive");
  EXPECT_EQ(accuracy.verdict, "exceeds");
  const RuleResult& rule = rule_of(accuracy, "number_due");
  EXPECT_GT(rule.broken, 0U);
  EXPECT_EQ(rule.worst.inputs.at("output").size(), 1U) << "one class is enough for inf / inf";
  EXPECT_EQ(rule.worst.computed.substr(0, 3), "nan");
}

TEST(Audit, FailuresEndUpInTheRecordAndNothingElseIsLost) {
  const RunRecord record =
      audit_of({relu_subject("fails", fails_on_nan), relu_subject("right", elementwise<right>)}, Function::relu);
  const Accuracy& failed = accuracy_of(record, "fails");
  EXPECT_EQ(failed.verdict, "crashed");
  EXPECT_FALSE(failed.detail.empty());
  EXPECT_EQ(failed.worst.inputs.at("output").size(), 1U);
  EXPECT_EQ(failed.worst.inputs.at("output")[0].substr(0, 3), "nan");
  EXPECT_EQ(accuracy_of(record, "right").verdict, "conforms");
  EXPECT_FALSE(conforms(record));
}

TEST(Audit, ARefusalAfterADeclarationIsTold) {
  const RunRecord record = audit_of({relu_subject("refuses", refuses_long)}, Function::relu);
  const Accuracy& accuracy = accuracy_of(record, "refuses");
  EXPECT_EQ(accuracy.verdict, "conforms");
  EXPECT_NE(accuracy.detail.find("refused"), std::string::npos);
}

TEST(Audit, OnlyGatedSubjectsDecide) {
  AuditRequest request = request_for({relu_subject("swallows", elementwise<swallows_nan>)}, Function::relu);
  request.subjects[0].gated = false;
  EXPECT_TRUE(conforms(run_audit(request)));
}

TEST(Audit, TheSameSeedGivesTheSameRecord) {
  const auto numbers = [](std::uint64_t seed) {
    AuditRequest request = request_for({relu_subject("off", elementwise<off_above_100>)}, Function::relu);
    request.seed = seed;
    const RunRecord record = run_audit(request);
    const Accuracy& accuracy = accuracy_of(record, "off");
    return std::tuple(accuracy.count, accuracy.max_ulp, accuracy.mean_ulp, accuracy.worst.replay);
  };
  EXPECT_EQ(numbers(1), numbers(1));
  EXPECT_NE(std::get<2>(numbers(1)), std::get<2>(numbers(2)));
}

TEST(Audit, TimeIsKeptAndUsed) {
  AuditRequest request = request_for({relu_subject("right", elementwise<right>)}, Function::relu);
  request.time = std::chrono::milliseconds(700);
  const auto start = std::chrono::steady_clock::now();
  const RunRecord record = run_audit(request);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  EXPECT_GT(spent.count(), 0.6);
  EXPECT_LT(spent.count(), 5);  // the machine may be busy
  EXPECT_GT(accuracy_of(record, "right").count, 0U);
}

TEST(Audit, WithNothingToDoItSaysSo) {
  AuditRequest request = request_for({relu_subject("right", elementwise<right>)}, Function::softmax);
  EXPECT_THROW(run_audit(request), BadInput);
}

TEST(Audit, DialectsThatNobodySpeaksAreToldOnlyWhenAskedFor) {
  static const char* const line[] = {"binary_crossentropy torch f32 forward", nullptr};
  const lossaudit_subject refuses = {
      LOSSAUDIT_ABI_VERSION, "refuses", "1", line,
      [](const lossaudit_contract*, const lossaudit_tensors*) { return static_cast<int>(LOSSAUDIT_UNSUPPORTED); }};
  AuditRequest request = request_for({refuses}, Function::binary_crossentropy);
  for (const Accuracy& accuracy : run_audit(request).accuracy) EXPECT_EQ(accuracy.dialect, "torch");
  request.filter.dialects = {Dialect::torch, Dialect::keras2};
  std::set<std::string> told;
  for (const Accuracy& accuracy : run_audit(request).accuracy) told.insert(accuracy.dialect);
  EXPECT_EQ(told, (std::set<std::string>{"torch", "keras2"}));
}

TEST(Audit, SixteenBitsAreProved) {
  static const char* const line[] = {"relu exact bf16 forward", nullptr};
  const lossaudit_subject copies = {LOSSAUDIT_ABI_VERSION, "copies", "1", line,
                                    [](const lossaudit_contract*, const lossaudit_tensors* t) {
                                      const auto* x = static_cast<const std::uint16_t*>(t->output);
                                      for (std::size_t i = 0; i < count_of(t); ++i) {
                                        const bool negative_number = (x[i] & 0x8000) != 0 && (x[i] & 0x7fff) <= 0x7f80;
                                        static_cast<std::uint16_t*>(t->result)[i] = negative_number ? 0 : x[i];
                                      }
                                      return static_cast<int>(LOSSAUDIT_OK);
                                    }};
  const RunRecord record = audit_of({copies}, Function::relu);
  EXPECT_EQ(accuracy_of(record, "copies", "bf16").verdict, "conforms");
  EXPECT_EQ(accuracy_of(record, "copies", "bf16").evidence, "proved");
  EXPECT_GT(accuracy_of(record, "copies", "bf16").count, 65535U);
}

TEST(Shrink, KeepsLabelsWeightsAndTheFinding) {
  const Contract contract = parse_contract(
      "sparse_categorical_crossentropy exact f32 forward from_logits reduction=mean class_weights sample_weights");
  const Batch batch = parse_case(contract,
                                 "shape=3x4x1 output=1,2,3,4,5,6,7,8,9,10,11,12 labels=0,3,2 class_weights=1,2,3,4 "
                                 "sample_weights=5,6,7");
  // What shows the finding: a row with label 3 before anything is removed, whose logit is 8.
  const auto still = [](const Batch& b) {
    for (std::size_t row = 0; row < b.shape.rows(); ++row) {
      const auto label = static_cast<std::size_t>(b.labels[row]);
      if (b.output[row * b.shape.classes + label] == 8 && b.class_weights[label] == 4 && b.sample_weights[row] == 6)
        return true;
    }
    return false;
  };
  const Batch smaller = shrink_case(contract, batch, still);
  EXPECT_NO_THROW(validate(contract, smaller));
  EXPECT_TRUE(still(smaller));
  EXPECT_EQ(smaller.shape, (Shape{1, 1, 1}));
}

TEST(ExactText, IsTheDecimalOfTheExactValue) {
  const Contract contract = parse_contract("sigmoid exact f32 forward");
  EXPECT_EQ(exact_text(contract, parse_case(contract, "output=0"), 0), "0.5");
  // ln 4097 = 8.318...: too long a row for 20 digits, and still more than the format holds.
  const Contract rows = parse_contract("logsumexp exact f32 forward");
  EXPECT_EQ(exact_text(rows, parse_case(rows, "output=0*4097"), 0).substr(0, 12), "8.3180102775");
}

}  // namespace
}  // namespace lossaudit
