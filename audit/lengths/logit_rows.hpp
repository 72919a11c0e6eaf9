// Rows of very many logits whose exact results cost next to nothing: each logit is one of a few.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "audit/lengths/sample.hpp"

namespace lossaudit {

/// A contract of rows of logits, whose results depend on Σ e^x alone and on a logit.
class LogitRows {
 public:
  /// softmax, log_softmax, logsumexp, and the cross-entropies of classes from logits that are the plain formula; forward,
  /// unreduced.
  static bool serves(const Contract& contract);
  /// Nothing for what it does not serve.
  static std::optional<LogitRows> of(const Contract& contract);

  /// A row of n logits between −4 and 4, and a class to lose on. Up to 4096 results are known, spread evenly over it; to
  /// 2^-8 ulp of f64.
  void make(std::uint64_t n, Random& random, Sample& sample) const;

 private:
  explicit LogitRows(const Contract& contract);
  void know_by_reference(std::uint64_t label, Sample& sample) const;
  void know_by_counts(const std::vector<std::uint64_t>& times, std::uint64_t label, Sample& sample) const;
  [[nodiscard]] std::size_t place_of(const Sample& sample, std::size_t at) const;

  Contract contract_;
  std::vector<std::byte> stored_;   ///< every logit there is, in order
  std::vector<long double> parts_;  ///< softmax of a row that has each of them once
};

}  // namespace lossaudit
