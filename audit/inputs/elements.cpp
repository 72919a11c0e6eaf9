#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "audit/inputs/groups.hpp"
#include "audit/inputs/values.hpp"

namespace lossaudit {
namespace {

/// Lengths of the first batches, around vector widths, so that remainder loops see the values that find something.
constexpr std::size_t short_lengths[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65};
constexpr std::size_t long_length = 4099;

void shuffle(std::vector<double>& values, Random& random) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.below(i)]);
}

std::vector<Batch> in_batches(const std::vector<double>& output, const std::vector<double>& target) {
  std::vector<Batch> batches;
  for (std::size_t begin = 0; begin < output.size();) {
    const std::size_t number = batches.size();
    const std::size_t length = number < std::size(short_lengths) ? short_lengths[number] : long_length;
    const std::size_t end = std::min(begin + length, output.size());
    Batch batch;
    batch.shape = {1, end - begin, 1};
    batch.output.assign(output.begin() + static_cast<std::ptrdiff_t>(begin),
                        output.begin() + static_cast<std::ptrdiff_t>(end));
    if (!target.empty()) {
      batch.target.assign(target.begin() + static_cast<std::ptrdiff_t>(begin),
                          target.begin() + static_cast<std::ptrdiff_t>(end));
    }
    batches.push_back(std::move(batch));
    begin = end;
  }
  return batches;
}

bool unreduced_elementwise(const Contract& contract) {
  return traits(contract.function).layout == Layout::elementwise && contract.options.reduction == Reduction::none;
}

bool takes_target(const Contract& contract) { return traits(contract.function).target == TargetKind::dense; }

/// Binary targets to cross with special outputs.
std::vector<double> special_targets(Format format) {
  return {0,
          1,
          0.5,
          smallest(format),
          fit(format, 1e-7),
          step(format, 1, -1),
          fit(format, 0.1),
          fit(format, 0.9),
          std::numeric_limits<double>::quiet_NaN(),
          std::numeric_limits<double>::infinity()};
}

/// Every special output with every special target.
std::vector<Batch> crossed_specials(const Contract& contract, std::size_t /*elements*/, Random& random) {
  const std::vector<double> targets = special_targets(contract.format);
  std::vector<double> values = special_values(output_space(contract));
  const std::vector<double> not_numbers = nans(contract.format);
  values.insert(values.end(), not_numbers.begin(), not_numbers.end());
  shuffle(values, random);
  std::vector<double> output, target;
  for (std::size_t i = 0; i < values.size() * targets.size(); ++i) {
    output.push_back(values[i % values.size()]);
    // The targets move on by one with every pass over the values, so all pairs occur and neighbours differ.
    target.push_back(targets[(i % values.size() + i / values.size()) % targets.size()]);
  }
  return in_batches(output, target);
}

Generator of_kind(const ValueKind& kind) {
  Generator generator;
  generator.name = kind.name;
  generator.purpose = kind.purpose;
  generator.random = kind.random;
  generator.covers = kind.name == "every_bit_pattern";
  generator.applies = [&kind](const Contract& contract) {
    return unreduced_elementwise(contract) && kind.applies(output_space(contract)) &&
           // All of a format's values are a contract's whole domain only where they are the only argument.
           !(kind.name == "every_bit_pattern" && takes_target(contract));
  };
  generator.batches = [&kind](const Contract& contract, std::size_t elements, Random& random) {
    if (takes_target(contract) && kind.name == "special_values") return crossed_specials(contract, elements, random);
    std::vector<double> output = kind.values(output_space(contract), elements, random);
    shuffle(output, random);
    std::vector<double> target(takes_target(contract) ? output.size() : 0);
    for (double& t : target) t = binary_target(contract.format, random);
    return in_batches(output, target);
  };
  return generator;
}

}  // namespace

std::vector<Generator> element_generators() {
  std::vector<Generator> all;
  for (const ValueKind& kind : value_kinds()) all.push_back(of_kind(kind));
  return all;
}

}  // namespace lossaudit
