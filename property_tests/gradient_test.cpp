#include "property_tests/common_properties.hpp"
#include "property_tests/relations.hpp"

namespace lossaudit::conform {

CONFORMANCE_SUITE(Gradient);

TEST_P(Gradient, FromLogitsSumsToZero) {
  bool any = false;
  for (const Function function : {Function::categorical_crossentropy, Function::sparse_categorical_crossentropy}) {
    Contract contract = from_logits(function, GetParam());
    contract.pass = Pass::gradient;
    if (!supports(contract)) continue;
    any = true;
    gradient_sums_to_zero(contract);
  }
  Contract contract = from_logits(Function::categorical_crossentropy, GetParam());
  contract.pass = Pass::gradient;
  if (!any) NEEDS(contract);
}

// What holds of every function's results holds of its gradient.
TEST_P(Gradient, WithinBudget) { test_gradients("WithinBudget", GetParam()); }
TEST_P(Gradient, SpecialValues) { test_gradients("SpecialValues", GetParam()); }
TEST_P(Gradient, TailsWithinBudget) { test_gradients("TailsWithinBudget", GetParam()); }
TEST_P(Gradient, FiniteInFiniteOut) { test_gradients("FiniteInFiniteOut", GetParam()); }
TEST_P(Gradient, NanStaysInItsRow) { test_gradients("NanStaysInItsRow", GetParam()); }
TEST_P(Gradient, LimitsAtInfinity) { test_gradients("LimitsAtInfinity", GetParam()); }
TEST_P(Gradient, AloneAsInALongVector) { test_gradients("AloneAsInALongVector", GetParam()); }
TEST_P(Gradient, PermutationIsFollowed) { test_gradients("PermutationIsFollowed", GetParam()); }
TEST_P(Gradient, AxisIsATranspose) { test_gradients("AxisIsATranspose", GetParam()); }
TEST_P(Gradient, LongRowsWithinBudget) { test_gradients("LongRowsWithinBudget", GetParam()); }
TEST_P(Gradient, MeanIsSumOverCount) { test_gradients("MeanIsSumOverCount", GetParam()); }

TEST_P(Gradient, SparseIsCategoricalOfOneHot) {
  std::vector<Contract> contracts;
  for (const Contract& sparse :
       supported_contracts(Function::sparse_categorical_crossentropy, GetParam(), Pass::gradient)) {
    if (is_same_for_one_hot(sparse)) contracts.push_back(sparse);
  }
  if (contracts.empty()) GTEST_SKIP() << "not supported: gradients of both cross-entropies";
  for (const Contract& sparse : contracts) sparse_is_categorical(sparse, share_of(contracts.size()));
}

}  // namespace lossaudit::conform
