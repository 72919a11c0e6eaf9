// Cases for the two opinions: random ones over every binade, and those where implementations and proofs go wrong.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <random>
#include <string>
#include <vector>

#include "reference/contract.hpp"

namespace lossaudit::second_opinion {

/// A function in a dialect, from logits or not, and every set of options that means something for it: their numbers
/// are yet to be drawn.
struct Member {
  Function function;
  Dialect dialect;
  bool from_logits;
  std::vector<Options> combinations;
};
/// All that the tables of functions and dialects define.
std::vector<Member> members();
std::string name_of(const Member& member);  ///< letters, digits and underscores
void PrintTo(const Member& member, std::ostream* out);

/// Draws contracts and batches; the same seed draws the same on every machine (no distribution of <random> is used).
class Cases {
 public:
  explicit Cases(std::uint64_t seed) : engine_(seed) {}

  /// One of the member's combinations of options, with numbers.
  Contract contract(const Member& member, Format format, Pass pass);
  /// That combination of options, with numbers.
  Contract contract(const Member& member, const Options& combination, Format format, Pass pass);
  /// Inputs for it: up to `rows` rows of up to 9 classes, or five times as many elements.
  Batch batch(const Contract& contract, std::size_t rows = 6);

 private:
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  double unit() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }  ///< [0, 1)

  double any_bits(Format format);
  double finite_bits(Format format);
  double logit(Format format);
  double probability(const Contract& contract);
  std::vector<double> logit_row(Format format, std::size_t classes);
  std::vector<double> probability_row(const Contract& contract, std::size_t classes);
  double target(const Contract& contract);
  std::vector<double> target_row(const Contract& contract, std::size_t classes);
  double weight(Format format);  ///< no infinity: semantics.md leaves 0 · ∞ between a weight and a loss to the reader
  std::vector<double> weights(Format format, std::size_t n);
  std::int64_t label(const Contract& contract, std::size_t classes);

  std::mt19937_64 engine_;
};

}  // namespace lossaudit::second_opinion
