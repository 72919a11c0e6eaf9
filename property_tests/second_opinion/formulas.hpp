// The functions of losses.md once more, written from its text and from reference/semantics.md alone: head + tail over
// Arb's balls. Shares no formula with reference/, so that the two can refute one another.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "property_tests/second_opinion/value.hpp"
#include "reference/contract.hpp"

namespace lossaudit::second_opinion {

/// A mistake to make on purpose, to see that the comparison catches it.
enum class Fault : std::uint8_t {
  none,
  no_log1p_term,             ///< softplus(x) is max(x, 0)
  other_classes_dropped,     ///< logsumexp is the maximum
  log_sign,                  ///< +ln(1 − o) in the binary cross-entropy
  epsilon_not_rounded,       ///< lo = ε, hi = 1 − ε without rounding to the format
  epsilon_added_to_log,      ///< −ln(p + ε), as a later Keras
  no_upper_clip,             ///< p = max(o, lo)
  not_normalised,            ///< −ln o for −ln(o / Σo)
  normalised_before_clip,    ///< the sparse keras1 loss in the categorical order
  smoothing_over_others,     ///< α/(K − 1) for α/K
  scalars_not_rounded,       ///< label_smoothing and pos_weight as given
  pos_weight_on_both,        ///< w multiplies the second term too
  mean_over_all_rows,        ///< divides by the number of rows, kept or not
  weight_after_smoothing,    ///< the exact denominator counts smoothed targets
  class_weight_of_label,     ///< one weight for the whole loss, that of the label
  zero_weight_counts,        ///< keras1 divides by all kept rows
  squares_summed,            ///< mean_squared_error forgets its n
  domain_unchecked,          ///< probabilities outside [0, 1] are taken as they are
  complement_rounded,        ///< 1 − o rounded to the format before its logarithm
  logit_of_difference_lost,  ///< ln(p / (1 − p)) with the quotient rounded to the format
};
struct NamedFault {
  Fault fault;
  std::string_view name;
};
extern const std::array<NamedFault, 19> faults;  ///< all but `none`

struct Opinion {
  Value value;
  bool infinite_input = false;  ///< an input that counts is infinite: a number or infinity is then only a limit
};

/// An opinion for each result of the contract (forward) on that batch, at Ball::precision. Both must be valid.
std::vector<Opinion> opine(const Contract& contract, const Batch& batch, Fault fault = Fault::none);

/// The parts of opine(): elementwise functions, rows to rows or to a value, and losses.
Value elementwise(const Contract& contract, double x, Fault fault);
std::vector<Value> row_function(const Contract& contract, const std::vector<double>& row, Fault fault);
std::vector<Opinion> loss(const Contract& contract, const Batch& batch, Fault fault);

/// ln(1 + e^x).
Value softplus(double x, Fault fault);
/// x_i − ln Σ e^x for each i.
std::vector<Value> log_softmax(const std::vector<double>& row, Fault fault);

}  // namespace lossaudit::second_opinion
