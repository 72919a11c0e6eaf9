// Shapes, and batches that fit them.
#include <limits>

#include "reference/contract.hpp"

namespace lossaudit {
namespace {

/// No tensor is larger, so that products of sizes do not wrap around.
constexpr std::size_t most_values = std::size_t{1} << 40;

void expect_size(std::string_view what, std::size_t size, std::size_t due) {
  if (size != due) {
    throw BadInput(std::string(what) + " has " + std::to_string(size) + " values where the shape asks for " +
                   std::to_string(due));
  }
}

}  // namespace

Shape shape_along(std::span<const std::size_t> dimensions, int axis) {
  const auto rank = static_cast<int>(dimensions.size());
  if (rank == 0) throw BadInput("a tensor of rank 0 has no axis: give it at least one dimension");
  const int place = axis == -1 ? rank - 1 : axis;
  if (place < 0 || place >= rank) {
    throw BadInput("axis " + std::to_string(axis) + " is out of range for rank " + std::to_string(rank) +
                   ": use -1 or 0 to " + std::to_string(rank - 1));
  }
  Shape shape;
  for (int i = 0; i < rank; ++i) {
    const std::size_t n = dimensions[static_cast<std::size_t>(i)];
    if (n == 0) throw BadInput("dimension " + std::to_string(i) + " is 0: tensors hold at least one value");
    std::size_t& part = i < place ? shape.outer : i == place ? shape.classes : shape.inner;
    if (n > std::numeric_limits<std::uint32_t>::max() || shape.elements() > most_values / n) {
      throw BadInput("a tensor of over 2^40 values does not fit");
    }
    part *= n;
  }
  return shape;
}

std::size_t unreduced_size(const Contract& contract, const Shape& shape) {
  return traits(contract.function).layout == Layout::row_to_value ? shape.rows() : shape.elements();
}

std::size_t result_size(const Contract& contract, const Shape& shape) {
  if (contract.pass == Pass::gradient) return shape.elements();
  return contract.options.reduction == Reduction::none ? unreduced_size(contract, shape) : 1;
}

void validate(const Contract& contract, const Batch& batch) {
  validate(contract);
  const FunctionTraits& f = traits(contract.function);
  const Shape& shape = batch.shape;
  if (shape.outer == 0 || shape.classes == 0 || shape.inner == 0) {
    throw BadInput("the batch is empty: tensors hold at least one value");
  }
  if (shape.outer > most_values || shape.classes > most_values / shape.outer ||
      shape.inner > most_values / (shape.outer * shape.classes)) {
    throw BadInput("a tensor of over 2^40 values does not fit");
  }
  if (shape.inner != 1 && f.layout != Layout::elementwise && !contract.options.axis) {
    throw BadInput("the class axis is not the last one: the contract needs the option axis");
  }
  expect_size("output", batch.output.size(), shape.elements());
  expect_size("target", batch.target.size(), f.target == TargetKind::dense ? shape.elements() : 0);
  expect_size("labels", batch.labels.size(), f.target == TargetKind::labels ? shape.rows() : 0);
  expect_size("class_weights", batch.class_weights.size(), contract.options.class_weights ? shape.classes : 0);
  expect_size("sample_weights", batch.sample_weights.size(),
              contract.options.sample_weights ? unreduced_size(contract, shape) : 0);
  if (!batch.upstream.empty()) {
    Contract forward = contract;
    forward.pass = Pass::forward;
    expect_size("upstream", batch.upstream.size(), contract.pass == Pass::gradient ? result_size(forward, shape) : 0);
  }
}

}  // namespace lossaudit
