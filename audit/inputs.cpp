#include "audit/inputs.hpp"

#include "audit/inputs/groups.hpp"
#include "audit/text.hpp"

namespace lossaudit {
namespace {

std::vector<Generator> all_generators() {
  std::vector<Generator> all;
  for (auto group : {element_generators, row_generators, reduction_generators}) {
    for (Generator& generator : group()) all.push_back(std::move(generator));
  }
  return all;
}

}  // namespace

std::span<const Generator> generators() {
  static const std::vector<Generator> all = all_generators();
  return all;
}

Random random_stream(std::string_view name, const Contract& contract, std::uint64_t seed, std::uint64_t round) {
  const std::string stream = std::to_string(seed) + "/" + std::to_string(round) + "/" + to_string(contract);
  return Random(text_hash(name, text_hash(stream)));
}

std::vector<Batch> make_batches(const Generator& generator, const Contract& contract, std::size_t elements,
                                std::uint64_t seed, std::uint64_t round) {
  Random random = random_stream(generator.name, contract, seed, round);
  std::vector<Batch> batches = generator.batches(contract, elements, random);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    add_weights_and_upstream(contract, batches[i], random);
    batches[i].origin = generator.name + "/" + std::to_string(round) + "/" + std::to_string(i);
    validate(contract, batches[i]);
  }
  return batches;
}

}  // namespace lossaudit
