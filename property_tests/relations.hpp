// What relations between functions are written with: contracts, batches made from other batches, exact sums.
#pragma once

#include <optional>
#include <vector>

#include "property_tests/common_properties.hpp"

namespace lossaudit::conform {

Contract forward(Function function, Format format, Dialect dialect = Dialect::exact);
Contract from_logits(Function function, Format format, Dialect dialect = Dialect::exact);
Contract with_function(Contract contract, Function function);
Contract with_logits(Contract contract, bool logits);

/// 1 x n x 1: n elements.
Batch elements(std::vector<double> values);
/// (n / classes) x classes x 1.
Batch rows(std::vector<double> values, std::size_t classes);

std::vector<double> negated(std::vector<double> values);

/// a + b when that is a finite value of the format, exactly.
std::optional<double> exact_sum(Format format, double a, double b);

/// Rows of logits that are small multiples of a power of two, so that many shifts of them are exact.
Draw drawing_shiftable_rows(const Contract& contract);
/// Some batches with every row shifted by one constant that is exact for all its values (0 for a row that has none).
struct Shifted {
  Batch batch;
  std::vector<double> by;  ///< one a row
};
std::vector<Shifted> exact_shifts(Format format, const Batch& batch);

/// softmax or log_softmax: shifted rows give what the rows give.
void shift_changes_nothing(const Contract& contract);

/// The gradient from logits of a loss over classes, softmax(x) Σt − t, sums to 0 when Σt = 1: each term is within its
/// budget, so the sum is within the sum of those. Adding n terms of at most 1 in 64 bits is off by n 2^−64.
void gradient_sums_to_zero(const Contract& contract);

/// A sparse loss, or its gradient, is what the categorical one is of one-hot targets, weighted, smoothed and reduced alike.
void sparse_is_categorical(const Contract& sparse, double share);
/// … which the subject has, and whose dialect computes both alike.
bool is_same_for_one_hot(const Contract& sparse);

/// Calls f(i) for i < n; the first complaint, with "element i: " or "row i: " in front.
template <typename F>
Complaint first_complaint(const char* what, std::size_t n, F f) {
  for (std::size_t i = 0; i < n; ++i) {
    if (Complaint complaint = f(i); !complaint.empty())
      return std::string(what) + " " + std::to_string(i) + ": " + complaint;
  }
  return {};
}

/// The clip of a dialect in a format, as semantics.md rounds it; [0, 1] where it has none.
struct Clip {
  double low = 0;
  double high = 1;
};
Clip clip_of(const Contract& contract);

}  // namespace lossaudit::conform
