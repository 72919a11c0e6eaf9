#include "audit/inputs/row_batches.hpp"

#include <vector>

namespace lossaudit {
namespace {

/// How many rows lie side by side along the innermost dimension when the classes are not the last one.
std::size_t inner_for(std::size_t rows, Random& random) {
  constexpr std::size_t inners[] = {2, 3, 5, 7, 16};
  return rows < 2 ? 2 : std::min(rows, inners[random.below(std::size(inners))]);
}

}  // namespace

Batch row_batch(const Contract& contract, const RowKind& kind, std::size_t classes, std::size_t rows, std::size_t first,
                Random& random) {
  Batch batch;
  batch.shape = {rows, classes, 1};
  if (contract.options.axis) {
    const std::size_t inner = inner_for(rows, random);
    batch.shape = {(rows + inner - 1) / inner, classes, inner};
  }
  const TargetKind kind_of_target = traits(contract.function).target;
  batch.output.resize(batch.shape.elements());
  if (kind_of_target == TargetKind::dense) batch.target.resize(batch.output.size());
  std::vector<double> output(classes), target(classes);
  for (std::size_t row = 0; row < batch.shape.rows(); ++row) {
    kind.fill(contract, first + row, output, random);
    if (kind_of_target == TargetKind::dense) fill_target(contract, first + row, output, target, random);
    for (std::size_t i = 0; i < classes; ++i) {
      batch.output[element_index(batch.shape, row, i)] = output[i];
      if (kind_of_target == TargetKind::dense) batch.target[element_index(batch.shape, row, i)] = target[i];
    }
    if (kind_of_target == TargetKind::labels) {
      batch.labels.push_back(label_for(contract, first + row, classes, random));
    }
  }
  return batch;
}

}  // namespace lossaudit
