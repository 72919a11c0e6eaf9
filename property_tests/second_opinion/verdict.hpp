// Two opinions held against one another: does what the reference claims of a result agree with the second opinion?
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "property_tests/second_opinion/formulas.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit::second_opinion {

struct Verdict {
  enum class Kind : std::uint8_t {
    agree,      ///< every part of the claim is proved again
    undecided,  ///< the ball is too wide at this precision; nothing in it refutes the claim
    refuted,
  };
  Kind kind = Kind::agree;
  std::string reason;  ///< of a refutation, in one line
};

/// Judges kind, ulp exponent, rounding and offset, to 2^-20 ulp. A claim that is not `proved` may be one for an exact
/// result on the boundary between two roundings or two binades only.
Verdict judge(Format format, const Expected& claim, const Opinion& opinion);

/// Judges also the enclosure and the decimal of an explanation that was asked for with `digits`, and its four
/// roundings.
Verdict judge(const Exact& claim, int digits, Pass pass, const Opinion& opinion);

/// What came of a batch.
struct Tally {
  std::size_t agreed = 0;
  /// One line each: contract, result, inputs in hex, reason. `unproved`: the reference ran out of precision.
  std::vector<std::string> undecided, unproved, refuted;
  void operator+=(const Tally& other);
};

/// The precisions that are tried in turn until every result of a batch is decided.
inline constexpr slong precisions[] = {192, 640, 2400, 9600};

/// The reference's expect() on a batch against opine().
Tally compare(const Contract& contract, const Batch& batch, const std::vector<Expected>& claims,
              Fault fault = Fault::none);
/// The reference's explain() likewise.
Tally compare(const Contract& contract, const Batch& batch, const std::vector<Exact>& claims, int digits);

}  // namespace lossaudit::second_opinion
