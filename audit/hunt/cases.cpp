#include "audit/hunt/cases.hpp"

#include <algorithm>

#include "audit/inputs/values.hpp"

namespace lossaudit {
namespace {

/// Incoming gradients as training has them; with larger ones what is found is an overflow of the product, always.
constexpr double largest_upstream = 0x1p20;

bool elementwise(const Contract& contract) { return traits(contract.function).layout == Layout::elementwise; }

bool one_a_row(const Contract& contract) {
  return traits(contract.function).layout == Layout::row_to_value && contract.pass == Pass::forward;
}

/// Appends every case's tensor, which has a value a case or a row's worth of them.
void lay_out(const Contract& contract, std::span<const Batch> cases, std::size_t copies, Tensor tensor, Batch& batch) {
  const std::size_t each = (cases[0].*tensor).size();
  if (each == 0) return;
  std::vector<double>& all = batch.*tensor;
  all.resize(each * copies);
  const bool in_rows = !elementwise(contract) && each == batch.shape.classes && tensor != &Batch::sample_weights;
  for (std::size_t k = 0; k < copies; ++k) {
    const std::vector<double>& from = cases[std::min(k, cases.size() - 1)].*tensor;
    for (std::size_t i = 0; i < each; ++i) {
      all[in_rows ? element_index(batch.shape, k, i) : k * each + i] = from[i];
    }
  }
}

}  // namespace

bool packable(const Contract& contract) { return contract.options.reduction == Reduction::none; }

bool is_single_number(const Contract& contract) {
  return traits(contract.function).layout == Layout::elementwise && packable(contract);
}

Batch pack(const Contract& contract, std::span<const Batch> cases) {
  Batch batch;
  std::size_t copies = cases.size();
  if (elementwise(contract)) {
    batch.shape = {1, copies, 1};
  } else if (contract.options.axis) {
    copies = std::max<std::size_t>(copies, 2);
    batch.shape = {1, cases[0].shape.classes, copies};
  } else {
    batch.shape = {copies, cases[0].shape.classes, 1};
  }
  for (const Tensor tensor : {&Batch::output, &Batch::target, &Batch::sample_weights, &Batch::upstream}) {
    lay_out(contract, cases, copies, tensor, batch);
  }
  for (std::size_t k = 0; k < copies && !cases[0].labels.empty(); ++k) {
    batch.labels.push_back(cases[std::min(k, cases.size() - 1)].labels[0]);
  }
  batch.class_weights = cases[0].class_weights;
  return batch;
}

std::size_t cases_in(const Contract& contract, const Batch& batch) {
  if (!packable(contract)) return 1;
  return elementwise(contract) ? batch.output.size() : batch.shape.rows();
}

std::size_t case_of_result(const Contract& contract, const Batch& batch, std::size_t result) {
  if (!packable(contract)) return 0;
  if (elementwise(contract) || one_a_row(contract)) return result;
  const Shape& shape = batch.shape;
  return result / (shape.classes * shape.inner) * shape.inner + result % shape.inner;
}

Coordinate random_coordinate(const Batch& one, Random& random) {
  // Of four changes one concerns what is not an output, where there is such.
  if (random.one_in(4)) {
    const Tensor tensor = one.target.empty() ? &Batch::upstream : &Batch::target;
    if (!(one.*tensor).empty()) return {tensor, random.below((one.*tensor).size())};
  }
  return {&Batch::output, random.below(one.output.size())};
}

Range range_of(const Contract& contract, Tensor tensor) {
  const double end = largest(contract.format);
  if (tensor == &Batch::upstream) return {-std::min(end, largest_upstream), std::min(end, largest_upstream)};
  const bool reals = tensor == &Batch::output ? !output_space(contract).probability
                                              : contract.function == Function::mean_squared_error;
  return reals ? Range{-end, end} : Range{0, 1};
}

double bounded(const Contract& contract, Tensor tensor, double x) {
  const Range range = range_of(contract, tensor);
  return std::clamp(fit(contract.format, x), range.low, range.high);
}

}  // namespace lossaudit
