// One subject's errors under one contract, length by length.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "audit/lengths/checkpoint.hpp"
#include "audit/lengths/logit_rows.hpp"
#include "audit/lengths/terms.hpp"
#include "audit/record.hpp"
#include "audit/subject.hpp"

namespace lossaudit {

/// 1, 2, 4, … up to `longest`, and that.
std::vector<std::uint64_t> lengths_up_to(std::uint64_t longest);

/// About how many terms the samples of one length cost, calls included.
double cost_of_length(std::uint64_t n);

class Curve {
 public:
  Curve(Subject& subject, const Contract& contract, std::uint64_t seed);

  /// Adds the next length to `state`; a contract must be one of TermSum's or LogitRows'. False, and the reason in state.ended, when the subject gave no results.
  bool measure(std::uint64_t n, CurveState& state);

  /// Adds the part of sums of growing terms that is correctly rounded.
  void measure_growing(CurveState& state);

  /// What the errors say together; names and bits are the caller's.
  [[nodiscard]] LengthCurve fitted(const CurveState& state) const;

 private:
  [[nodiscard]] Outcome add_errors(std::vector<double>& errors);

  Subject& subject_;
  Contract contract_;
  std::uint64_t seed_;
  std::optional<TermSum> sum_;
  std::optional<LogitRows> rows_;
  // From sample to sample the same memory.
  Sample sample_;
  std::vector<std::byte> results_;
};

}  // namespace lossaudit
