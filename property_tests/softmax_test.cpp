#include <cmath>

#include "property_tests/relations.hpp"

namespace lossaudit::conform {

CONFORMANCE_SUITE(Softmax);

/// Σ softmax(x) = 1: each term is within its budget, so the sum is within the sum of those. Adding n of them in 64 bits
/// is off by n 2^−64.
TEST_P(Softmax, SumsToOne) {
  const Contract softmax = forward(Function::softmax, GetParam());
  NEEDS(softmax);
  const auto draw = drawing(softmax, Adventure::finite, {.most_rows = 6, .most_classes = 40, .most_inner = 1});
  for_all(softmax, draw, [&](const Batch& batch) {
    const std::vector<double> s = compute(softmax, batch);
    const std::size_t n = batch.shape.classes;
    return first_complaint("row", batch.shape.rows(), [&](std::size_t row) -> Complaint {
      long double sum = 0;
      long double allowed = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double term = s[element_index(batch.shape, row, i)];
        sum += term;
        allowed += reach(softmax, term) + 0x1p-64L;
      }
      if (std::abs(sum - 1) <= allowed) return {};
      return "sums to " + shown(Format::f64, static_cast<double>(sum)) + ", " +
             shown(Format::f64, static_cast<double>(std::abs(sum - 1) / allowed)) + " times as far from 1 as allowed";
    });
  });
}

TEST_P(Softmax, ShiftChangesNothing) {
  const Contract softmax = forward(Function::softmax, GetParam());
  NEEDS(softmax);
  shift_changes_nothing(softmax);
}

}  // namespace lossaudit::conform
