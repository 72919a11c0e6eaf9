// Losses of doubles where doubles run out of range or digits on the way, each case the smallest that needs one safeguard.
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "audit/case.hpp"
#include "property_tests/fast_harness.hpp"

namespace lossaudit {
namespace {

struct HardCase {
  const char* name;
  const char* contract;
  const char* batch;
};

constexpr HardCase cases[] = {
    {"WeightsThatSumBeyondTheDoubles", "categorical_crossentropy exact f64 forward class_weights reduction=mean",
     "shape=2x2x1 output=0.25,0.75*2,0.25 target=1,0*2,1 class_weights=0x1p1023,0x1p1023"},
    {"WeightsThatMultiplyBeyondTheDoubles",
     "sparse_categorical_crossentropy exact f64 forward class_weights reduction=mean sample_weights",
     "shape=2x2x1 output=0.25,0.75*2,0.25 labels=0,1 class_weights=0x1p1000,1 sample_weights=0x1p100,1"},
    {"WeightsThatMultiplyToSubnormals", "categorical_crossentropy exact f64 forward class_weights reduction=mean",
     "output=0.25,0.75 target=0x1.8p-1040,0 class_weights=0x1.8p-30,1"},
    {"ALossBeyondTheDoublesThatItsWeightBringsBack",
     "binary_crossentropy exact f64 forward from_logits reduction=sum sample_weights",
     "output=-0x1.8p1023,-0x1.8p1023 target=1,1 sample_weights=0.25,-0.5"},
    {"ASubnormalTargetThatIsWeighted", "binary_crossentropy exact f64 forward from_logits pos_weight=1.3",
     "output=-0x1.8p1000 target=0x1.8p-1073"},
    {"AQuotientBeyondTheDoubles", "categorical_crossentropy exact f64 forward", "output=1,0x1p-1074 target=0,1"},
    {"AShareThatRoundsToTheClip", "categorical_crossentropy keras1 f64 forward epsilon=1e-09",
     "output=0x1.fffffffffffffp-1,0x1.12e0be847p-30 target=1,-0x1p-60"},
    {"ASumThatIsNearlyNothing", "sparse_categorical_crossentropy exact f64 forward from_logits",
     "output=740,0 labels=0"},
    {"ALogarithmOfOneAndHardlyMore", "binary_crossentropy exact f64 forward from_logits",
     "output=77,80,123,0x1.74055560c2fdap+9 target=1*4"},
    {"AnExponentialThatIsSubnormal", "binary_crossentropy exact f64 forward from_logits",
     "output=709,720,744,745,746 target=1*5"},
    {"ASubnormalSumThatItsWeightBringsBack",
     "sparse_categorical_crossentropy exact f64 forward from_logits class_weights",
     "output=744.5,0 labels=0 class_weights=0x1p60,1"},
    {"AMeanOfWhatCounts", "binary_crossentropy keras1 f64 forward from_logits reduction=mean sample_weights",
     "output=1,2,3 target=1,0,1 sample_weights=1,0,3"},
};

void PrintTo(const HardCase& hard, std::ostream* out) { *out << hard.contract << ": " << hard.batch; }

class FastDoubleLosses : public testing::TestWithParam<HardCase> {};

TEST_P(FastDoubleLosses, AreWithinOneUlp) {
  const Contract contract = parse_contract(GetParam().contract);
  EXPECT_LE(expect_within_budget(contract, parse_case(contract, GetParam().batch)), 1);
}

std::string case_name(const testing::TestParamInfo<HardCase>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Hard, FastDoubleLosses, testing::ValuesIn(cases), case_name);

}  // namespace
}  // namespace lossaudit
