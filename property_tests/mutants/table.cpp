#include "property_tests/mutants/table.hpp"

#include <vector>

#include "property_tests/mutants/elementwise.hpp"
#include "property_tests/mutants/everywhere.hpp"
#include "property_tests/mutants/losses.hpp"
#include "property_tests/mutants/reductions.hpp"
#include "property_tests/mutants/rows.hpp"
#include "property_tests/mutants/sound.hpp"

namespace lossaudit::mutants {
namespace {

/// One subject's compute(): the ABI has no place for an object.
template <class Implementation>
int as(const lossaudit_contract* contract, const lossaudit_tensors* tensors) {
  static const Implementation implementation;
  return implementation.compute(*contract, *tensors);
}

constexpr Mutant table[] = {
    // anything
    {"flushes_subnormal_results", "results below the smallest normal number are 0",
     "flush-to-zero mode, on in a process linked with -ffast-math",
     "Sigmoid.TailsWithinBudget/f32:"
     "Softmax.TailsWithinBudget/f32:"
     "BinaryCrossentropy.TailsWithinBudget/f32:"
     "LogSigmoid.TailsWithinBudget/f32",
     "sigmoid exact f32 forward", "budget", as<FlushesSubnormalResults>},
    {"subnormal_inputs_are_zero", "subnormal arguments are read as 0", "denormals-are-zero mode",
     "Relu.SpecialValues/f32:"
     "Logit.FiniteInFiniteOut/f32:"
     "CrossEntropyError.SpecialValues/f32",
     "logit exact f32 forward", "finite", as<SubnormalInputsAreZero>},
    {"overflow_is_largest", "an infinite result is the largest finite number",
     "saturating conversions of f16 and bf16 kernels",
     "MeanSquaredError.WithinBudget/f32:"
     "MeanSquaredError.TailsWithinBudget/f32:"
     "CrossEntropyError.SpecialValues/f32:"
     "Logit.SpecialValues/f32",
     "mean_squared_error exact f32 forward", "overflow", as<OverflowIsLargest>},
    {"nan_becomes_zero", "NaN results are 0", "nan_to_num on the way out", "*.SpecialValues/f32",
     "softmax exact f32 forward", "nan_stays_nan", as<NanBecomesZero>},
    {"infinity_is_nan", "infinite inputs give NaN", "inf - inf in the shift by the maximum",
     "Relu.LimitsAtInfinity/f32:"
     "*igmoid.LimitsAtInfinity/f32:"
     "*oft*.LimitsAtInfinity/f32:"
     "Logsumexp.LimitsAtInfinity/f32:"
     "*Crossentropy.LimitsAtInfinity/f32:"
     "Gradient.LimitsAtInfinity/f32:"
     "MeanSquaredError.LimitsAtInfinity/f32:"
     "KnownDefects.Replayed/minus_infinity*",
     "softmax exact f32 forward", "limits", as<InfinityIsNan>},
    {"nan_leaks_onwards", "a NaN reaches the row after its own", "a running maximum that is never reset",
     "*.NanStaysInItsRow/f32", "softmax exact f32 forward", "number_due", as<NanLeaksOnwards>},
    {"vector_tail_reads_one_early", "the last n mod 8 elements are read one too early",
     "the scalar tail loop of vector kernels", "*.AloneAsInALongVector/f32", "sigmoid exact f32 forward", "budget",
     as<VectorTailReadsOneEarly>},
    {"vector_tail_is_not_written", "the last n mod 8 results are never written",
     "the scalar tail loop of vector kernels", "*.FiniteInFiniteOut/f32", "softmax exact f32 forward", "number_due",
     as<VectorTailIsNotWritten>},
    {"wrong_table_entry", "arguments in [1/2, 17/32) are taken for 3/4 of themselves",
     "one wrong entry of a look-up table",
     "*.EveryBitPattern/f16:"
     "*.Monotone/f16:"
     "*.EveryBitPattern/bf16:"
     "*.Monotone/bf16:"
     "Logit.IsOdd/f32",
     "sigmoid exact f16 forward", "budget", as<WrongTableEntry>},
    {"classes_are_taken_last", "the class axis is taken for the last one",
     "TVM#19420, onnx-mlir#832, onnxruntime PR#26391", "*.AxisIsATranspose/f32", "softmax exact f32 forward axis",
     "budget", as<ClassesAreTakenLast>},
    {"classes_past_1024_are_not_read", "classes from the 1024th on repeat it", "a thread block that sees 1024 classes",
     "*.LongRowsWithinBudget/f32", "softmax exact f32 forward", "budget", as<ClassesPast1024AreNotRead>},
    {"row_offset_wraps", "row 1024 reads row 0", "a row offset kept in too few bits",
     "*oftmax.AloneAsInALongVector/f32:"
     "Logsumexp.AloneAsInALongVector/f32:"
     "*CategoricalCrossentropy.AloneAsInALongVector/f32:"
     "*Error.AloneAsInALongVector/f32:"
     "Gradient.AloneAsInALongVector/f32",
     "mean_squared_error exact f32 forward", "budget", as<RowOffsetWraps>},
    {"first_class_twice", "in a row of over two classes the second is read as the first",
     "an off-by-one start of a loop", "*.PermutationIsFollowed/f32", "logsumexp exact f32 forward", "budget",
     as<FirstClassTwice>},
    {"accumulates_in_the_format", "sums are kept in the format",
     "pytorch#15837, #8710, #55657, numpy#22956, candle#3727, tt-metal#52045, executorch PR#20090",
     "*.LongReductionsWithinBudget/f16:"
     "Softmax.LongRowsWithinBudget/bf16:"
     "KnownDefects.Replayed/sum_stalls*:"
     "KnownDefects.Replayed/mean_of_a_million_squares",
     "softmax exact bf16 forward", "budget", as<AccumulatesInTheFormat>},
    {"accumulates_in_the_format_across", "sums along an axis that is not the last are kept in the format",
     "a second kernel for strided reductions",
     "Softmax.LongRowsWithinBudget/bf16:"
     "CategoricalCrossentropy.LongRowsWithinBudget/bf16",
     "softmax exact bf16 forward axis", "budget", as<AccumulatesInTheFormatAcross>},
    {"computes_in_bfloat16", "results are rounded to 8 bits", "autocast that reaches the loss",
     "*.TailsWithinBudget/f32", "sigmoid exact f32 forward", "budget", as<ComputesInBfloat16>},
    {"scaled_by_ten_thousandth", "results are 1.0001 times what they should be", "passes a relative tolerance of 1e-3",
     "*.WithinBudget/f32:"
     "Softmax.SumsToOne/f32",
     "sigmoid exact f32 forward", "budget", as<ScaledByTenThousandth>},
    // elementwise functions
    {"relu_swallows_nan", "relu(NaN) = 0", "max(0, x) by the instruction maxps",
     "Relu.SpecialValues/f32:"
     "Relu.NanStaysInItsRow/f32",
     "relu exact f32 forward", "nan_stays_nan", as<ReluSwallowsNan>},
    {"relu_multiplies_by_mask", "relu(-inf) = NaN", "x * (x > 0)", "Relu.LimitsAtInfinity/f32",
     "relu exact f32 forward", "limits", as<ReluMultipliesByMask>},
    {"relu_leaks", "negative arguments give a hundredth of themselves", "leaky_relu under the name relu",
     "Relu.WithinBudget/f32:"
     "Relu.MinusMirroredIsX/f32",
     "relu exact f32 forward", "budget", as<ReluLeaks>},
    {"relu_stops_at_six", "results stop at 6", "relu6 under the name relu",
     "Relu.WithinBudget/f32:"
     "Relu.MinusMirroredIsX/f32",
     "relu exact f32 forward", "budget", as<ReluStopsAtSix>},
    {"sigmoid_overflows", "e^x / (1 + e^x): inf / inf above 88.7",
     "the textbook formula for negative x used everywhere",
     "Sigmoid.FiniteInFiniteOut/f32:"
     "Sigmoid.TailsWithinBudget/f32",
     "sigmoid exact f32 forward", "number_due", as<SigmoidOverflows>},
    {"sigmoid_to_four_digits", "relative error of 1e-4", "fast approximations by rational functions",
     "Sigmoid.WithinBudget/f32:"
     "Sigmoid.PlusMirroredIsOne/f32:"
     "Sigmoid.LogitUndoesIt/f32:"
     "Sigmoid.IsSoftmaxOfXAndZero/f32",
     "sigmoid exact f32 forward", "budget", as<SigmoidToFourDigits>},
    {"sigmoid_saturates_early", "1 for x > 14", "clamped arguments; tensorflow#126060, whose gradient is 0 at 17",
     "Sigmoid.TailsWithinBudget/f32:"
     "Sigmoid.WithinBudget/f32:"
     "Sigmoid.PlusMirroredIsOne/f32:"
     "Sigmoid.LogitUndoesIt/f32",
     "sigmoid exact f32 forward", "budget", as<SigmoidSaturatesEarly>},
    {"sigmoid_tail_flushed", "0 for x < -87", "arguments of exp clamped to where the result is normal",
     "Sigmoid.TailsWithinBudget/f32:"
     "Sigmoid.IsSoftmaxOfXAndZero/f32:"
     "Sigmoid.LogitUndoesIt/f32",
     "sigmoid exact f32 forward", "budget", as<SigmoidTailFlushed>},
    {"sigmoid_by_reflection", "1 - sigmoid(-x) for x < 0", "an identity that holds in absolute terms only",
     "Sigmoid.TailsWithinBudget/f32:"
     "Sigmoid.WithinBudget/f32:"
     "Sigmoid.IsSoftmaxOfXAndZero/f32",
     "sigmoid exact f32 forward", "budget", as<SigmoidByReflection>},
    {"log_sigmoid_composed", "ln(sigmoid(x))", "candle#2561",
     "LogSigmoid.TailsWithinBudget/f32:"
     "LogSigmoid.FiniteInFiniteOut/f32:"
     "Softplus.IsMinusLogSigmoidMirrored/f32",
     "log_sigmoid exact f32 forward", "finite", as<LogSigmoidComposed>},
    {"log_sigmoid_tail_is_x", "x for x <= -4", "tt-metal#53787",
     "LogSigmoid.WithinBudget/f32:"
     "LogSigmoid.TailsWithinBudget/f32:"
     "KnownDefects.Replayed/log_sigmoid_returns_its_argument:"
     "Softplus.IsMinusLogSigmoidMirrored/f32",
     "log_sigmoid exact f32 forward", "budget", as<LogSigmoidTailIsX>},
    {"softplus_textbook", "ln(1 + e^x)", "pytorch PR#2221",
     "Softplus.TailsWithinBudget/f32:"
     "Softplus.FiniteInFiniteOut/f32:"
     "Softplus.MinusMirroredIsX/f32",
     "softplus exact f32 forward", "finite", as<SoftplusTextbook>},
    {"softplus_threshold", "x for x > 8", "a threshold above which softplus(x) is taken for x, set too low",
     "Softplus.WithinBudget/f32:"
     "Softplus.IsMinusLogSigmoidMirrored/f32:"
     "Softplus.MinusMirroredIsX/f32",
     "softplus exact f32 forward", "budget", as<SoftplusThreshold>},
    {"logit_quotient", "ln(p / (1 - p))", "scipy PR#21388",
     "Logit.WithinBudget/f32:"
     "Logit.IsOdd/f32:"
     "Logit.TailsWithinBudget/f32:"
     "KnownDefects.Replayed/logit_near_one_half",
     "logit exact f32 forward", "budget", as<LogitQuotient>},
    {"logit_of_reciprocal", "-ln(1/p - 1): 1/p overflows", "the inverse of sigmoid written literally",
     "Logit.FiniteInFiniteOut/f32:"
     "Logit.SpecialValues/f32:"
     "Logit.SigmoidUndoesIt/f32",
     "logit exact f32 forward", "finite", as<LogitOfReciprocal>},
    {"logit_clips", "p is clipped to [1e-6, 1 - 1e-6]", "the eps argument that frameworks give logit",
     "Logit.SpecialValues/f32:"
     "Logit.TailsWithinBudget/f32:"
     "Logit.SigmoidUndoesIt/f32:"
     "Sigmoid.LogitUndoesIt/f32",
     "logit exact f32 forward", "pole", as<LogitClips>},
    // softmax, log_softmax, logsumexp
    {"softmax_without_shift", "no shift by the maximum", "the textbook formula",
     "Softmax.FiniteInFiniteOut/f32:"
     "Softmax.ShiftChangesNothing/f32:"
     "Softmax.WithinBudget/f32",
     "softmax exact f32 forward", "number_due", as<SoftmaxWithoutShift>},
    {"softmax_rounds_the_shift", "x - max is rounded", "every kernel that computes exp(x - max)",
     "Softmax.WithinBudget/f32:"
     "Softmax.TailsWithinBudget/f32",
     "softmax exact f32 forward", "budget", as<SoftmaxRoundsTheShift>},
    {"softmax_shifts_by_the_head", "the maximum is that of the first 8 classes", "a reduction over one vector only",
     "Softmax.WithinBudget/f32:"
     "Softmax.LongRowsWithinBudget/f32",
     "softmax exact f32 forward", "number_due", as<SoftmaxShiftsByTheHead>},
    {"softmax_forgets_to_rescale", "the running sum is not rescaled when the maximum rises",
     "one-pass (online) softmax",
     "Softmax.WithinBudget/f32:"
     "Softmax.PermutationIsFollowed/f32:"
     "Softmax.SumsToOne/f32",
     "softmax exact f32 forward", "budget", as<SoftmaxForgetsToRescale>},
    {"softmax_tail_undivided", "the last n mod 8 classes are not divided by the sum", "the tail of the second pass",
     "Softmax.WithinBudget/f32:"
     "Softmax.SumsToOne/f32:"
     "KnownDefects.Replayed/axis_without_flattening",
     "softmax exact f32 forward", "sum_to_one", as<SoftmaxTailUndivided>},
    {"softmax_tail_flushed", "probabilities near the smallest normal number are 0", "exp with flushed subnormals",
     "Softmax.TailsWithinBudget/f32", "softmax exact f32 forward", "budget", as<SoftmaxTailFlushed>},
    {"softmax_plus_one", "the denominator has one more class of logit 0", "softmax1 under the name softmax",
     "Softmax.WithinBudget/f32:"
     "Softmax.SumsToOne/f32:"
     "Softmax.ShiftChangesNothing/f32:"
     "KnownDefects.Replayed/axis_without_flattening:"
     "LogSoftmax.IsLogOfSoftmax/f32:"
     "Sigmoid.IsSoftmaxOfXAndZero/f32",
     "softmax exact f32 forward", "budget", as<SoftmaxPlusOne>},
    {"log_softmax_composed", "ln(softmax(x))", "candle#2561, tt-forge-onnx#3405",
     "LogSoftmax.FiniteInFiniteOut/f32:"
     "LogSoftmax.TailsWithinBudget/f32:"
     "LogSoftmax.PlusLogsumexpIsX/f32",
     "log_softmax exact f32 forward", "finite", as<LogSoftmaxComposed>},
    {"log_softmax_by_subtraction", "x - logsumexp(x), the latter rounded", "pytorch#11752, #38839",
     "LogSoftmax.ShiftChangesNothing/f32:"
     "LogSoftmax.TailsWithinBudget/f32:"
     "KnownDefects.Replayed/log_softmax_of_large_equals:"
     "LogSoftmax.IsLogOfSoftmax/f32",
     "log_softmax exact f32 forward", "budget", as<LogSoftmaxBySubtraction>},
    {"logsumexp_without_shift", "no shift by the maximum", "the textbook formula",
     "Logsumexp.FiniteInFiniteOut/f32:"
     "Logsumexp.ShiftIsAdded/f32:"
     "LogSoftmax.PlusLogsumexpIsX/f32",
     "logsumexp exact f32 forward", "finite", as<LogsumexpWithoutShift>},
    {"logsumexp_without_log1p", "max + ln(sum): [0, -40] gives 0", "scipy#18295",
     "Logsumexp.TailsWithinBudget/f32:"
     "KnownDefects.Replayed/logsumexp_of_a_confident_row:"
     "Logsumexp.WithinBudget/f32",
     "logsumexp exact f32 forward", "budget", as<LogsumexpWithoutLog1p>},
    {"logsumexp_cancels", "max + log1p in single precision", "every kernel that adds the maximum back",
     "Logsumexp.TailsWithinBudget/f32:"
     "Logsumexp.WithinBudget/f32",
     "logsumexp exact f32 forward", "budget", as<LogsumexpCancels>},
    // losses
    {"epsilon_twice", "ln(p + epsilon) after the clip", "keras#15249, tensorflow PR#41595",
     "BinaryCrossentropy.ClipsAtEpsilon/f32:"
     "KnownDefects.Replayed/epsilon_applied_twice:"
     "KnownDefects.Replayed/epsilons_of_two_formats_swapped",
     "binary_crossentropy keras1 f32 forward", "budget", as<EpsilonTwice>},
    {"epsilon_rounds_away", "the logit of a clip bound of 1", "keras#377, scikit-learn#24315, tfjs-core#1239",
     "BinaryCrossentropy.ClipsAtEpsilon/f16:"
     "BinaryCrossentropy.ClipsAtEpsilon/bf16:"
     "BinaryCrossentropy.ClipsAtEpsilon/f32:"
     "BinaryCrossentropy.SpecialValues/f16:"
     "KnownDefects.Replayed/epsilon_of*",
     "binary_crossentropy keras1 f16 forward", "number_due", as<EpsilonRoundsAway>},
    {"no_upper_clip", "only the lower bound clips", "max(p, epsilon)",
     "*.ClipsAtEpsilon/f32:"
     "BinaryCrossentropy.ClippedOutputsAreAlike/f32",
     "binary_crossentropy keras1 f32 forward", "budget", as<NoUpperClip>},
    {"no_clip", "nothing clips", "ports that forget the epsilon",
     "*.ClipsAtEpsilon/f32:"
     "BinaryCrossentropy.ClippedOutputsAreAlike/f32",
     "binary_crossentropy keras1 f32 forward", "budget", as<NoClip>},
    {"clip_in_double", "the bounds are not rounded to the format", "constants kept in double beside f32 tensors",
     "BinaryCrossentropy.ClipsAtEpsilon/f32:"
     "CategoricalCrossentropy.ClipsAtEpsilon/f32:"
     "*.ClipsAtEpsilon/f16",
     "binary_crossentropy keras1 f32 forward", "budget", as<ClipInDouble>},
    {"clip_then_normalise", "clips before it normalises", "the order of keras1 against keras3",
     "CategoricalCrossentropy.ClipsAtEpsilon/f32:"
     "CategoricalCrossentropy.WithinBudget/f32",
     "categorical_crossentropy keras1 f32 forward", "budget", as<ClipThenNormalise>},
    {"binary_swaps_arguments", "target and output change places",
     "argument orders: Keras takes (target, output), torch (input, target)",
     "BinaryCrossentropy.WithinBudget/f32:"
     "BinaryCrossentropy.FromLogitsIsSoftplus/f32:"
     "BinaryCrossentropy.IsCategoricalOfTwo/f32",
     "binary_crossentropy exact f32 forward", "budget", as<BinarySwapsArguments>},
    {"binary_without_log1p", "ln(1 + e^x)", "pytorch PR#2221",
     "BinaryCrossentropy.FiniteInFiniteOut/f32:"
     "BinaryCrossentropy.FromLogitsIsSoftplus/f32:"
     "BinaryCrossentropy.FromLogitsIsOfSigmoid/f32:"
     "KnownDefects.Replayed/softplus_overflows:"
     "KnownDefects.Replayed/pos_weight_of_one",
     "binary_crossentropy exact f32 forward from_logits", "finite", as<BinaryWithoutLog1p>},
    {"binary_of_rounded_sigmoid", "ln(1 - sigmoid(x)), the sigmoid rounded",
     "pytorch PR#2221; keras#7563 for the loss through probabilities",
     "BinaryCrossentropy.FiniteInFiniteOut/f32:"
     "BinaryCrossentropy.TailsWithinBudget/f32:"
     "BinaryCrossentropy.FromLogitsIsSoftplus/f32:"
     "KnownDefects.Replayed/log_of_one_minus_sigmoid",
     "binary_crossentropy exact f32 forward from_logits", "finite", as<BinaryOfRoundedSigmoid>},
    {"binary_rounds_one_minus_p", "1 - p is rounded before the logarithm", "ln(1 - p) instead of log1p(-p)",
     "BinaryCrossentropy.TailsWithinBudget/f32:"
     "BinaryCrossentropy.SpecialValues/f32",
     "binary_crossentropy exact f32 forward", "budget", as<BinaryRoundsOneMinusP>},
    {"binary_cancels", "x - x t in single precision", "the formula of tf.nn.sigmoid_cross_entropy_with_logits",
     "BinaryCrossentropy.TailsWithinBudget/f32:"
     "BinaryCrossentropy.WithinBudget/f32:"
     "BinaryCrossentropy.MirrorsBothArguments/f32",
     "binary_crossentropy exact f32 forward from_logits", "budget", as<BinaryCancels>},
    {"binary_infinity_times_zero", "an infinite logit beside target 0 gives NaN", "pytorch#49844, #102894",
     "BinaryCrossentropy.LimitsAtInfinity/f32:"
     "KnownDefects.Replayed/minus_infinity_with_target_0",
     "binary_crossentropy exact f32 forward from_logits", "limits", as<BinaryInfinityTimesZero>},
    {"binary_clamps_logs", "logarithms stop at -100 and NaN gives 100", "keras#23661: torch on MPS",
     "BinaryCrossentropy.SpecialValues/f32:"
     "KnownDefects.Replayed/nan_clamped_to_100:"
     "BinaryCrossentropy.NanStaysInItsRow/f32",
     "binary_crossentropy exact f32 forward", "nan_stays_nan", as<BinaryClampsLogs>},
    {"zero_times_log_zero", "0 ln 0 is NaN", "optax#896, PR#1762",
     "CrossEntropyError.ZeroTimesLogZeroIsZero/f32:"
     "CategoricalCrossentropy.SpecialValues/f32:"
     "BinaryCrossentropy.SpecialValues/f32",
     "cross_entropy_error exact f32 forward", "number_due", as<ZeroTimesLogZero>},
    {"pos_weight_overflows", "with a pos_weight ln(1 + e^-x) overflows to NaN", "pytorch#13773",
     "BinaryCrossentropy.FiniteInFiniteOut/f32:"
     "BinaryCrossentropy.SpecialValues/f32",
     "binary_crossentropy exact f32 forward from_logits pos_weight=2.5", "number_due", as<PosWeightOverflows>},
    {"pos_weight_takes_another_path", "only with a pos_weight the stable formula is left",
     "pytorch#13773: fine without pos_weight",
     "BinaryCrossentropy.WithinBudget/f32:"
     "BinaryCrossentropy.SpecialValues/f32",
     "binary_crossentropy exact f32 forward from_logits pos_weight=2.5", "budget", as<PosWeightTakesAnotherPath>},
    {"pos_weight_on_both_terms", "pos_weight multiplies both terms", "Paddle PR#54869, ivy#17033",
     "BinaryCrossentropy.WithinBudget/f32:"
     "KnownDefects.Replayed/pos_weight_misplaced",
     "binary_crossentropy exact f32 forward pos_weight=2.5", "budget", as<PosWeightOnBothTerms>},
    {"smoothing_without_classes", "(1 - a) t + a instead of + a/K", "label smoothing as a floor",
     "*.LabelSmoothingIsOfTargets/f32:"
     "BinaryCrossentropy.WithinBudget/f32",
     "categorical_crossentropy exact f32 forward from_logits label_smoothing=0.1", "budget",
     as<SmoothingWithoutClasses>},
    {"entropy_of_rounded_softmax", "ln(softmax(x)), the softmax rounded (and clipped in keras1)",
     "keras#7563, candle#2561",
     "*CategoricalCrossentropy.FiniteInFiniteOut/f32:"
     "*CategoricalCrossentropy.FromLogitsIsOfSoftmax/f32:"
     "SparseCategoricalCrossentropy.FromLogitsIsMinusLogSoftmax/f32:"
     "KnownDefects.Replayed/log_of_softmax:"
     "KnownDefects.Replayed/loss_through_clipped_softmax",
     "sparse_categorical_crossentropy exact f32 forward from_logits", "finite", as<EntropyOfRoundedSoftmax>},
    {"entropy_loses_confident_rows", "logsumexp(x) - x_label, the former rounded",
     "pytorch#11752; every fused cross-entropy that keeps the logsumexp",
     "*CategoricalCrossentropy.TailsWithinBudget/f32:"
     "SparseCategoricalCrossentropy.FromLogitsIsMinusLogSoftmax/f32:"
     "*CategoricalCrossentropy.FromLogitsIsOfSoftmax/f32",
     "sparse_categorical_crossentropy exact f32 forward from_logits", "budget", as<EntropyLosesConfidentRows>},
    {"gradient_loses_confident_rows", "softmax(x) - t, the softmax rounded", "p - t, the usual formula",
     "Gradient.FromLogitsSumsToZero/f32:"
     "Gradient.WithinBudget/f32:"
     "Gradient.TailsWithinBudget/f32",
     "categorical_crossentropy exact f32 gradient from_logits", "budget", as<GradientLosesConfidentRows>},
    {"gradient_without_shift", "NaN once e^x overflows", "exp(x) / sum(exp(x)) in the backward pass alone",
     "Gradient.FiniteInFiniteOut/f32:"
     "Gradient.SpecialValues/f32",
     "categorical_crossentropy exact f32 gradient from_logits", "number_due", as<GradientWithoutShift>},
    {"mean_gradient_not_divided", "the mean's gradient is the sum's", "a backward pass that forgets the reduction",
     "Gradient.MeanIsSumOverCount/f32", "categorical_crossentropy exact f32 gradient from_logits reduction=mean",
     "budget", as<MeanGradientNotDivided>},
    {"sparse_gradient_is_softmax", "the label's 1 is not subtracted", "a one-hot target that is never made",
     "Gradient.SparseIsCategoricalOfOneHot/f32", "sparse_categorical_crossentropy exact f32 gradient from_logits",
     "budget", as<SparseGradientIsSoftmax>},
    {"entropy_without_normalising", "probabilities are not divided by their sum",
     "torch takes probabilities as they are, Keras divides them", "*CategoricalCrossentropy.WithinBudget/f32",
     "categorical_crossentropy exact f32 forward", "budget", as<EntropyWithoutNormalising>},
    {"cross_entropy_error_normalises", "probabilities are divided by their sum",
     "categorical_crossentropy under another name",
     "CrossEntropyError.WithinBudget/f32:"
     "CrossEntropyError.SpecialValues/f32",
     "cross_entropy_error exact f32 forward", "budget", as<CrossEntropyErrorNormalises>},
    {"cross_entropy_error_clips", "ln(p + 1e-7)", "the textbook's delta against ln 0",
     "CrossEntropyError.SpecialValues/f32:"
     "CrossEntropyError.IsCategoricalWhenSumIsOne/f32:"
     "CrossEntropyError.TailsWithinBudget/f32",
     "cross_entropy_error exact f32 forward", "pole", as<CrossEntropyErrorClips>},
    {"swaps_target_and_output", "target and output change places",
     "argument orders: Keras takes (target, output), torch (input, target)",
     "CategoricalCrossentropy.WithinBudget/f32:"
     "CrossEntropyError.WithinBudget/f32:"
     "BinaryCrossentropy.IsCategoricalOfTwo/f32",
     "categorical_crossentropy exact f32 forward", "budget", as<SwapsTargetAndOutput>},
    {"domain_is_clamped", "probabilities outside [0, 1] are clamped", "a clip where the contract says NaN",
     "*.OutsideTheDomainIsNan/f32:"
     "Logit.LimitsAtInfinity/f32:"
     "CrossEntropyError.LimitsAtInfinity/f32",
     "logit exact f32 forward", "nan_stays_nan", as<DomainIsClamped>},
    {"class_weights_normalised", "class weights are scaled to an average of 1",
     "weights balanced once more by the loss",
     "*CategoricalCrossentropy.WithinBudget/f32:"
     "CrossEntropyError.WithinBudget/f32",
     "sparse_categorical_crossentropy exact f32 forward class_weights", "budget", as<ClassWeightsNormalised>},
    {"class_weights_only_with_labels", "dense targets take no class weights", "pytorch#107680",
     "CategoricalCrossentropy.WithinBudget/f32:"
     "SparseCategoricalCrossentropy.IsCategoricalOfOneHot/f32",
     "categorical_crossentropy exact f32 forward class_weights", "budget", as<ClassWeightsOnlyWithLabels>},
    {"weights_round_the_loss", "with weights the loss takes a path of lower precision",
     "a weighted kernel beside the plain one",
     "*.SampleWeightsOfOneChangeNothing/f32:"
     "*.ClassWeightsOfOneChangeNothing/f32",
     "mean_squared_error exact f32 forward sample_weights", "budget", as<WeightsRoundTheLoss>},
    {"label_off_by_one", "the label after the right one", "labels from 1",
     "SparseCategoricalCrossentropy.WithinBudget/f32:"
     "SparseCategoricalCrossentropy.IsCategoricalOfOneHot/f32:"
     "SparseCategoricalCrossentropy.FromLogitsIsMinusLogSoftmax/f32",
     "sparse_categorical_crossentropy exact f32 forward", "budget", as<LabelOffByOne>},
    {"wild_label_is_last_class", "a label that is no class counts as the nearest", "clamped gathers",
     "SparseCategoricalCrossentropy.WithinBudget/f32:"
     "SparseCategoricalCrossentropy.SpecialValues/f32",
     "sparse_categorical_crossentropy exact f32 forward", "", as<WildLabelIsLastClass>},
    {"squares_expanded", "t^2 - 2 t o + o^2", "the expansion that matrix products invite",
     "MeanSquaredError.WithinBudget/f32:"
     "MeanSquaredError.FiniteInFiniteOut/f32",
     "mean_squared_error exact f32 forward", "budget", as<SquaresExpanded>},
    {"squares_overflow", "the sum of squares overflows though the mean does not", "dividing after the sum",
     "MeanSquaredError.FiniteInFiniteOut/f32:"
     "MeanSquaredError.WithinBudget/f32",
     "mean_squared_error exact f32 forward", "finite", as<SquaresOverflow>},
    {"squares_underflow", "small squares vanish", "squares rounded to the format",
     "MeanSquaredError.TailsWithinBudget/f32:"
     "MeanSquaredError.WithinBudget/f32",
     "mean_squared_error exact f32 forward", "budget", as<SquaresUnderflow>},
    {"squares_divided_by_rows", "divides by the number of rows", "the mean over the wrong axis",
     "MeanSquaredError.WithinBudget/f32:"
     "MeanSquaredError.AloneAsInALongVector/f32",
     "mean_squared_error exact f32 forward", "budget", as<SquaresDividedByRows>},
    {"absolute_error", "|t - o| instead of its square", "mean_absolute_error under another name",
     "MeanSquaredError.WithinBudget/f32", "mean_squared_error exact f32 forward", "budget", as<AbsoluteError>},
    {"one_sided_error", "what the target exceeds the output by counts nothing", "squared hinge",
     "MeanSquaredError.SwappingChangesNothing/f32", "mean_squared_error exact f32 forward", "budget",
     as<OneSidedError>},
    // reductions and weights
    {"sum_returns_mean", "sum divides by the count", "a default of mean", "*.SumAddsTheLosses/f32",
     "mean_squared_error exact f32 forward reduction=sum", "budget", as<SumReturnsMean>},
    {"mean_returns_sum", "mean does not divide", "a default of sum", "*.MeanIsSumOverCount/f32",
     "mean_squared_error exact f32 forward reduction=mean", "budget", as<MeanReturnsSum>},
    {"mean_over_all_rows", "the mean counts ignored rows", "torch-mlir PR#3585, keras PR#21908",
     "SparseCategoricalCrossentropy.IgnoredRowsAreDropped/f32:"
     "KnownDefects.Replayed/mean_over_ignored_rows",
     "sparse_categorical_crossentropy exact f32 forward from_logits reduction=mean ignore_index=-100", "budget",
     as<MeanOverAllRows>},
    {"mean_divides_by_count", "the mean divides by the rows whatever they weigh", "pytorch#107680",
     "*.SampleWeightOfTwoIsTwoRows/f32:"
     "KnownDefects.Replayed/class_weights_of_soft_targets",
     "mean_squared_error exact f32 forward reduction=mean sample_weights", "budget", as<MeanDividesByCount>},
    {"mean_forgets_class_weights", "class weights count nothing in the mean's denominator", "pytorch#107680",
     "CategoricalCrossentropy.WithinBudget/f32:"
     "KnownDefects.Replayed/class_weights_of_soft_targets",
     "sparse_categorical_crossentropy exact f32 forward from_logits reduction=mean class_weights", "budget",
     as<MeanForgetsClassWeights>},
    {"keras1_divides_by_weights", "keras1 divides by the sum of the sample weights",
     "_weighted_masked_objective divides by the number that is not 0",
     "BinaryCrossentropy.WithinBudget/f32:"
     "*CategoricalCrossentropy.WithinBudget/f32",
     "binary_crossentropy keras1 f32 forward reduction=mean sample_weights", "budget", as<Keras1DividesByWeights>},
    {"sample_weights_ignored", "sample weights count nothing", "an argument that is accepted and dropped",
     "*.SampleWeightOfTwoIsTwoRows/f32", "mean_squared_error exact f32 forward sample_weights", "budget",
     as<SampleWeightsIgnored>},
    {"sample_weights_twice", "sample weights multiply twice", "weights applied in the loss and in its reduction",
     "*.SampleWeightOfTwoIsTwoRows/f32", "mean_squared_error exact f32 forward sample_weights", "budget",
     as<SampleWeightsTwice>},
    {"sample_weights_broadcast", "the first sample's weight is every sample's", "a stride of 0",
     "*.SampleWeightOfTwoIsTwoRows/f32", "mean_squared_error exact f32 forward sample_weights", "budget",
     as<SampleWeightsBroadcast>},
    {"ignored_rows_times_zero", "an ignored row is multiplied by 0: its NaN stays", "masking by multiplication",
     "SparseCategoricalCrossentropy.IgnoredRowsAreDropped/f32:"
     "SparseCategoricalCrossentropy.SpecialValues/f32",
     "sparse_categorical_crossentropy exact f32 forward from_logits ignore_index=-100", "number_due",
     as<IgnoredRowsTimesZero>},
    {"ignored_rows_are_smoothed", "the even share of label smoothing is charged for ignored rows", "pytorch#73205",
     "SparseCategoricalCrossentropy.IgnoredRowsAreDropped/f32:"
     "KnownDefects.Replayed/smoothing_counts_ignored_rows:"
     "SparseCategoricalCrossentropy.WithinBudget/f32",
     "sparse_categorical_crossentropy exact f32 forward from_logits reduction=mean label_smoothing=0.1 "
     "ignore_index=-100",
     "budget", as<IgnoredRowsAreSmoothed>},
    {"reduction_stops_at_65536", "losses past the first 65,536 are left out", "a grid of fixed size",
     "MeanSquaredError.LongReductionsWithinBudget/f32", "mean_squared_error exact f32 forward reduction=mean", "budget",
     as<ReductionStopsAt65536>},
};

std::vector<lossaudit_subject> all_subjects() {
  const auto subject = [](const char* name, auto compute) {
    return lossaudit_subject{LOSSAUDIT_ABI_VERSION, name, "1", declared_contracts(), compute};
  };
  std::vector<lossaudit_subject> subjects = {subject("sound", as<Sound>)};
  for (const Mutant& mutant : table) subjects.push_back(subject(mutant.name, mutant.compute));
  return subjects;
}

}  // namespace

std::span<const Mutant> mutants() { return table; }

const lossaudit_subject* subject_at(std::size_t index) {
  static const std::vector<lossaudit_subject> subjects = all_subjects();
  return index < subjects.size() ? &subjects[index] : nullptr;
}

}  // namespace lossaudit::mutants
