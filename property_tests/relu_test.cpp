#include "property_tests/relations.hpp"

namespace lossaudit::conform {

CONFORMANCE_SUITE(Relu);

/// Exact: one of the two is 0.
TEST_P(Relu, MinusMirroredIsX) {
  const Contract relu = forward(Function::relu, GetParam());
  NEEDS(relu);
  for_all(relu, drawing(relu, Adventure::finite), [&](const Batch& batch) {
    const std::vector<double> plus = compute(relu, batch);
    const std::vector<double> minus = compute(relu, elements(negated(batch.output)));
    return first_complaint("element", plus.size(), [&](std::size_t i) -> Complaint {
      if (plus[i] - minus[i] == batch.output[i]) return {};
      return "relu(x) - relu(-x) is " + shown(relu.format, plus[i] - minus[i]);
    });
  });
}

}  // namespace lossaudit::conform
