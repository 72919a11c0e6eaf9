// Sums of very many losses, and of a row's very many terms, whose exact values cost next to nothing: each term is one of a
// palette, so that the exact sum is that of the palette's exact values times how often each occurs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "audit/lengths/sample.hpp"

namespace lossaudit {

/// A contract whose result is the sum or the mean of n independent terms: a reduced loss, or one of a row that is.
class TermSum {
 public:
  /// Not other contracts, nor options that make terms depend on one another.
  static bool serves(const Contract& contract);
  /// Nothing for what it does not serve.
  static std::optional<TermSum> of(const Contract& contract, Random& random);

  /// n terms of one size, of the palette, in random order; their own values are rounded as little as can be. The exact
  /// sum is known to 2^-53 relative, and 2^-20 ulp of the largest term.
  void of_one_size(std::uint64_t n, Random& random, Sample& sample) const;
  /// Terms each of which is about twice the one before: what a compensated sum loses, as each is about as large as the
  /// sum so far, and a sum in double keeps. False where the loss has no large values.
  [[nodiscard]] bool growing(Random& random, Sample& sample) const;

 private:
  struct Term {
    double output[2] = {}, target[2] = {};
    std::int64_t label = 0;
    long double value = 0;
  };
  /// Terms as they are stored, one after the other.
  struct Stored {
    std::vector<std::byte> output, target;
    std::vector<std::int64_t> labels;
  };

  explicit TermSum(const Contract& contract) : contract_(contract) {}
  [[nodiscard]] std::optional<Term> term(double size, Random& random) const;
  void evaluate(std::vector<Term>& terms) const;
  [[nodiscard]] Batch batch_of(const std::vector<Term>& terms) const;
  [[nodiscard]] Stored stored(const std::vector<Term>& terms) const;
  void finish(std::uint64_t n, long double sum, Sample& sample) const;

  Contract contract_, unit_;  ///< unit_: of one term alone
  std::size_t classes_ = 1;   ///< of a term
  bool in_row_ = false;       ///< the terms are a row's classes
  std::vector<Term> palette_;
  Stored stored_palette_;
};

}  // namespace lossaudit
