#include <algorithm>

#include "audit/inputs/groups.hpp"
#include "audit/inputs/row_batches.hpp"

namespace lossaudit {
namespace {

constexpr std::size_t class_counts[] = {1, 2, 3, 4, 7, 10, 17, 33, 100, 1000};
/// 4096 and beyond: where narrow accumulators stop growing (f16 sums of ones at 2048, bf16 at 256), and a vocabulary's
/// size.
constexpr std::size_t long_class_counts[] = {4097, 32000};
/// Values a batch at most, so that the reference's work divides evenly.
constexpr std::size_t batch_elements = 8192;

bool unreduced_rows(const Contract& contract) {
  return traits(contract.function).layout != Layout::elementwise && contract.options.reduction == Reduction::none;
}

Generator of_kind(const RowKind& kind) {
  Generator generator;
  generator.name = kind.name;
  generator.purpose = kind.purpose;
  generator.random = true;
  generator.applies = [&kind](const Contract& contract) {
    return unreduced_rows(contract) && kind.space == row_space(contract);
  };
  generator.batches = [&kind](const Contract& contract, std::size_t elements, Random& random) {
    const auto counts = static_cast<std::size_t>(
        std::count_if(std::begin(class_counts), std::end(class_counts), [&](std::size_t n) { return n <= kind.most; }));
    std::vector<Batch> batches;
    for (std::size_t c = 0; c < counts; ++c) {
      const std::size_t classes = class_counts[c];
      std::size_t left = std::max<std::size_t>(1, elements / counts / classes);
      for (std::size_t first = 0; left > 0;) {
        const std::size_t rows = std::min(left, std::max<std::size_t>(1, batch_elements / classes));
        batches.push_back(row_batch(contract, kind, classes, rows, first, random));
        left -= rows;
        first += rows;
      }
    }
    return batches;
  };
  return generator;
}

Generator long_rows() {
  Generator generator;
  generator.name = "long_rows";
  generator.purpose = "4097 to 32000 classes: accumulators that stop growing, sums that lose their tail";
  generator.random = true;
  generator.applies = unreduced_rows;
  generator.batches = [](const Contract& contract, std::size_t elements, Random& random) {
    std::vector<Batch> batches;
    std::size_t made = 0;
    for (const std::size_t classes : long_class_counts) {
      for (const RowKind& kind : row_kinds()) {
        if (kind.space != row_space(contract) || kind.most <= classes) continue;
        if (!batches.empty() && made + classes > elements) continue;
        batches.push_back(row_batch(contract, kind, classes, 1, random.below(101), random));
        made += batches.back().shape.elements();
      }
    }
    return batches;
  };
  return generator;
}

}  // namespace

std::vector<Generator> row_generators() {
  std::vector<Generator> all;
  for (const RowKind& kind : row_kinds()) all.push_back(of_kind(kind));
  all.push_back(long_rows());
  return all;
}

}  // namespace lossaudit
