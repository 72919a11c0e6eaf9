#include <cmath>

#include "property_tests/relations.hpp"

namespace lossaudit::conform {

CONFORMANCE_SUITE(Softplus);

TEST_P(Softplus, IsMinusLogSigmoidMirrored) {
  const Contract softplus = forward(Function::softplus, GetParam());
  const Contract log_sigmoid = forward(Function::log_sigmoid, GetParam());
  NEEDS(softplus);
  NEEDS(log_sigmoid);
  for_all(softplus, drawing(softplus, Adventure::finite), [&](const Batch& batch) {
    const std::vector<double> mirrored = compute(log_sigmoid, elements(negated(batch.output)));
    return agree(softplus, compute(softplus, batch), log_sigmoid, negated(mirrored));
  });
}

/// softplus(x) − softplus(−x) = x, each term within its budget.
TEST_P(Softplus, MinusMirroredIsX) {
  const Contract softplus = forward(Function::softplus, GetParam());
  NEEDS(softplus);
  for_all(softplus, drawing(softplus, Adventure::finite), [&](const Batch& batch) {
    const std::vector<double> plus = compute(softplus, batch);
    const std::vector<double> minus = compute(softplus, elements(negated(batch.output)));
    return first_complaint("element", plus.size(), [&](std::size_t i) -> Complaint {
      const double off = sum_minus(plus[i], -minus[i], batch.output[i]);
      if (std::abs(off) <= reach(softplus, plus[i]) + reach(softplus, minus[i])) return {};
      return shown(softplus.format, plus[i]) + " - " + shown(softplus.format, minus[i]) + " is not x";
    });
  });
}

}  // namespace lossaudit::conform
