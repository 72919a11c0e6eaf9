#include <algorithm>
#include <cmath>

#include "audit/inputs/groups.hpp"
#include "audit/inputs/row_batches.hpp"
#include "audit/inputs/values.hpp"

namespace lossaudit {
namespace {

/// Numbers of losses: around vector widths, and where 8 and 11 bits of accumulator stop counting.
constexpr std::size_t loss_counts[] = {1,  2,  3,  4,  5,   7,   8,   9,   15,  16,   17,   31,
                                       32, 33, 63, 65, 100, 255, 257, 600, 999, 2047, 2049, 4097};
/// Where 16 bits stop counting, f16 has no number for the count (from 65520 on), and float sums have lost their last digits; as many as
/// there is room for.
constexpr std::size_t long_loss_counts[] = {100003, 65537, 32771, 10007};
constexpr std::size_t classes_in_reductions[] = {3, 1, 2, 10};

bool reduced(const Contract& contract) { return contract.options.reduction != Reduction::none; }
bool elementwise(const Contract& contract) { return traits(contract.function).layout == Layout::elementwise; }

/// Losses of a binary loss: finite and of one size, or all the same.
Batch binary_batch(const Contract& contract, std::size_t losses, bool equal, Random& random) {
  Batch batch;
  batch.shape = {1, losses, 1};
  const bool probability = output_space(contract).probability;
  double output = 0;
  double target = 0;
  for (std::size_t i = 0; i < losses; ++i) {
    if (i == 0 || !equal) {
      const double x = probability ? random.uniform(0.001, 0.999) : 4 * random.normal();
      output = fit(contract.format, x);
      target = binary_target(contract.format, random);
    }
    batch.output.push_back(output);
    batch.target.push_back(target);
  }
  return batch;
}

const RowKind& kind_for(const Contract& contract, bool equal) {
  const RowKind* found = nullptr;
  for (const RowKind& kind : row_kinds()) {
    if (kind.space != row_space(contract) || !kind.in_losses) continue;
    const bool is_equal = kind.name.starts_with("equal");
    if (is_equal == equal && found == nullptr) found = &kind;
  }
  return *found;
}

/// Batches of every number of losses that fits into `elements` values.
std::vector<Batch> of_every_count(const Contract& contract, std::size_t elements, bool equal, Random& random) {
  std::vector<Batch> batches;
  std::size_t made = 0;
  const auto add = [&](std::size_t losses, std::size_t classes) {
    if (elementwise(contract)) classes = 1;
    if (made + losses * classes > elements) return;
    made += losses * classes;
    batches.push_back(elementwise(contract)
                          ? binary_batch(contract, losses, equal, random)
                          : row_batch(contract, kind_for(contract, equal), classes, losses, random.below(64), random));
  };
  for (std::size_t i = 0; i < std::size(loss_counts); ++i) {
    add(loss_counts[i], loss_counts[i] > 1000 ? 2 : classes_in_reductions[i % std::size(classes_in_reductions)]);
  }
  for (const std::size_t losses : long_loss_counts) add(losses, 2);
  return batches;
}

/// Batches of one to five losses of every kind, special ones too: what one NaN, one infinity, an ignored or weightless
/// loss does to the rest.
std::vector<Batch> of_special_losses(const Contract& contract, std::size_t elements, Random& random) {
  const std::size_t count = std::clamp<std::size_t>(elements / 64, 24, 400);
  std::vector<Batch> batches;
  if (elementwise(contract)) {
    const std::vector<double> specials = special_values(output_space(contract));
    for (std::size_t i = 0; i < count; ++i) {
      Batch batch = binary_batch(contract, 1 + i % 5, false, random);
      batch.output[random.below(batch.output.size())] = specials[random.below(specials.size())];
      if (i % 8 == 7) batch.output[random.below(batch.output.size())] = nans(contract.format)[0];
      batches.push_back(std::move(batch));
    }
    return batches;
  }
  for (std::size_t i = 0; i < count; ++i) {
    for (const RowKind& kind : row_kinds()) {
      if (kind.space != row_space(contract) || kind.most > 17) continue;
      batches.push_back(row_batch(contract, kind, 1 + i % 4, 1 + i % 5, random.below(1000), random));
    }
  }
  return batches;
}

template <typename Make>
Generator reduction(const char* name, const char* purpose, Make make) {
  Generator generator;
  generator.name = name;
  generator.purpose = purpose;
  generator.random = true;
  generator.applies = reduced;
  generator.batches = make;
  return generator;
}

}  // namespace

std::vector<Generator> reduction_generators() {
  return {
      reduction("loss_counts", "means and sums of 1 to 100003 different losses",
                [](const Contract& contract, std::size_t elements, Random& random) {
                  return of_every_count(contract, elements, false, random);
                }),
      reduction("equal_losses", "means and sums of 1 to 100003 equal losses: accumulators that stop growing",
                [](const Contract& contract, std::size_t elements, Random& random) {
                  return of_every_count(contract, elements, true, random);
                }),
      reduction("special_losses", "one to five losses with a NaN, an infinity, a zero or a clip's end among them",
                of_special_losses),
  };
}

}  // namespace lossaudit
