// The table of dialects: what each framework means by a cross-entropy.
//
// A dialect is data plus a small composition: the steps it takes from the outputs to probabilities, the logarithm it
// uses, how it differentiates, and what its mean divides by. The formulas that these compose are those of
// reference/FUNCTION.hpp; semantics.md says each dialect in full.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace lossaudit {

enum class Dialect : std::uint8_t { exact, keras1, keras2, keras3, tf, torch, optax, onnx, sklearn, tfjs };

/// What `mean` divides by.
enum class Denominator : std::uint8_t {
  kept_weight,     ///< the sum of the weights of the rows that are kept
  nonzero_weight,  ///< the number of kept rows whose sample weight is not zero
  count,           ///< the number of kept rows
  label_weight,    ///< the sum of the class weights of the kept rows' labels; where there are no labels, their number
};

/// What a dialect does to outputs before it takes their logarithm.
enum class Step : std::uint8_t {
  softmax,    ///< logits become probabilities; only ever the first step
  clip,       ///< min(max(p, round(ε)), round(1 − ε))
  normalise,  ///< divide by the row's sum
};

/// Which logarithm of a probability a binary loss takes.
enum class Logarithm : std::uint8_t {
  plain,         ///< ln p
  plus_epsilon,  ///< ln(p + round(ε))
  floored,       ///< max(ln p, −100)
};

/// Which gradient a dialect declares: the derivative of its forward pass, unless its framework wrote down another.
enum class Slope : std::uint8_t {
  derivative,            ///< the derivative of the forward pass
  bounded_quotient,      ///< (p − t) / max((1 − p) p, 1e-12)
  softmax_minus_target,  ///< softmax(x) − t, also where Σ t is not 1
};

/// How a dialect computes one cross-entropy from one kind of output.
struct Path {
  bool defined = false;
  std::span<const Step> steps = {};
  Logarithm logarithm = Logarithm::plain;
  Slope slope = Slope::derivative;
  bool zero_times_infinity_is_nan = false;  ///< a target of 0 does not take an infinite logarithm out

  [[nodiscard]] bool clips() const;
  /// Whether the dialect's ε enters at all.
  [[nodiscard]] bool uses_epsilon() const { return clips() || logarithm == Logarithm::plus_epsilon; }
};

/// One row of the table of dialects.
struct DialectTraits {
  Dialect dialect;
  std::string_view name;
  std::array<double, 4> epsilon;  ///< ε before it is rounded to the format, in the order of format_table; 0: none
  Denominator denominator;
  Path binary, binary_logits, categorical, categorical_logits, sparse, sparse_logits;
  std::string_view source;
};

/// The table of dialects, in the order of the enumeration.
std::span<const DialectTraits> dialects();
const DialectTraits& traits(Dialect dialect);

}  // namespace lossaudit
