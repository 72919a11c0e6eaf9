// Cases from bit patterns of a format, stratified so that the magnitudes that matter come often, and shrunk to short
// hex.
//
// Three levels of adventure: `tame` values are those met in training; `finite` ones lie in every binade of the domain;
// `wild` ones are any bit pattern: NaNs with payloads, infinities, values outside the domain.
#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <span>
#include <vector>

#include "reference/contract.hpp"

namespace lossaudit::conform {

enum class Adventure : std::uint8_t { tame, finite, wild };

/// Where random choices come from. One source makes one case, so RapidCheck reproduces it from its seed.
class Source {
 public:
  Source(const rc::Random& random, int size) : random_(random), size_(size) {}
  std::uint64_t bits() { return random_.next(); }
  /// A whole number in [low, high].
  std::int64_t between(std::int64_t low, std::int64_t high);
  bool chance(int in, int of) { return between(1, of) <= in; }
  template <typename Range>
  auto pick(const Range& range) {
    return *(std::begin(range) + between(0, static_cast<std::int64_t>(std::size(range)) - 1));
  }
  /// RapidCheck's size, from 0 (first cases) to 100: lengths grow with it.
  [[nodiscard]] int size() const { return size_; }

 private:
  rc::Random random_;
  int size_;
};

/// Values at which implementations change their mind: 0, ±smallest, the subnormal border, ±1, the overflow and
/// underflow thresholds of the exponential, ±largest, ±inf, NaNs.
std::span<const double> special_values(Format format);
/// The same of [0, 1]: 0, smallest, the ε of the dialects and 1 − ε as the format rounds them, 1/2, 1.
std::span<const double> special_probabilities(Format format);

/// The contract's output argument is a probability, not a logit or any real.
bool takes_probabilities(const Contract& contract);

/// One value. `draw_real` of any size and sign; `draw_probability` in [0, 1] unless wild.
double draw_real(Source& source, Format format, Adventure adventure);
double draw_probability(Source& source, Format format, Adventure adventure);

/// A batch for the contract, with targets, labels and weights as it needs them. Targets of a draw that is not wild lie
/// in [0, 1], where every term of a loss has one sign: sums of both signs can cancel any number of bits, which no
/// budget covers.
struct Layouts {
  std::size_t most_rows = 6, most_classes = 9, most_inner = 3;
};
Batch draw_batch(Source& source, const Contract& contract, Adventure adventure, const Layouts& layouts = {});
/// The same of a given shape.
Batch draw_batch(Source& source, const Contract& contract, Adventure adventure, const Shape& shape);

/// A batch with its contract, so that it can be printed: to_case_text() of audit/case.hpp.
struct Case {
  Contract contract;
  Batch batch;
};
std::ostream& operator<<(std::ostream& out, const Case& a_case);

using Draw = std::function<Batch(Source&)>;
using Admits = std::function<bool(const Batch&)>;

/// RapidCheck's generator of the cases that `draw` makes; it shrinks within what `admits` allows.
rc::Gen<Case> cases(const Contract& contract, Draw draw, Admits admits = {});

}  // namespace lossaudit::conform
