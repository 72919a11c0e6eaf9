#include <cmath>

#include "property_tests/relations.hpp"

namespace lossaudit::conform {

CONFORMANCE_SUITE(Logit);

/// sigmoid(logit(p)) = p, from both ends of what the budget of logit allows.
TEST_P(Logit, SigmoidUndoesIt) {
  const Contract logit = forward(Function::logit, GetParam());
  const Contract sigmoid = forward(Function::sigmoid, GetParam());
  NEEDS(logit);
  NEEDS(sigmoid);
  const std::int64_t steps = reach_in_steps(logit);
  for_all(logit, drawing(logit, Adventure::finite), [&](const Batch& batch) {
    const std::vector<double> x = compute(logit, batch);
    std::vector<double> low = x;
    std::vector<double> high = x;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (!std::isfinite(x[i])) low[i] = high[i] = 0;  // p is 0 or 1
      low[i] = step(logit.format, low[i], -steps);
      high[i] = step(logit.format, high[i], steps);
    }
    const std::vector<double> lowest = compute(sigmoid, elements(low));
    const std::vector<double> highest = compute(sigmoid, elements(high));
    return first_complaint("element", x.size(), [&](std::size_t i) -> Complaint {
      const double p = batch.output[i];
      if (std::isinf(x[i]) && (p == 0 || p == 1)) return {};
      if (!std::isfinite(x[i])) return "logit is " + shown(logit.format, x[i]);
      return enclosed(sigmoid, lowest[i], highest[i], p);
    });
  });
}

/// logit(1 − p) = −logit(p) where 1 − p is a value of the format: everywhere from 1/2 up, and on the coarse grid below
/// it.
TEST_P(Logit, IsOdd) {
  const Contract logit = forward(Function::logit, GetParam());
  NEEDS(logit);
  for_all(logit, drawing(logit, Adventure::finite), [&](const Batch& batch) {
    std::vector<double> p;
    std::vector<double> mirrored;
    for (const double value : batch.output) {
      if (const auto rest = exact_sum(logit.format, 1, -value)) {
        p.push_back(value);
        mirrored.push_back(*rest);
      }
    }
    if (p.empty()) return Complaint();
    return agree(logit, compute(logit, elements(p)), logit, negated(compute(logit, elements(mirrored))));
  });
}

}  // namespace lossaudit::conform
