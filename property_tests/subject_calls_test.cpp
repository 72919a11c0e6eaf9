// The way to a sound subject: both ways (in this process, and in a library's own) bring the same call and the same
// bits.
#include <gtest/gtest.h>

#include <cfenv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "audit/marshal.hpp"
#include "audit/subject.hpp"
#include "property_tests/faults/echo.hpp"

namespace lossaudit {
namespace {

std::unique_ptr<Subject> from_library(const std::string& name) {
  return std::move(open_library(std::string(FAULTS_LIBRARY) + ":" + name).front());
}

/// Random bits of the format: subnormals, infinities and NaNs of every payload among them.
std::vector<double> any_values(Format format, std::size_t count, std::mt19937_64& random) {
  std::vector<double> values(count);
  for (double& value : values) value = decode(format, random() >> (64 - traits(format).bytes * 8));
  return values;
}

Batch any_batch(const Contract& contract, const Shape& shape, std::mt19937_64& random) {
  const FunctionTraits& f = traits(contract.function);
  Batch batch;
  batch.shape = shape;
  batch.output = any_values(contract.format, shape.elements(), random);
  if (f.target == TargetKind::dense) batch.target = any_values(contract.format, shape.elements(), random);
  if (f.target == TargetKind::labels) {
    for (std::size_t i = 0; i < shape.rows(); ++i) batch.labels.push_back(static_cast<std::int64_t>(random()));
  }
  if (contract.options.class_weights) batch.class_weights = any_values(contract.format, shape.classes, random);
  if (contract.options.sample_weights) {
    batch.sample_weights = any_values(contract.format, unreduced_size(contract, shape), random);
  }
  if (contract.pass == Pass::gradient && contract.options.reduction != Reduction::none) {
    batch.upstream = any_values(contract.format, 1, random);
  }
  return batch;
}

std::vector<std::uint64_t> bits_of(Format format, std::span<const double> values) {
  std::vector<std::uint64_t> bits;
  for (const double value : values) bits.push_back(encode(format, value));
  return bits;
}

std::vector<std::uint64_t> run(Subject& subject, const Contract& contract, const Batch& batch) {
  std::vector<double> results(result_size(contract, batch.shape), -1);
  const Outcome outcome = subject.compute(contract, batch, results);
  EXPECT_EQ(outcome.kind, Outcome::Kind::computed) << outcome.detail;
  EXPECT_EQ(outcome.detail, "");
  return bits_of(contract.format, results);
}

class EveryFormat : public testing::TestWithParam<Format> {};
INSTANTIATE_TEST_SUITE_P(SubjectCalls, EveryFormat,
                         testing::Values(Format::f64, Format::f32, Format::f16, Format::bf16),
                         [](const auto& info) { return std::string(traits(info.param).name); });

TEST_P(EveryFormat, EveryBitPatternArrivesAndReturns) {
  Contract contract;
  contract.format = GetParam();
  Batch batch;
  std::mt19937_64 random(1);
  // All 65,536 of the short formats.
  for (std::uint64_t i = 0; i < 65536; ++i) {
    const bool is_short = traits(contract.format).bytes == 2;
    batch.output.push_back(is_short ? decode(contract.format, i) : any_values(contract.format, 1, random).front());
  }
  for (const double special :
       {unwritten(contract.format) * 1.0, 0.0, -0.0, largest(contract.format), smallest(contract.format)}) {
    batch.output.push_back(round_to(contract.format, special));
  }
  batch.output.push_back(decode(contract.format, unwritten(contract.format)));
  batch.shape = {1, batch.output.size(), 1};
  const std::vector<std::uint64_t> due = bits_of(contract.format, batch.output);
  EXPECT_EQ(run(*make_builtin(faults::copy_subject), contract, batch), due);
  EXPECT_EQ(run(*from_library("copy"), contract, batch), due);
}

TEST_P(EveryFormat, BothWaysBringTheSameCall) {
  const std::unique_ptr<Subject> here = make_builtin(faults::fingerprint_subject);
  const std::unique_ptr<Subject> there = from_library("fingerprint");
  const std::string format(traits(GetParam()).name);
  std::mt19937_64 random(2);
  for (const std::string& text : {
           "sigmoid exact " + format + " forward",
           "softmax exact " + format + " forward axis",
           "binary_crossentropy keras1 " + format + " forward epsilon=0.25 label_smoothing=0.1 pos_weight=3",
           "binary_crossentropy exact " + format + " gradient from_logits reduction=sum sample_weights",
           "categorical_crossentropy exact " + format + " forward axis reduction=mean class_weights",
           "sparse_categorical_crossentropy exact " + format +
               " gradient axis reduction=mean ignore_index=-100 class_weights sample_weights",
       }) {
    const Contract contract = parse_contract(text);
    // Growing, shrinking, and beyond one page, so that the library's memory is laid out anew in between.
    for (const Shape& shape : {Shape{1, 1, 1}, Shape{3, 5, contract.options.axis ? 2U : 1U}, Shape{7, 1031, 1},
                               Shape{2, 3, 1}, Shape{129, 257, 1}, Shape{1, 2, 1}}) {
      const Batch batch = any_batch(contract, shape, random);
      const std::vector<std::uint64_t> due = run(*here, contract, batch);
      EXPECT_EQ(run(*there, contract, batch), due) << text;
      // Another input, another fingerprint: the comparison can fail.
      Batch other = batch;
      other.output.back() = other.output.back() == 1 ? 2 : 1;
      EXPECT_NE(run(*here, contract, other), due) << text;
    }
  }
}

TEST(SubjectCalls, FieldsSayWhatTheContractSays) {
  const lossaudit_contract plain = to_abi(parse_contract("sigmoid exact bf16 forward"));
  EXPECT_EQ(plain.size, sizeof(lossaudit_contract));
  EXPECT_STREQ(plain.function, "sigmoid");
  EXPECT_STREQ(plain.dialect, "exact");
  EXPECT_STREQ(plain.format, "bf16");
  EXPECT_STREQ(plain.pass, "forward");
  EXPECT_STREQ(plain.reduction, "none");
  EXPECT_EQ(plain.from_logits, 0);
  EXPECT_EQ(plain.has_ignore_index, 0);
  EXPECT_EQ(plain.epsilon, 0);
  EXPECT_EQ(plain.label_smoothing, 0);
  EXPECT_EQ(plain.pos_weight, 1);

  const lossaudit_contract full = to_abi(parse_contract(
      "sparse_categorical_crossentropy keras1 f32 gradient reduction=mean label_smoothing=0.1 ignore_index=-100"));
  EXPECT_STREQ(full.pass, "gradient");
  EXPECT_STREQ(full.reduction, "mean");
  EXPECT_EQ(full.epsilon, 1e-7) << "the dialect's own";
  EXPECT_EQ(full.label_smoothing, 0.1);
  EXPECT_EQ(full.has_ignore_index, 1);
  EXPECT_EQ(full.ignore_index, -100);
  EXPECT_EQ(to_abi(parse_contract("binary_crossentropy keras1 f32 forward epsilon=0.25 pos_weight=3")).epsilon, 0.25);
  EXPECT_EQ(to_abi(parse_contract("binary_crossentropy keras1 f32 forward epsilon=0.25 pos_weight=3")).pos_weight, 3);
}

TEST(SubjectCalls, AbsentTensorsAreNull) {
  const Contract contract = parse_contract("sigmoid exact f32 forward");
  static lossaudit_tensors seen;
  const lossaudit_subject looks = {LOSSAUDIT_ABI_VERSION, "looks", "1", faults::everything.data(),
                                   [](const lossaudit_contract*, const lossaudit_tensors* t) -> int {
                                     seen = *t;
                                     return LOSSAUDIT_OK;
                                   }};
  Batch batch;
  batch.shape = {2, 3, 1};
  batch.output.assign(6, 1.0);
  std::vector<double> results(6);
  EXPECT_EQ(make_builtin(looks)->compute(contract, batch, results).kind, Outcome::Kind::computed);
  EXPECT_EQ(seen.size, sizeof(lossaudit_tensors));
  EXPECT_NE(seen.output, nullptr);
  EXPECT_NE(seen.result, nullptr);
  EXPECT_EQ(seen.result_count, 6U);
  EXPECT_EQ(seen.outer, 2U);
  EXPECT_EQ(seen.classes, 3U);
  EXPECT_EQ(seen.inner, 1U);
  for (const void* absent :
       {seen.target, static_cast<const void*>(seen.labels), seen.class_weights, seen.sample_weights, seen.upstream}) {
    EXPECT_EQ(absent, nullptr);
  }
  // It wrote nothing, and that is seen.
  for (const double result : results) EXPECT_EQ(to_hex(Format::f32, result), "nan:0x7fa0badc");
}

/// A built-in subject around a function.
std::unique_ptr<Subject> builtin(int (*compute)(const lossaudit_contract*, const lossaudit_tensors*)) {
  return make_builtin({LOSSAUDIT_ABI_VERSION, "here", "1", faults::everything.data(), compute});
}

Outcome call(Subject& subject) {
  Batch batch;
  batch.output = {1.0};
  std::vector<double> results(1);
  return subject.compute(parse_contract("sigmoid exact f64 forward"), batch, results);
}

TEST(BuiltinSubject, StatusesAndExceptionsAreOutcomes) {
  EXPECT_EQ(call(*builtin([](auto*, auto*) -> int { return LOSSAUDIT_UNSUPPORTED; })).kind, Outcome::Kind::unsupported);
  EXPECT_EQ(call(*builtin([](auto*, auto*) -> int { return LOSSAUDIT_FAILED; })).kind, Outcome::Kind::failed);
  EXPECT_EQ(call(*builtin([](auto*, auto*) -> int { return -5; })).detail, "answers -5, which is no status");
  const Outcome threw = call(*builtin([](auto*, auto*) -> int { throw std::runtime_error("no\nluck"); }));
  EXPECT_EQ(threw.kind, Outcome::Kind::failed);
  EXPECT_EQ(threw.detail, "threw an exception: no luck");
  EXPECT_EQ(call(*builtin([](auto*, auto*) -> int { throw 7; })).detail, "threw an exception");
}

TEST(BuiltinSubject, AWriteBesideTheResultIsSeen) {
  const Outcome outcome = call(*builtin([](auto*, auto* t) -> int {
    static_cast<double*>(t->result)[1] = 1;
    return LOSSAUDIT_OK;
  }));
  EXPECT_EQ(outcome.kind, Outcome::Kind::failed);
  EXPECT_EQ(outcome.detail, "wrote past the end of result");
}

TEST(BuiltinSubject, TheFloatingPointEnvironmentIsDefaultInsideAndUnchangedOutside) {
  static int seen;
  const std::unique_ptr<Subject> subject = builtin([](auto*, auto*) -> int {
    seen = std::fegetround();
    std::fesetround(FE_UPWARD);
    return LOSSAUDIT_OK;
  });
  EXPECT_EQ(call(*subject).kind, Outcome::Kind::computed);
  EXPECT_EQ(seen, FE_TONEAREST);
  EXPECT_EQ(std::fegetround(), FE_TONEAREST);
  std::fesetround(FE_DOWNWARD);
  call(*subject);
  EXPECT_EQ(seen, FE_TONEAREST);
  EXPECT_EQ(std::fegetround(), FE_DOWNWARD);
  std::fesetround(FE_TONEAREST);
}

TEST(BuiltinSubject, MustBeFilledIn) {
  lossaudit_subject subject = faults::copy_subject;
  subject.abi_version = 7;
  EXPECT_THROW(make_builtin(subject), BadInput);
  subject = faults::copy_subject;
  subject.contracts = nullptr;
  EXPECT_THROW(make_builtin(subject), BadInput);
}

TEST(SubjectCalls, WhatIsNotDeclaredIsNotCalled) {
  const char* const lines[] = {"sigmoid exact f64 forward # by table", nullptr};
  const std::unique_ptr<Subject> subject = make_builtin({LOSSAUDIT_ABI_VERSION, "narrow", "2.0", lines, faults::copy});
  EXPECT_EQ(subject->name(), "narrow");
  EXPECT_EQ(subject->version(), "2.0");
  EXPECT_EQ(subject->origin(), "built in");
  EXPECT_TRUE(subject->supports(parse_contract("sigmoid exact f64 forward")));
  EXPECT_EQ(subject->note(parse_contract("sigmoid exact f64 forward")), "by table");
  EXPECT_FALSE(subject->supports(parse_contract("sigmoid exact f32 forward")));
  Batch batch;
  batch.output = {1.0};
  std::vector<double> results(1);
  EXPECT_EQ(subject->compute(parse_contract("sigmoid exact f32 forward"), batch, results).kind,
            Outcome::Kind::unsupported);
}

TEST(SubjectCalls, ACallersMistakeIsAnException) {
  for (const std::unique_ptr<Subject>& subject : {make_builtin(faults::copy_subject), from_library("copy")}) {
    const Contract contract = parse_contract("sigmoid exact f64 forward");
    Batch batch;
    std::vector<double> results(1);
    EXPECT_THROW(subject->compute(contract, batch, results), BadInput) << "no output";
    batch.output = {1.0};
    results.resize(2);
    EXPECT_THROW(subject->compute(contract, batch, results), std::invalid_argument);
  }
}

TEST(SubjectCalls, ALargeBatchArrives) {
  const std::unique_ptr<Subject> subject = from_library("copy");
  const Contract contract = parse_contract("sigmoid exact f32 forward");
  Batch batch;
  batch.shape = {1, 20'000'000, 1};
  batch.output.assign(batch.shape.elements(), 0.5);
  batch.output.back() = -3;
  std::vector<double> results(batch.output.size());
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(subject->compute(contract, batch, results).kind, Outcome::Kind::computed);
    EXPECT_EQ(results, batch.output);
  }
}

TEST(SubjectCalls, LargeOnesMayTakeLonger) {
  const Contract contract = parse_contract("sigmoid exact f32 forward");
  const auto limit_of = [&](std::size_t floats) {
    const Shape shape{1, floats, 1};
    std::vector<std::byte> output(4 * floats), result(4 * floats);
    const StoredTensors inputs{output, {}, {}};
    return StoredCall(contract, shape, inputs, result).limit(std::chrono::seconds(30));
  };
  EXPECT_EQ(limit_of(1000), std::chrono::seconds(30));
  EXPECT_EQ(limit_of(std::size_t{1} << 23), std::chrono::seconds(34)) << "64 MiB in two tensors";
}

}  // namespace
}  // namespace lossaudit
