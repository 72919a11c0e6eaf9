#include <cmath>

#include "property_tests/relations.hpp"

namespace lossaudit::conform {

CONFORMANCE_SUITE(LogSoftmax);

TEST_P(LogSoftmax, ShiftChangesNothing) {
  const Contract log_softmax = forward(Function::log_softmax, GetParam());
  NEEDS(log_softmax);
  shift_changes_nothing(log_softmax);
}

/// log_softmax(x) = ln softmax(x). A computed s with an error of B ulps has a relative error of at most β = B 2^(1−p)
/// when it is normal, so ln s is off by at most −ln(1 − β); logl adds 2^−60 (1 + |ln s|) with room to spare.
TEST_P(LogSoftmax, IsLogOfSoftmax) {
  const Contract log_softmax = forward(Function::log_softmax, GetParam());
  const Contract softmax = forward(Function::softmax, GetParam());
  NEEDS(log_softmax);
  NEEDS(softmax);
  const FormatTraits& format = traits(GetParam());
  const long double beta = std::ldexp(static_cast<long double>(budget_ulps(softmax)), 1 - format.precision);
  // One budget above the smallest normal number, the exact value is normal too.
  const double smallest_normal = step(GetParam(), std::ldexp(1.0, format.min_exponent), reach_in_steps(softmax));
  for_all(log_softmax, drawing(log_softmax, Adventure::finite), [&](const Batch& batch) {
    const std::vector<double> logs = compute(log_softmax, batch);
    const std::vector<double> s = compute(softmax, batch);
    return first_complaint("result", s.size(), [&](std::size_t i) -> Complaint {
      if (!(s[i] >= smallest_normal)) return {};
      const long double of_softmax = std::log(static_cast<long double>(s[i]));
      const long double allowed =
          -std::log1p(-beta) + reach(log_softmax, logs[i]) + 0x1p-60L * (1 + std::abs(of_softmax));
      if (std::abs(of_softmax - logs[i]) <= allowed) return {};
      return shown(GetParam(), logs[i]) + " is not the logarithm of " + shown(GetParam(), s[i]);
    });
  });
}

/// log_softmax(x)_i + logsumexp(x) = x_i, each term within its budget.
TEST_P(LogSoftmax, PlusLogsumexpIsX) {
  const Contract log_softmax = forward(Function::log_softmax, GetParam());
  const Contract logsumexp = forward(Function::logsumexp, GetParam());
  NEEDS(log_softmax);
  NEEDS(logsumexp);
  for_all(log_softmax, drawing(log_softmax, Adventure::finite), [&](const Batch& batch) {
    const std::vector<double> logs = compute(log_softmax, batch);
    const std::vector<double> sums = compute(logsumexp, batch);
    return first_complaint("result", logs.size(), [&](std::size_t i) -> Complaint {
      const double sum = sums[i / batch.shape.classes];
      if (!std::isfinite(logs[i]) || !std::isfinite(sum)) return {};  // x_i − logsumexp beyond the format
      const double off = sum_minus(sum, logs[i], batch.output[i]);
      if (std::abs(off) <= reach(log_softmax, logs[i]) + reach(logsumexp, sum)) return {};
      return shown(GetParam(), logs[i]) + " + " + shown(GetParam(), sum) + " is not " +
             shown(GetParam(), batch.output[i]);
    });
  });
}

}  // namespace lossaudit::conform
