#include <cmath>

#include "property_tests/relations.hpp"

namespace lossaudit::conform {

CONFORMANCE_SUITE(Gradient);

/// softmax(x) Σt − t sums to 0 when Σt = 1: each term is within its budget, so the sum is within the sum of those.
/// Adding n terms of at most 1 in 64 bits is off by n 2^−64.
TEST_P(Gradient, FromLogitsSumsToZero) {
  bool any = false;
  for (const Function function : {Function::categorical_crossentropy, Function::sparse_categorical_crossentropy}) {
    Contract contract = from_logits(function, GetParam());
    contract.pass = Pass::gradient;
    if (!supports(contract)) continue;
    any = true;
    for_all(contract, drawing(contract, Adventure::finite), [&](Batch batch) {
      const std::size_t n = batch.shape.classes;
      for (std::size_t i = 0; i < batch.target.size(); ++i) batch.target[i] = i % n == i / n % n ? 1 : 0;
      const std::vector<double> gradient = compute(contract, batch);
      return first_complaint("row", batch.shape.rows(), [&](std::size_t row) -> Complaint {
        long double sum = 0;
        long double allowed = 0;
        for (std::size_t i = 0; i < n; ++i) {
          const double g = gradient[element_index(batch.shape, row, i)];
          sum += g;
          allowed += reach(contract, g) + 0x1p-64L;
        }
        if (std::abs(sum) <= allowed) return {};
        return "the gradient sums to " + shown(Format::f64, static_cast<double>(sum));
      });
    });
  }
  Contract contract = from_logits(Function::categorical_crossentropy, GetParam());
  contract.pass = Pass::gradient;
  if (!any) NEEDS(contract);
}

}  // namespace lossaudit::conform
