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

}  // namespace lossaudit::conform
