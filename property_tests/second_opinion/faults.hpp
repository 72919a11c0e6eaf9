// Mistakes to make on purpose, to see that the comparison catches each of them.
#pragma once

#include <cstdint>
#include <string_view>

namespace lossaudit::second_opinion {

enum class Fault : std::uint8_t {
  none,
  // Formulas.
  no_log1p_term,             ///< softplus(x) is max(x, 0)
  other_classes_dropped,     ///< logsumexp is the maximum
  log_sign,                  ///< +ln(1 − o) in the binary cross-entropy
  squares_summed,            ///< mean_squared_error forgets its n
  domain_unchecked,          ///< probabilities outside [0, 1] are taken as they are
  complement_rounded,        ///< 1 − o rounded to the format before its logarithm
  logit_of_difference_lost,  ///< ln(p / (1 − p)) with the quotient rounded to the format
  // Options.
  smoothing_over_others,   ///< α/(K − 1) for α/K
  scalars_not_rounded,     ///< label_smoothing and pos_weight as given
  pos_weight_on_both,      ///< w multiplies the second term too
  pos_weight_on_negative,  ///< w multiplies the second term instead
  class_weight_of_label,   ///< one weight for the whole loss, that of the label
  // Denominators.
  mean_over_all_rows,         ///< divides by the number of rows, kept or not
  weight_after_smoothing,     ///< the exact denominator counts smoothed targets
  zero_weight_counts,         ///< keras1 and tfjs divide by all kept rows
  zero_weight_is_left_out,    ///< keras2 and keras3 divide as keras1
  class_weights_not_counted,  ///< torch and onnx divide by the number of kept rows
  sample_weights_counted,     ///< torch and onnx divide by Σ s w
  // Dialects.
  epsilon_not_rounded,         ///< lo = ε, hi = 1 − ε without rounding to the format
  epsilon_of_f32,              ///< sklearn's and tfjs's ε in f32 for every format
  epsilon_added_to_log,        ///< −ln(p + ε), as keras2, where the dialect has −ln p
  epsilon_not_added,           ///< keras2 as keras1
  no_upper_clip,               ///< p = max(o, lo)
  not_normalised,              ///< −ln o for −ln(o / Σo)
  normalised_before_clip,      ///< normalise and clip for clip and normalise
  clipped_before_normalising,  ///< clip and normalise for normalise and clip
  log_not_floored,             ///< torch without its −100
  softmax_not_clipped,         ///< tfjs from logits as exact
  zero_takes_infinity_out,     ///< optax as the others
  // Gradients.
  clip_passes_everything,    ///< the gradient of a clip is 1 outside, too
  clip_stops_at_ends,        ///< the gradient of a clip is 0 at its ends
  slope_at_zero_is_one,      ///< relu'(0) = 1
  target_sum_taken_for_one,  ///< softmax(x) − t also where Σ t is not 1
  target_sum_kept,           ///< tf's softmax(x) Σ t − t
  quotient_not_bounded,      ///< torch's (o − t) / ((1 − o) o)
  bound_of_the_format,       ///< torch's 1e-12 rounded to the contract's format
  bound_not_rounded,         ///< torch's 1e-12 as it stands
  normalisation_constant,    ///< Σo is taken for a constant by the gradient
  incoming_gradient_of_ones,
  incoming_gradient_not_centred,  ///< s_i g_i for s_i (g_i − Σ g s)
  gradient_of_sum,                ///< the gradient of a mean is not divided
  gradient_without_weights,       ///< the gradient forgets the sample weights
  ignored_rows_pull,              ///< an ignored row has a gradient
  gradient_without_smoothing,
  gradient_without_class_weights,
};

struct NamedFault {
  Fault fault;
  std::string_view name;
};

/// All but `none`.
inline constexpr NamedFault faults[] = {
    {Fault::no_log1p_term, "no_log1p_term"},
    {Fault::other_classes_dropped, "other_classes_dropped"},
    {Fault::log_sign, "log_sign"},
    {Fault::squares_summed, "squares_summed"},
    {Fault::domain_unchecked, "domain_unchecked"},
    {Fault::complement_rounded, "complement_rounded"},
    {Fault::logit_of_difference_lost, "logit_of_difference_lost"},
    {Fault::smoothing_over_others, "smoothing_over_others"},
    {Fault::scalars_not_rounded, "scalars_not_rounded"},
    {Fault::pos_weight_on_both, "pos_weight_on_both"},
    {Fault::pos_weight_on_negative, "pos_weight_on_negative"},
    {Fault::class_weight_of_label, "class_weight_of_label"},
    {Fault::mean_over_all_rows, "mean_over_all_rows"},
    {Fault::weight_after_smoothing, "weight_after_smoothing"},
    {Fault::zero_weight_counts, "zero_weight_counts"},
    {Fault::zero_weight_is_left_out, "zero_weight_is_left_out"},
    {Fault::class_weights_not_counted, "class_weights_not_counted"},
    {Fault::sample_weights_counted, "sample_weights_counted"},
    {Fault::epsilon_not_rounded, "epsilon_not_rounded"},
    {Fault::epsilon_of_f32, "epsilon_of_f32"},
    {Fault::epsilon_added_to_log, "epsilon_added_to_log"},
    {Fault::epsilon_not_added, "epsilon_not_added"},
    {Fault::no_upper_clip, "no_upper_clip"},
    {Fault::not_normalised, "not_normalised"},
    {Fault::normalised_before_clip, "normalised_before_clip"},
    {Fault::clipped_before_normalising, "clipped_before_normalising"},
    {Fault::log_not_floored, "log_not_floored"},
    {Fault::softmax_not_clipped, "softmax_not_clipped"},
    {Fault::zero_takes_infinity_out, "zero_takes_infinity_out"},
    {Fault::clip_passes_everything, "clip_passes_everything"},
    {Fault::clip_stops_at_ends, "clip_stops_at_ends"},
    {Fault::slope_at_zero_is_one, "slope_at_zero_is_one"},
    {Fault::target_sum_taken_for_one, "target_sum_taken_for_one"},
    {Fault::target_sum_kept, "target_sum_kept"},
    {Fault::quotient_not_bounded, "quotient_not_bounded"},
    {Fault::bound_of_the_format, "bound_of_the_format"},
    {Fault::bound_not_rounded, "bound_not_rounded"},
    {Fault::normalisation_constant, "normalisation_constant"},
    {Fault::incoming_gradient_of_ones, "incoming_gradient_of_ones"},
    {Fault::incoming_gradient_not_centred, "incoming_gradient_not_centred"},
    {Fault::gradient_of_sum, "gradient_of_sum"},
    {Fault::gradient_without_weights, "gradient_without_weights"},
    {Fault::ignored_rows_pull, "ignored_rows_pull"},
    {Fault::gradient_without_smoothing, "gradient_without_smoothing"},
    {Fault::gradient_without_class_weights, "gradient_without_class_weights"},
};

}  // namespace lossaudit::second_opinion
