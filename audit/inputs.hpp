// Inputs: what an audit tries, as a table of generators. A generator turns a contract into batches whose every value is
// a value of the contract's format; the same seed and round give the same batches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/inputs/random.hpp"
#include "reference/contract.hpp"

namespace lossaudit {

struct Generator {
  std::string name;
  std::string purpose;  ///< what its inputs are there to find
  bool random = false;  ///< gives other batches in every round (the rest have said it all after the first)
  bool covers = false;  ///< every input of the contract's domain is among its batches
  std::function<bool(const Contract&)> applies;
  /// About `elements` values of the output argument, or fewer; kinds that are not random give what they have. A row or
  /// a reduction that is longer is still made whole.
  std::function<std::vector<Batch>(const Contract&, std::size_t elements, Random&)> batches;
};

/// The table of generators.
std::span<const Generator> generators();

/// The generator's batches for the contract, of valid shapes, each with "GENERATOR/ROUND/INDEX" as its origin. What they
/// hold depends on the arguments alone.
std::vector<Batch> make_batches(const Generator& generator, const Contract& contract, std::size_t elements,
                                std::uint64_t seed, std::uint64_t round);

/// Whether a gradient's inputs have an incoming gradient. Those of losses have none, which means ones: it is what training
/// asks for, and often another kernel.
bool has_upstream(const Contract& contract);

/// The stream that `name` draws from for a contract, in a round.
Random random_stream(std::string_view name, const Contract& contract, std::uint64_t seed, std::uint64_t round);

}  // namespace lossaudit
