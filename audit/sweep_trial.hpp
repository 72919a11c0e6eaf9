// A block of a sweep put to a subject: what it computes there, settled in lanes, with what the reference says of the rest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "audit/accumulator.hpp"
#include "audit/subject.hpp"
#include "audit/sweep.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {

/// What is due of a stretch of outputs: a pole is an infinity by a limit.
enum class SweepDue : std::uint8_t { number, nan, plus_pole, minus_pole };

/// Where a function is no number, by binades of the output. It is undefined outside an interval whose ends (infinities, 0,
/// 1) begin a binade, and where rounding leaves a clip no bound it has the pole of 0 or 1 on all of that side; so the second
/// and the last output of a binade speak for all but the first.
class SweepDomain {
 public:
  /// Asks the reference.
  SweepDomain(const Contract& contract, double target);
  /// A binade's first output: a pole is told as such only where the rest are no numbers either.
  [[nodiscard]] SweepDue first(std::size_t binade) const { return first_[binade]; }
  [[nodiscard]] SweepDue rest(std::size_t binade) const { return rest_[binade]; }

 private:
  std::vector<SweepDue> first_, rest_;
};

/// The domains of a contract, which depend on a target through its coefficients alone: t and 1 − t may be 0, or none.
class SweepDomains {
 public:
  const SweepDomain& of(const Contract& contract, double target);

 private:
  std::array<std::unique_ptr<SweepDomain>, 6> domains_;
};

/// What a subject did with a block.
struct SweepFindings {
  /// A result that the reference looked at.
  struct Seen {
    std::uint32_t index = 0;
    double computed = 0;
    Expected exact;
    bool is_tallied = false;
  };
  bool was_asked = false;
  double seconds = 0;  ///< by the clock, until all was settled
  Outcome outcome;
  std::vector<std::pair<std::size_t, Tally>> tallies;  ///< by binade; places count from the block's first output
  std::vector<Seen> seen;
};

/// A worker's memory, used again from block to block: fresh pages cost more than an exact result.
class SweepDesk {
 public:
  void lay_out(const Contract& contract, const SweepBlock& block);
  /// Puts the block that was laid out to a subject.
  SweepFindings ask(Subject& subject, const Contract& contract, const SweepDomain& domain, SweepKnown known);

 private:
  void list_values(Format format);
  [[nodiscard]] std::span<const float> outputs(Format format) const;
  [[nodiscard]] std::span<const float> results(Format format);

  SweepBlock block_;
  std::vector<std::byte> output_, target_, upstream_, result_;  ///< as stored
  struct {
    Format format = Format::f64;
    std::uint64_t target = 0;  ///< its bits
  } stored_;                   ///< of target_ and upstream_
  std::vector<float> computed_;
  std::vector<float> values_;  ///< of a format of 16 bits, by encoding
  Format format_of_values_ = Format::f32;
};

/// Adds what was found of a block to what is known of the subject.
void add_findings(const Contract& contract, const SweepBlock& block, const SweepFindings& findings,
                  Accumulator& results, SweepState& state);

}  // namespace lossaudit
