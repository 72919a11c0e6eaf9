// Every function and option, on every instruction set that this machine runs, over the audit's own inputs.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "audit/inputs.hpp"
#include "fast/targets.hpp"
#include "property_tests/fast_harness.hpp"

namespace lossaudit {
namespace {

/// Contracts that together use every option of every function.
const char* const contracts[] = {
    "relu exact f32 forward",
    "relu exact f32 gradient",
    "sigmoid exact f32 forward",
    "sigmoid exact f32 gradient",
    "sigmoid exact f64 forward",
    "log_sigmoid exact f32 forward",
    "log_sigmoid exact f32 gradient",
    "softplus exact f32 forward",
    "softplus exact f32 gradient",
    "logit exact f32 forward",
    "logit exact f32 gradient",
    "softmax exact f32 forward",
    "softmax exact f32 forward axis",
    "log_softmax exact f32 forward",
    "log_softmax exact f32 forward axis",
    "logsumexp exact f32 forward",
    "logsumexp exact f32 forward axis",
    "softmax exact f64 forward",
    "softmax exact f64 forward axis",
    "log_softmax exact f64 forward",
    "log_softmax exact f64 forward axis",
    "binary_crossentropy exact f64 forward",
    "binary_crossentropy keras1 f64 forward epsilon=1e-9 label_smoothing=0.1",
    "binary_crossentropy exact f64 forward from_logits reduction=mean pos_weight=2.5 sample_weights",
    "categorical_crossentropy keras1 f64 forward",
    "categorical_crossentropy exact f64 forward from_logits axis label_smoothing=0.2 class_weights sample_weights",
    "categorical_crossentropy exact f64 forward from_logits reduction=mean class_weights sample_weights",
    "sparse_categorical_crossentropy exact f64 forward from_logits",
    "sparse_categorical_crossentropy keras1 f64 forward reduction=mean ignore_index=1 class_weights",
    "cross_entropy_error exact f64 forward reduction=sum class_weights",
    "softmax exact f32 gradient",
    "softmax exact f32 gradient axis",
    "log_softmax exact f32 gradient",
    "log_softmax exact f32 gradient axis",
    "logsumexp exact f32 gradient",
    "logsumexp exact f32 gradient axis",
    "binary_crossentropy exact f32 forward",
    "binary_crossentropy keras1 f32 forward",
    "binary_crossentropy keras1 f32 forward epsilon=1e-9",
    "binary_crossentropy keras1 f32 forward epsilon=0",
    "binary_crossentropy exact f32 forward from_logits",
    "binary_crossentropy exact f32 forward from_logits label_smoothing=0.3 pos_weight=0.001 sample_weights",
    "binary_crossentropy keras1 f32 forward reduction=mean label_smoothing=0.1 pos_weight=2.5 sample_weights",
    "binary_crossentropy exact f32 forward reduction=sum pos_weight=40",
    "binary_crossentropy exact f32 forward from_logits reduction=mean sample_weights",
    "categorical_crossentropy exact f32 forward",
    "categorical_crossentropy exact f32 forward axis class_weights label_smoothing=0.2",
    "categorical_crossentropy keras1 f32 forward",
    "categorical_crossentropy keras1 f32 forward epsilon=1e-9",
    "categorical_crossentropy keras1 f32 forward epsilon=0 label_smoothing=0.1",
    "categorical_crossentropy exact f32 forward from_logits",
    "categorical_crossentropy exact f32 forward from_logits axis label_smoothing=1 class_weights sample_weights",
    "categorical_crossentropy exact f32 forward from_logits reduction=mean class_weights sample_weights",
    "categorical_crossentropy keras1 f32 forward reduction=mean class_weights sample_weights",
    "categorical_crossentropy exact f32 forward reduction=sum",
    "sparse_categorical_crossentropy exact f32 forward",
    "sparse_categorical_crossentropy exact f32 forward axis label_smoothing=0.1 class_weights",
    "sparse_categorical_crossentropy keras1 f32 forward",
    "sparse_categorical_crossentropy keras1 f32 forward epsilon=0 label_smoothing=0.1",
    "sparse_categorical_crossentropy exact f32 forward from_logits ignore_index=1",
    "sparse_categorical_crossentropy exact f32 forward from_logits label_smoothing=0.1 class_weights",
    "sparse_categorical_crossentropy exact f32 forward from_logits reduction=mean ignore_index=0 class_weights",
    "sparse_categorical_crossentropy exact f32 forward reduction=mean class_weights sample_weights",
    "sparse_categorical_crossentropy keras1 f32 forward reduction=mean ignore_index=0 sample_weights",
    "sparse_categorical_crossentropy keras1 f32 forward reduction=sum class_weights",
    "mean_squared_error exact f32 forward",
    "mean_squared_error exact f32 forward axis sample_weights",
    "mean_squared_error exact f32 forward reduction=mean sample_weights",
    "cross_entropy_error exact f32 forward",
    "cross_entropy_error exact f32 forward axis class_weights sample_weights",
    "cross_entropy_error exact f32 forward reduction=mean class_weights",
};

class FastOnEveryTarget : public testing::TestWithParam<const char*> {};

TEST_P(FastOnEveryTarget, IsWithinBudget) {
  constexpr std::size_t elements = 400;  // of each generator: the audit goes further, on the best target
  const Contract contract = parse_contract(GetParam());
  double largest = 0;
  for (const Generator& generator : generators()) {
    if (generator.covers || !generator.applies(contract)) continue;
    for (const Batch& batch : make_batches(generator, contract, elements, 2, 0)) {
      if (batch.shape.elements() > 20000) continue;  // long rows have a test of their own
      largest = std::max(largest, expect_within_budget(contract, batch));
    }
  }
  RecordProperty("max_ulp", std::to_string(largest));
}

std::string test_name(const testing::TestParamInfo<const char*>& info) {
  std::string name;
  for (const char* c = info.param; *c != 0; ++c) name += std::isalnum(static_cast<unsigned char>(*c)) != 0 ? *c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Contracts, FastOnEveryTarget, testing::ValuesIn(contracts), test_name);

TEST(FastTargets, ThePortableOneIsAlwaysThere) {
  const std::vector<std::string> targets = fast::targets();
  ASSERT_FALSE(targets.empty());
  EXPECT_TRUE(targets.back() == "SCALAR" || targets.back() == "EMU128") << targets.back();
}

TEST(FastTargets, OneCanBeChosenAndGivenBack) {
  const std::string best = fast::active_target();
  EXPECT_EQ(best, fast::targets().front());
  for (const std::string& target : fast::targets()) {
    const TargetScope scope(target);
    EXPECT_EQ(fast::active_target(), target);
  }
  EXPECT_EQ(fast::active_target(), best);
  EXPECT_THROW(fast::use_target("MMX"), std::invalid_argument);
}

}  // namespace
}  // namespace lossaudit
