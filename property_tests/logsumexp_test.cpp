#include <cmath>

#include "property_tests/relations.hpp"

namespace lossaudit::conform {

CONFORMANCE_SUITE(Logsumexp);

/// logsumexp(x + c) = logsumexp(x) + c for exact shifts, each side within its budget.
TEST_P(Logsumexp, ShiftIsAdded) {
  const Contract logsumexp = forward(Function::logsumexp, GetParam());
  NEEDS(logsumexp);
  for_all(logsumexp, drawing_shiftable_rows(logsumexp), [&](const Batch& batch) -> Complaint {
    const std::vector<double> before = compute(logsumexp, batch);
    for (const Shifted& shifted : exact_shifts(logsumexp.format, batch)) {
      const std::vector<double> after = compute(logsumexp, shifted.batch);
      Complaint complaint = first_complaint("row", before.size(), [&](std::size_t row) -> Complaint {
        const double off = sum_minus(before[row], shifted.by[row], after[row]);
        if (std::abs(off) <= reach(logsumexp, before[row]) + reach(logsumexp, after[row])) return {};
        return "shifted by " + shown(GetParam(), shifted.by[row]) + ", " + shown(GetParam(), before[row]) + " became " +
               shown(GetParam(), after[row]);
      });
      if (!complaint.empty()) return complaint;
    }
    return {};
  });
}

}  // namespace lossaudit::conform
