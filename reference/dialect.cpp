#include "reference/dialect.hpp"

#include <algorithm>
#include <cstddef>

namespace lossaudit {
namespace {

constexpr Step clip[] = {Step::clip};
constexpr Step normalise[] = {Step::normalise};
constexpr Step normalise_clip[] = {Step::normalise, Step::clip};
constexpr Step clip_normalise[] = {Step::clip, Step::normalise};
constexpr Step softmax_clip[] = {Step::softmax, Step::clip};

constexpr Path none{};
/// The mathematical formula, with nothing before it.
constexpr Path plain{.defined = true};

constexpr Path after(std::span<const Step> steps) { return {.defined = true, .steps = steps}; }

constexpr std::array<double, 4> no_clip = {0, 0, 0, 0};
constexpr std::array<double, 4> keras_epsilon = {1e-7, 1e-7, 1e-7, 1e-7};

constexpr DialectTraits dialect_table[] = {
    {Dialect::exact, "exact", no_clip, Denominator::kept_weight, plain, plain, after(normalise), plain,
     after(normalise), plain, "mathematics: reference/semantics.md"},

    {Dialect::keras1, "keras1", keras_epsilon, Denominator::nonzero_weight, after(clip), plain, after(normalise_clip),
     plain, after(clip_normalise), plain,
     "Keras 1 and 2 (multi-backend), TensorFlow backend: keras/backend/tensorflow_backend.py binary_crossentropy, "
     "categorical_crossentropy, sparse_categorical_crossentropy; denominator: keras/engine/training.py "
     "_weighted_masked_objective"},

    {Dialect::keras2,
     "keras2",
     keras_epsilon,
     Denominator::count,
     {.defined = true, .steps = clip, .logarithm = Logarithm::plus_epsilon},
     plain,
     after(normalise_clip),
     plain,
     after(clip_normalise),
     plain,
     "tf.keras 2: keras/backend.py binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy; "
     "denominator: losses_utils SUM_OVER_BATCH_SIZE"},

    {Dialect::keras3, "keras3", keras_epsilon, Denominator::count, after(clip), plain, after(normalise_clip), plain,
     after(normalise_clip), plain,
     "Keras 3: keras/src/backend/numpy/nn.py and jax/nn.py (the TensorFlow backend's sparse loss is keras1's); "
     "denominator: keras/src/losses/loss.py reduce_values"},

    {Dialect::tf,
     "tf",
     no_clip,
     Denominator::kept_weight,
     none,
     plain,
     none,
     {.defined = true, .slope = Slope::softmax_minus_target},
     none,
     plain,
     "TensorFlow: tf.nn.sigmoid_cross_entropy_with_logits; core/kernels/xent_op.h (its backprop is softmax - labels); "
     "core/kernels/sparse_xent_op.h"},

    {Dialect::torch,
     "torch",
     no_clip,
     Denominator::label_weight,
     {.defined = true, .logarithm = Logarithm::floored, .slope = Slope::bounded_quotient},
     plain,
     none,
     plain,
     none,
     plain,
     "PyTorch: aten/src/ATen/native/Loss.cpp binary_cross_entropy (log clamped at -100; backward EPSILON 1e-12), "
     "binary_cross_entropy_with_logits; LossNLL.cpp cross_entropy_loss"},

    {Dialect::optax,
     "optax",
     no_clip,
     Denominator::kept_weight,
     none,
     {.defined = true, .zero_times_infinity_is_nan = true},
     none,
     {.defined = true, .zero_times_infinity_is_nan = true},
     none,
     plain,
     "Optax: optax/losses/_classification.py sigmoid_binary_cross_entropy, softmax_cross_entropy, "
     "softmax_cross_entropy_with_integer_labels"},

    {Dialect::onnx, "onnx", no_clip, Denominator::label_weight, none, none, none, none, none, plain,
     "ONNX operator SoftmaxCrossEntropyLoss, opset 13: mean divides by the weights of the labels kept"},

    // ε is numpy.finfo(dtype).eps: 2^(1 − p). NumPy has no bfloat16 of its own; ml_dtypes' has eps 2^-7.
    {Dialect::sklearn,
     "sklearn",
     {0x1p-52, 0x1p-23, 0x1p-10, 0x1p-7},
     Denominator::kept_weight,
     after(clip),
     none,
     after(clip_normalise),
     none,
     after(clip_normalise),
     none,
     "scikit-learn 1.2: sklearn/metrics/_classification.py log_loss, eps=\"auto\""},

    {Dialect::tfjs,
     "tfjs",
     {1e-7, 1e-7, 1e-4, 1e-7},
     Denominator::nonzero_weight,
     after(clip),
     plain,
     none,
     after(softmax_clip),
     none,
     none,
     "TensorFlow.js 4: tfjs-layers/src/backend/tfjs_backend.ts binaryCrossentropy, categoricalCrossentropy; "
     "tfjs-core/src/ops/loss_ops_utils.ts Reduction.SUM_BY_NONZERO_WEIGHTS"},
};

}  // namespace

bool Path::clips() const { return std::find(steps.begin(), steps.end(), Step::clip) != steps.end(); }

std::span<const DialectTraits> dialects() { return dialect_table; }
const DialectTraits& traits(Dialect dialect) { return dialect_table[static_cast<std::size_t>(dialect)]; }

}  // namespace lossaudit
