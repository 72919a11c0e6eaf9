// The parser of a subject's contract lines: what a line covers, and that nonsense is refused with a remedy.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "audit/contract_lines.hpp"

namespace lossaudit {
namespace {

bool covers(const std::string& line, const std::string& contract) {
  return ContractLine(line).covers(parse_contract(contract));
}

/// The message of the BadInput that a line gives, or "" when it is taken.
std::string complaint(const std::string& line) {
  try {
    const ContractLine parsed(line);
    return "";
  } catch (const BadInput& why) {
    return why.what();
  }
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(ContractLine, CoversTheProductOfItsLists) {
  const std::string line = "sigmoid,softplus exact f32,f64 forward,gradient";
  EXPECT_TRUE(covers(line, "sigmoid exact f32 forward"));
  EXPECT_TRUE(covers(line, "softplus exact f64 gradient"));
  EXPECT_FALSE(covers(line, "relu exact f32 forward"));
  EXPECT_FALSE(covers(line, "sigmoid exact f16 forward"));
  EXPECT_FALSE(covers("sigmoid exact f32 forward", "sigmoid exact f32 gradient"));
  EXPECT_FALSE(covers("binary_crossentropy exact f32 forward", "binary_crossentropy keras1 f32 forward"));
}

TEST(ContractLine, BlanksAndNotesDoNotMatter) {
  const ContractLine line("  sigmoid   exact f32  forward   #  composed   here # from exp ");
  EXPECT_TRUE(line.covers(parse_contract("sigmoid exact f32 forward")));
  EXPECT_EQ(line.note(), "composed here # from exp");
  EXPECT_EQ(ContractLine("sigmoid exact f32 forward#x").note(), "x");
  EXPECT_EQ(ContractLine("sigmoid exact f32 forward").note(), "");
}

TEST(ContractLine, AnOptionThatIsNotNamedStaysAtItsDefault) {
  const std::string line = "sparse_categorical_crossentropy keras1 f32 forward";
  const std::string base = "sparse_categorical_crossentropy keras1 f32 forward";
  EXPECT_TRUE(covers(line, base));
  for (const std::string option : {"from_logits", "axis", "reduction=mean", "epsilon=1e-3", "label_smoothing=0.1",
                                   "ignore_index=-100", "class_weights", "sample_weights"}) {
    const std::string named = std::string(line).append(" ").append(option, 0, option.find('='));
    const std::string asked = std::string(base).append(" ").append(option);
    EXPECT_FALSE(covers(line, asked)) << option;
    EXPECT_TRUE(covers(named, asked)) << option;
    EXPECT_TRUE(covers(named, base)) << option;
  }
  EXPECT_FALSE(covers("binary_crossentropy exact f32 forward", "binary_crossentropy exact f32 forward pos_weight=1"));
  EXPECT_TRUE(
      covers("binary_crossentropy exact f32 forward pos_weight", "binary_crossentropy exact f32 forward pos_weight=1"));
}

TEST(ContractLine, AnOptionWithValuesTakesThoseAlone) {
  const std::string base = "binary_crossentropy keras1 f32 forward";
  EXPECT_TRUE(covers(base + " from_logits=1", base + " from_logits"));
  EXPECT_FALSE(covers(base + " from_logits=1", base));
  EXPECT_TRUE(covers(base + " from_logits=0,1", base));
  EXPECT_TRUE(covers(base + " reduction=none,mean", base));
  EXPECT_TRUE(covers(base + " reduction=none,mean", base + " reduction=mean"));
  EXPECT_FALSE(covers(base + " reduction=none,mean", base + " reduction=sum"));
  EXPECT_FALSE(covers(base + " reduction=mean", base));
  EXPECT_FALSE(covers(base + " sample_weights=1", base));
  EXPECT_TRUE(covers(base + " pos_weight=1,2", base)) << "no pos_weight is a pos_weight of 1";
  EXPECT_TRUE(covers(base + " pos_weight=1,2", base + " pos_weight=2"));
  EXPECT_FALSE(covers(base + " pos_weight=1,2", base + " pos_weight=3"));
  EXPECT_TRUE(covers(base + " epsilon=1e-7,0x1p-4", base)) << "the dialect's own epsilon";
  EXPECT_TRUE(covers(base + " epsilon=1e-7,0x1p-4", base + " epsilon=0.0625"));
  EXPECT_FALSE(covers(base + " epsilon=0.0625", base));
  EXPECT_TRUE(covers(base + " label_smoothing=-0,0.1", base));

  const std::string sparse = "sparse_categorical_crossentropy exact f32 forward";
  EXPECT_TRUE(covers(sparse + " ignore_index=none,-100", sparse));
  EXPECT_TRUE(covers(sparse + " ignore_index=none,-100", sparse + " ignore_index=-100"));
  EXPECT_FALSE(covers(sparse + " ignore_index=-100", sparse));
  EXPECT_FALSE(covers(sparse + " ignore_index=-100", sparse + " ignore_index=255"));
}

TEST(ContractLine, RefusesNonsenseWithARemedy) {
  EXPECT_TRUE(mentions(complaint(""), "FUNCTIONS DIALECTS FORMATS PASSES"));
  EXPECT_TRUE(mentions(complaint("# only a note"), "FUNCTIONS DIALECTS FORMATS PASSES"));
  EXPECT_TRUE(mentions(complaint("sigmoid exact f32"), "FUNCTIONS DIALECTS FORMATS PASSES"));
  EXPECT_TRUE(mentions(complaint("sigmod exact f32 forward"), "did you mean sigmoid"));
  EXPECT_TRUE(mentions(complaint("sigmoid,,relu exact f32 forward"), "unknown function ''"));
  EXPECT_TRUE(mentions(complaint("sigmoid exakt f32 forward"), "did you mean exact"));
  EXPECT_TRUE(mentions(complaint("sigmoid exact fp32 forward"), "f32"));
  EXPECT_TRUE(mentions(complaint("sigmoid exact f32 foreward"), "did you mean forward"));
  EXPECT_TRUE(mentions(complaint("softmax exact f32 forward axes"), "did you mean axis"));
  EXPECT_TRUE(mentions(complaint("softmax exact f32 forward axis axis=1"), "twice"));
  EXPECT_TRUE(mentions(complaint("softmax exact f32 forward axis="), "expected 0 or 1"));
  EXPECT_TRUE(mentions(complaint("softmax exact f32 forward axis=true"), "option axis: expected 0 or 1"));
  EXPECT_TRUE(mentions(complaint("softmax exact f32 forward reduction=avg"), "option reduction: unknown reduction"));
  EXPECT_TRUE(mentions(complaint("softmax exact f32 forward epsilon=nan"), "finite number"));
  EXPECT_TRUE(mentions(complaint("softmax exact f32 forward pos_weight=1e999"), "finite number"));
  EXPECT_TRUE(mentions(complaint("softmax exact f32 forward ignore_index=1.5"), "integer"));
  EXPECT_TRUE(mentions(complaint("softmax exact f32 forward ignore_index=9223372036854775808"), "integer"));
  EXPECT_TRUE(mentions(complaint("sigmoid exact f32\tforward"), "character 18 is not printable"));
  EXPECT_TRUE(mentions(complaint("sigmoid exact f32 forward # caf\xc3\xa9"), "not printable ASCII"));
  EXPECT_TRUE(mentions(complaint(std::string("sigmoid exact f32 forward # \0x", 30)), "not printable ASCII"));
  EXPECT_TRUE(mentions(complaint("sigmoid exact f32 forward # " + std::string(max_contract_line, 'x')), "split it"));
}

TEST(DeclaredContracts, AnErrorNamesSubjectAndLine) {
  const std::vector<std::string> lines = {"sigmoid exact f32 forward", "relu exact f32 sideways"};
  try {
    const DeclaredContracts contracts("mine", lines);
    FAIL() << "taken";
  } catch (const BadInput& why) {
    EXPECT_TRUE(mentions(why.what(), "mine: contract line 2: unknown pass 'sideways'")) << why.what();
  }
  const std::vector<std::string> too_many(max_contract_lines + 1, "sigmoid exact f32 forward");
  EXPECT_THROW(DeclaredContracts("mine", too_many), BadInput);
  EXPECT_NO_THROW(DeclaredContracts("mine", std::span(too_many).first(max_contract_lines)));
}

TEST(DeclaredContracts, TheFirstLineThatCoversGivesTheNote) {
  const std::vector<std::string> lines = {"softmax exact f32 forward # last axis",
                                          "softmax exact f32 forward axis # any"};
  const DeclaredContracts contracts("mine", lines);
  EXPECT_EQ(contracts.note(parse_contract("softmax exact f32 forward")), "last axis");
  EXPECT_EQ(contracts.note(parse_contract("softmax exact f32 forward axis")), "any");
  EXPECT_EQ(contracts.note(parse_contract("softmax exact f64 forward")), "");
  EXPECT_FALSE(contracts.cover(parse_contract("softmax exact f64 forward")));
  EXPECT_FALSE(DeclaredContracts().cover(parse_contract("softmax exact f64 forward")));
}

/// Any contract at all, meaningful or not: covering is a question of the line alone.
rc::Gen<Contract> any_contract() {
  return rc::gen::exec([] {
    Contract c;
    c.function = static_cast<Function>(*rc::gen::inRange<int>(0, static_cast<int>(functions().size())));
    c.dialect = *rc::gen::element(Dialect::exact, Dialect::keras1);
    c.format = *rc::gen::element(Format::f64, Format::f32, Format::f16, Format::bf16);
    c.pass = *rc::gen::element(Pass::forward, Pass::gradient);
    c.options.from_logits = *rc::gen::arbitrary<bool>();
    c.options.axis = *rc::gen::arbitrary<bool>();
    c.options.reduction = *rc::gen::element(Reduction::none, Reduction::sum, Reduction::mean);
    c.options.label_smoothing = *rc::gen::element(0.0, 0.1);
    c.options.class_weights = *rc::gen::arbitrary<bool>();
    c.options.sample_weights = *rc::gen::arbitrary<bool>();
    if (*rc::gen::arbitrary<bool>()) c.options.epsilon = *rc::gen::element(1e-3, 0.25);
    if (*rc::gen::arbitrary<bool>()) c.options.pos_weight = *rc::gen::element(2.0, 0.1);
    if (*rc::gen::arbitrary<bool>()) c.options.ignore_index = *rc::gen::arbitrary<std::int64_t>();
    return c;
  });
}

/// The canonical text of a contract with every option's value written out is a line that covers that contract alone.
std::string line_of(const Contract& contract) {
  std::string line = to_string(contract);
  for (const char* flag : {" from_logits", " axis", " class_weights", " sample_weights"}) {
    if (const std::size_t at = line.find(flag); at != std::string::npos)
      line.insert(at + std::string(flag).size(), "=1");
  }
  return line;
}

RC_GTEST_PROP(ContractLine, OfAContractsOwnTextCoversThatContractAlone, ()) {
  const Contract one = *any_contract();
  const Contract other = *any_contract();
  const ContractLine line(line_of(one));
  RC_ASSERT(line.covers(one));
  RC_ASSERT(line.covers(other) == (one == other));
}

RC_GTEST_PROP(ContractLine, AnyBytesAreTakenOrRefusedInALine, ()) {
  const std::string valid = "binary_crossentropy keras1 f32 forward from_logits=1 reduction=none,mean  # note";
  std::string text = *rc::gen::element(valid, std::string());
  const int edits = *rc::gen::inRange(1, 12);
  for (int i = 0; i < edits; ++i) {
    const auto at = static_cast<std::size_t>(*rc::gen::inRange(0, static_cast<int>(text.size()) + 1));
    text.insert(at, 1, static_cast<char>(*rc::gen::inRange(0, 256)));
  }
  const std::string why = complaint(text);
  RC_ASSERT(why.size() < 400U);
  RC_ASSERT(std::all_of(why.begin(), why.end(), [](char c) { return c >= ' ' && c <= '~'; }));
}

}  // namespace
}  // namespace lossaudit
