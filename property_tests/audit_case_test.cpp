// The text of cases: what a witness shows reads back to the same bits.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>

#include "audit/case.hpp"

namespace lossaudit {
namespace {

std::vector<std::uint64_t> bits_of(Format format, const std::vector<double>& values) {
  std::vector<std::uint64_t> bits;
  for (const double x : values) bits.push_back(encode(format, x));
  return bits;
}

void expect_same(const Contract& contract, const Batch& a, const Batch& b) {
  EXPECT_EQ(a.shape, b.shape);
  EXPECT_EQ(a.labels, b.labels);
  for (const auto values :
       {&Batch::output, &Batch::target, &Batch::class_weights, &Batch::sample_weights, &Batch::upstream}) {
    EXPECT_EQ(bits_of(contract.format, a.*values), bits_of(contract.format, b.*values));
  }
}

std::string error_of(const Contract& contract, const std::string& text) {
  try {
    parse_case(contract, text);
  } catch (const BadInput& bad) {
    return bad.what();
  }
  return "";
}

TEST(CaseText, EveryBitPatternReadsBack) {
  for (const FormatTraits& t : format_table) {
    const bool passed = rc::check(std::string("any bits of ") + std::string(t.name), [&t] {
      const Contract contract{Function::binary_crossentropy, Dialect::exact, t.format, Pass::forward, {}};
      const auto bits = *rc::gen::nonEmpty<std::vector<std::uint64_t>>();
      Batch batch;
      for (const std::uint64_t pattern : bits) {
        const std::uint64_t cut = t.bytes == 8 ? pattern : pattern & ((std::uint64_t{1} << (t.bytes * 8)) - 1);
        batch.output.push_back(decode(t.format, cut));
        batch.target.push_back(decode(t.format, cut / 2));
      }
      batch.shape = {1, bits.size(), 1};
      const Batch back = parse_case(contract, to_case_text(contract, batch));
      RC_ASSERT(bits_of(t.format, back.output) == bits_of(t.format, batch.output));
      RC_ASSERT(bits_of(t.format, back.target) == bits_of(t.format, batch.target));
    });
    EXPECT_TRUE(passed) << t.name;
  }
}

TEST(CaseText, SpecialValuesAreReadable) {
  const Contract contract = parse_contract("sigmoid exact f32 forward");
  Batch batch;
  batch.output = {0.0,
                  -0.0,
                  decode(Format::f32, 0x7fc00000),
                  decode(Format::f32, 0x7f800001),
                  -std::numeric_limits<double>::infinity(),
                  smallest(Format::f32)};
  batch.shape = {1, batch.output.size(), 1};
  EXPECT_EQ(to_case_text(contract, batch), "output=0x0p+0,-0x0p+0,nan,nan:0x7f800001,-inf,0x1p-149");
}

TEST(CaseText, EveryArgumentReadsBack) {
  const Contract contract = parse_contract(
      "sparse_categorical_crossentropy keras1 f16 forward axis ignore_index=-100 class_weights sample_weights");
  Batch batch;
  batch.shape = {1, 3, 2};
  batch.output = {0.5, 0.25, 0.25, 0.5, 0.25, 0.25};
  batch.labels = {2, -100};
  batch.class_weights = {1, 1, 1};
  batch.sample_weights = {0.5, 2};
  const std::string text = to_case_text(contract, batch);
  EXPECT_EQ(text,
            "shape=1x3x2 output=0x1p-1,0x1p-2*2,0x1p-1,0x1p-2*2 labels=2,-100 class_weights=0x1p+0*3 "
            "sample_weights=0x1p-1,0x1p+1");
  expect_same(contract, batch, parse_case(contract, text));
}

TEST(CaseText, DecimalsAreRoundedToTheFormatAndRunsRepeat) {
  const Contract contract = parse_contract("softmax exact f16 forward");
  const Batch batch = parse_case(contract, "  output=0.1*2,1e9,-2  ");
  EXPECT_EQ(batch.output, (std::vector<double>{round_to(Format::f16, 0.1), round_to(Format::f16, 0.1),
                                               std::numeric_limits<double>::infinity(), -2}));
  EXPECT_EQ(batch.shape, (Shape{1, 4, 1}));
}

TEST(CaseText, NonsenseIsNamed) {
  const Contract contract = parse_contract("softmax exact f32 forward");
  for (const auto& [text, part] : std::vector<std::pair<std::string, std::string>>{
           {"", "no output"},
           {"output=", "''"},
           {"output=1,,2", "''"},
           {"output=1,two", "'two'"},
           {"output=1*0", "'1*0'"},
           {"output=1*-1", "'1*-1'"},
           {"output=1*99999999999", "2^26"},
           {"outptu=1", "'outptu'"},
           {"output", "NAME=VALUES"},
           {"shape=2x2 output=1", "'2x2'"},
           {"shape=1x0x1 output=1", "'1x0x1'"},
           {"shape=99999999x99999999x1 output=1", "shape"},
           {"shape=1x3x1 output=1,2", "output has 2"},
           {"output=1,2 target=1,2", "target has 2"},
           {"output=1,2 labels=x", "'x'"},
           {"output=nan:0x0", "'nan:0x0'"},
       }) {
    const std::string error = error_of(contract, text);
    EXPECT_NE(error.find(part), std::string::npos) << "'" << text << "' gave: " << error;
    EXPECT_EQ(error.find('\n'), std::string::npos);
  }
}

TEST(SingleCase, AnElementKeepsItsTargetAndWeight) {
  const Contract contract = parse_contract("binary_crossentropy exact f32 forward sample_weights");
  Batch batch = parse_case(contract, "output=0.25,0.5,0.75 target=0,1,0.5 sample_weights=1,2,3");
  expect_same(contract, single_case(contract, batch, 1), parse_case(contract, "output=0.5 target=1 sample_weights=2"));
}

TEST(SingleCase, ARowIsTakenAcrossTheMiddleAxis) {
  const Contract contract =
      parse_contract("sparse_categorical_crossentropy exact f32 forward axis from_logits class_weights");
  // (outer, classes, inner) = (2, 2, 2): row 3 is outer 1, inner 1.
  Batch batch = parse_case(contract, "shape=2x2x2 output=0,1,2,3,4,5,6,7 labels=0,1,0,1 class_weights=1,2");
  expect_same(contract, single_case(contract, batch, 3), parse_case(contract, "output=5,7 labels=1 class_weights=1,2"));
  Contract softmax = parse_contract("softmax exact f32 forward axis");
  batch.labels.clear();
  batch.class_weights.clear();
  // Result 6 of softmax is element (1, 1, 0), of the row 4, 6.
  expect_same(softmax, single_case(softmax, batch, 6), parse_case(softmax, "output=4,6"));
}

TEST(SingleCase, AReductionNeedsItsWholeBatch) {
  const Contract contract = parse_contract("mean_squared_error exact f32 forward reduction=mean");
  const Batch batch = parse_case(contract, "shape=2x2x1 output=1,2,3,4 target=0*4");
  expect_same(contract, single_case(contract, batch, 0), batch);
}

TEST(ReplayCommand, SurvivesAShell) {
  const Contract contract = parse_contract("relu exact f32 forward");
  const Batch batch = parse_case(contract, "output=-1");
  EXPECT_EQ(replay_command("fast", contract, batch),
            "lossaudit audit fast --contract 'relu exact f32 forward' --case 'output=-0x1p+0'");
  EXPECT_EQ(shell_quoted("./it's mine.so"), "'./it'\\''s mine.so'");
  EXPECT_EQ(shell_quoted(""), "''");
}

}  // namespace
}  // namespace lossaudit
