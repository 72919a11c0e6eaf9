#include <algorithm>
#include <cmath>

#include "property_tests/relations.hpp"

namespace lossaudit::conform {

CONFORMANCE_SUITE(Sigmoid);

/// logit(sigmoid(x)) = x. The exact sigmoid(x) lies within the budget of the computed p, so x = logit of it lies
/// between the logits of the ends of that interval: near p = 1 they are far apart (the conditioning of logit there is 1
/// / (p (1 − p))), in the lower tail close together.
TEST_P(Sigmoid, LogitUndoesIt) {
  const Contract sigmoid = forward(Function::sigmoid, GetParam());
  const Contract logit = forward(Function::logit, GetParam());
  NEEDS(sigmoid);
  NEEDS(logit);
  const std::int64_t steps = reach_in_steps(sigmoid);
  for_all(sigmoid, drawing(sigmoid, Adventure::finite), [&](const Batch& batch) {
    const std::vector<double> p = compute(sigmoid, batch);
    std::vector<double> low = p;
    std::vector<double> high = p;
    for (double& x : low) x = std::clamp(step(sigmoid.format, x, -steps), 0.0, 1.0);
    for (double& x : high) x = std::clamp(step(sigmoid.format, x, steps), 0.0, 1.0);
    const std::vector<double> lowest = compute(logit, elements(low));
    const std::vector<double> highest = compute(logit, elements(high));
    return first_complaint("element", p.size(), [&](std::size_t i) -> Complaint {
      if (std::isnan(p[i])) return "sigmoid is NaN";
      return enclosed(logit, lowest[i], highest[i], batch.output[i]);
    });
  });
}

/// Each term is within its budget of the exact one, and the exact ones sum to 1.
TEST_P(Sigmoid, PlusMirroredIsOne) {
  const Contract sigmoid = forward(Function::sigmoid, GetParam());
  NEEDS(sigmoid);
  for_all(sigmoid, drawing(sigmoid, Adventure::finite), [&](const Batch& batch) {
    const std::vector<double> plus = compute(sigmoid, batch);
    const std::vector<double> minus = compute(sigmoid, elements(negated(batch.output)));
    return first_complaint("element", plus.size(), [&](std::size_t i) -> Complaint {
      const double off = sum_minus(std::max(plus[i], minus[i]), std::min(plus[i], minus[i]), 1);
      if (std::abs(off) <= reach(sigmoid, plus[i]) + reach(sigmoid, minus[i])) return {};
      return shown(sigmoid.format, plus[i]) + " + " + shown(sigmoid.format, minus[i]) + " - 1 is " +
             std::to_string(off);
    });
  });
}

TEST_P(Sigmoid, IsSoftmaxOfXAndZero) {
  const Contract sigmoid = forward(Function::sigmoid, GetParam());
  const Contract softmax = forward(Function::softmax, GetParam());
  NEEDS(sigmoid);
  NEEDS(softmax);
  for_all(sigmoid, drawing(sigmoid, Adventure::finite), [&](const Batch& batch) {
    std::vector<double> pairs;
    for (const double x : batch.output) pairs.insert(pairs.end(), {x, 0});
    const std::vector<double> both = compute(softmax, rows(pairs, 2));
    std::vector<double> first;
    for (std::size_t i = 0; i < both.size(); i += 2) first.push_back(both[i]);
    return agree(sigmoid, compute(sigmoid, batch), softmax, first);
  });
}

}  // namespace lossaudit::conform
