// Cases that a hunt changes and puts to the subject: an element, a row, or the whole batch of a reduction, each as a
// batch of its own.
#pragma once

#include <cstddef>
#include <span>

#include "audit/inputs/random.hpp"
#include "reference/contract.hpp"

namespace lossaudit {

/// Whether many cases of one shape fit into one batch: all but those of reductions do.
bool packable(const Contract& contract);

/// Whether a case is a single output, not a row or a reduction.
bool is_single_number(const Contract& contract);

/// Cases of one shape (and the same class weights) as the elements or rows of one batch, in their order. With the
/// option axis they lie side by side along the innermost dimension; a single one then lies there twice.
Batch pack(const Contract& contract, std::span<const Batch> cases);

/// How many cases a batch holds, and which of them a result belongs to.
std::size_t cases_in(const Contract& contract, const Batch& batch);
std::size_t case_of_result(const Contract& contract, const Batch& batch, std::size_t result);

/// The numbers of a case that a search changes: outputs, targets, incoming gradients. Weights stay as they were drawn.
using Tensor = std::vector<double> Batch::*;
struct Coordinate {
  Tensor tensor;
  std::size_t index;
};
Coordinate random_coordinate(const Batch& one, Random& random);

/// Where the numbers of a tensor lie: probabilities in [0, 1], logits anywhere, incoming gradients at most 2^20.
struct Range {
  double low, high;
};
Range range_of(const Contract& contract, Tensor tensor);
/// x as a number of the tensor: of the format, in its range.
double bounded(const Contract& contract, Tensor tensor, double x);

}  // namespace lossaudit
