// The program's reference: exact values of every function and dialect, as text and as JSON.
#include <nlohmann/json.hpp>
#include <string>

#include "property_tests/program_fixture.hpp"
#include "reference/dialect.hpp"
#include "reference/format.hpp"

namespace lossaudit::program {
namespace {

TEST_F(Program, ReferenceTakesNegativeNumbersAndPrintsEveryFormat) {
  const Finished result = run("reference sigmoid --output -103.97 --digits 40");
  EXPECT_EQ(result.status, 0) << result.err;
  // mpmath 1.3: 1/(1 + exp(103.97)) at the binary64 nearest to 103.97.
  EXPECT_NE(result.out.find("7.02106051911127417602817390813690713660"), std::string::npos) << result.out;
  for (const FormatTraits& t : format_table) EXPECT_NE(result.out.find(std::string(t.name)), std::string::npos);
  EXPECT_NE(result.out.find("0x1p-149"), std::string::npos) << "the f32 rounding is the smallest subnormal";
  EXPECT_NE(result.out.find("enclosure"), std::string::npos);
  EXPECT_EQ(run("reference relu --output -inf,-0x1p-3,-1e-3").status, 0);
}

TEST_F(Program, ReferenceTakesEveryFunctionAndOption) {
  for (
      const char* arguments :
      {"relu --output -1", "sigmoid --output 1", "log_sigmoid --output 1", "softplus --output 1", "logit --output 0.25",
       "softmax --output 1,2,3", "log_softmax --output 1,2,3,4,5,6 --shape 2x3 --axis 0", "logsumexp --output 0,-40",
       "binary_crossentropy --output -2 --target 1 --from-logits --pos-weight 2 --label-smoothing 0.1",
       "binary_crossentropy --output 1 --target 1 --dialect keras1 --epsilon 1e-9 --format f32",
       "categorical_crossentropy --output 0.5,0.25,0.25 --target 1,0,0 --class-weights 1,2,3",
       "sparse_categorical_crossentropy --output 1,2,3,4 --shape 2x2 --target 0,1 --from-logits --reduction mean",
       "sparse_categorical_crossentropy --output 1,2,3,4 --shape 2x2 --labels 0,-100 --from-logits --ignore-index -100",
       "mean_squared_error --output 1,2 --target 0,0 --sample-weights 2",
       "cross_entropy_error --output 0.5,0.5 --target 0,1"}) {
    const Finished result = run(std::string("reference ") + arguments);
    EXPECT_EQ(result.status, 0) << arguments << ": " << result.err;
    EXPECT_NE(result.out.find("exact"), std::string::npos) << arguments;
  }
}

TEST_F(Program, ReferenceSpeaksJson) {
  const Finished result = run("reference softmax --output 0,0 --json");
  ASSERT_EQ(result.status, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  ASSERT_EQ(json.at("results").size(), 2U);
  EXPECT_EQ(json.at("results")[0].at("f16").at("hex"), "0x1p-1");
  EXPECT_EQ(json.at("contract"), "softmax exact f64 forward");
}

TEST_F(Program, ReferenceTakesThePassAndItsUpstream) {
  const Finished result = run("reference softmax --output 0,0 --pass gradient --upstream 4,0 --json");
  ASSERT_EQ(result.status, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json.at("contract"), "softmax exact f64 gradient");
  EXPECT_EQ(json.at("results")[0].at("exact"), "1");
  EXPECT_EQ(json.at("results")[1].at("exact"), "-1");
  expect_mistake("reference softmax --output 0,0 --pass backward", "gradient");
  expect_mistake("reference softmax --output 0,0 --upstream 1,1", "upstream");
}

TEST_F(Program, ReferenceShowsWhatEveryDialectAnswers) {
  const std::string arguments = "reference binary_crossentropy --output 0 --target 1 --format f32 --dialect all";
  const Finished text = run(arguments);
  ASSERT_EQ(text.status, 0) << text.err;
  // Published: 16.11810 by one ε, 15.42495 by two (keras#15249), 100 by PyTorch's floor.
  for (const char* part :
       {"keras1   16.11809", "keras2   15.42494", "torch    100 ", "not defined in tf, optax, onnx"}) {
    EXPECT_NE(text.out.find(part), std::string::npos) << part << " in\n" << text.out;
  }
  const Finished result = run(arguments + " --json");
  ASSERT_EQ(result.status, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json.at("dialects").size(), dialects().size());
  EXPECT_EQ(json.at("dialects")[0].at("results")[0].at("gap").at("ulp"), 0);
  EXPECT_EQ(json.at("dialects")[1].at("results")[0].at("gap").at("ulp"), "inf");
}

}  // namespace
}  // namespace lossaudit::program
