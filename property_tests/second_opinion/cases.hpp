// Cases for the two opinions: random ones over every binade, and those where implementations and proofs go wrong.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "reference/contract.hpp"

namespace lossaudit::second_opinion {

/// Draws contracts and batches; the same seed draws the same on every machine (no distribution of <random> is used).
class Cases {
 public:
  explicit Cases(std::uint64_t seed) : engine_(seed) {}

  /// Random options that mean something for this function and dialect.
  Contract contract(Function function, Dialect dialect, Format format);
  /// Inputs for it: rows of up to 9 classes, or some 30 elements.
  Batch batch(const Contract& contract);

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

  std::mt19937_64 engine_;
};

}  // namespace lossaudit::second_opinion
