// The functions of losses.md once more, written from its text, from reference/semantics.md and from the frameworks'
// own sources: head + tail over Arb's balls, and gradients by forward-mode differentiation. Shares no formula and no
// table with reference/, so that the two can refute one another.
#pragma once

#include <vector>

#include "property_tests/second_opinion/dual.hpp"
#include "property_tests/second_opinion/faults.hpp"
#include "reference/contract.hpp"

namespace lossaudit::second_opinion {

struct Opinion {
  Value value;
  bool infinite_input = false;  ///< an input that counts is infinite: a number or infinity is then only a limit
};

/// An opinion for each result of the contract on that batch, at Ball::precision. Both must be valid.
std::vector<Opinion> opine(const Contract& contract, const Batch& batch, Fault fault = Fault::none);

/// The parts of opine(). With derivatives in the gradient pass alone.

/// An elementwise function that is no loss.
Dual elementwise(const Contract& contract, double x, Fault fault);
/// softmax and log_softmax of a row; one value, logsumexp.
std::vector<Dual> row_function(const Contract& contract, const std::vector<double>& row, Fault fault);
std::vector<Opinion> loss(const Contract& contract, const Batch& batch, Fault fault);

/// ln(1 + e^x).
Dual softplus(const Dual& x, Fault fault);

/// A row of logits x relative to its maximum m. Limits are taken where a logit is infinite.
struct LogitRow {
  bool is_defined = false;    ///< false: a NaN, two +inf, or all −inf
  std::vector<Dual> shifted;  ///< x_i − m
  Dual log_of_sum;            ///< ln Σ e^(x_i − m)
  std::vector<Dual> softmax;
};
LogitRow logit_row(const std::vector<double>& x, std::size_t directions, Fault fault);

/// One loss before reduction: the row (or, binary, the element) and what belongs to it.
struct Item {
  std::vector<double> output;
  std::vector<double> target;  ///< dense, or one-hot from the label
  bool label_is_class = true;
  bool kept = true;
  double sample_weight = 1;
  std::size_t label = 0;
};

/// −w t ln p − (1 − t) ln(1 − p) of the dialect.
Dual binary(const Contract& contract, const Item& item, Fault fault);
/// −Σ w t ln p of the dialect.
Dual categorical(const Contract& contract, const Batch& batch, const Item& item, Fault fault);
/// The target after label smoothing.
Value smoothed(const Contract& contract, double target, std::size_t classes, Fault fault);
/// What a kept loss adds to the divisor of a mean.
Value counted(const Contract& contract, const Batch& batch, const Item& item, Fault fault);

/// What a dialect does to outputs before it takes their logarithm.
enum class Preparation : std::uint8_t {
  nothing,
  normalise,
  clip,
  normalise_then_clip,
  clip_then_normalise,
  softmax_then_clip,
};
Preparation preparation(const Contract& contract, Fault fault);
/// The ε of the contract before it is rounded to the format.
double epsilon(const Contract& contract, Fault fault = Fault::none);
/// min(max(p, lo), hi) with lo = round(ε) and hi = round(1 − ε).
struct Clip {
  Clip(const Contract& contract, Fault fault);
  [[nodiscard]] Dual operator()(const Dual& p) const;
  /// Whether p's derivatives pass: inside [lo, hi], the ends included. Nothing while a ball lies across an end.
  [[nodiscard]] std::optional<bool> passes(const Value& p) const;

  Rational lo, hi;
  Fault fault;
};

inline std::size_t directions(const Contract& contract, std::size_t outputs) {
  return contract.pass == Pass::gradient ? outputs : 0;
}

bool any_nan(const std::vector<double>& values);
bool any_infinite(const std::vector<double>& values);

}  // namespace lossaudit::second_opinion
