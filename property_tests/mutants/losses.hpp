// Planted bugs of the losses, before reduction.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>

#include "property_tests/mutants/rows.hpp"
#include "property_tests/mutants/single_precision.hpp"
#include "property_tests/mutants/sound.hpp"

namespace lossaudit::mutants {

// Clips

/// ln(p + ε) after the clip: ε twice.
struct EpsilonTwice : Sound {
  std::pair<Real, Real> binary_logs(const Call& call, Real o) const override {
    if (!call.clips()) return Sound::binary_logs(call, o);
    const auto [lo, hi] = clip(call);
    const Real p = std::min(std::max(o, lo), hi);
    return {-std::log(p + lo), -std::log1p(lo - p)};
  }
};

/// Keras' own composition in the format: where 1 − ε rounds to 1, ln(1/0) = inf and inf − inf follows.
struct EpsilonRoundsAway : Sound {
  Real binary_crossentropy(const Call& call, Real t, Real o) const override {
    const auto [lo, hi] = clip(call);
    const bool clips = call.clips() && !std::isnan(o);
    const Real p = std::min(std::max(o, lo), hi), x = std::log(p / (1 - p));
    if (!clips || std::isfinite(x)) return Sound::binary_crossentropy(call, t, o);
    return std::max(x, Real(0)) - x * t + std::log1p(std::exp(-std::abs(x)));
  }
};

struct NoUpperClip : Sound {
  Clip clip(const Call& call) const override { return {Sound::clip(call).lo, call.clips() ? 1 : infinity}; }
};

struct NoClip : Sound {
  Clip clip(const Call& /*call*/) const override { return {0, infinity}; }
};

/// The bounds are kept in double and not rounded to the format, so they are symmetric.
struct ClipInDouble : Sound {
  Clip clip(const Call& call) const override {
    if (!call.clips()) return {};
    return {call.contract.epsilon, 1 - call.contract.epsilon};
  }
};

/// Clips before it normalises.
struct ClipThenNormalise : Sound {
  Row minus_logs(const Call& call, const Row& o) const override {
    if (!call.clips() || call.function != "categorical_crossentropy") return Sound::minus_logs(call, o);
    const auto [lo, hi] = clip(call);
    Row p = o;
    for (Real& value : p) value = std::min(std::max(value, lo), hi);
    const Real total = sum(call, p);
    for (Real& value : p) value = -std::log(value / total);
    return p;
  }
};

// Binary

struct BinarySwapsArguments : Sound {
  Real binary_crossentropy(const Call& call, Real t, Real o) const override {
    return Sound::binary_crossentropy(call, o, t);
  }
};

/// ln(1 + e^x) from logits.
struct BinaryWithoutLog1p : Sound {
  std::pair<Real, Real> binary_logs(const Call& call, Real o) const override {
    if (!call.from_logits) return Sound::binary_logs(call, o);
    return {std::log(1 + std::exp(-f32(o))), std::log(1 + std::exp(f32(o)))};
  }
};

/// ln of the rounded sigmoid: ln(1 − 1) for a confident element.
struct BinaryOfRoundedSigmoid : Sound {
  std::pair<Real, Real> binary_logs(const Call& call, Real o) const override {
    if (!call.from_logits) return Sound::binary_logs(call, o);
    const Real s = call.storage.round(sigmoid(call, o));
    return {-std::log(s), -std::log1p(-s)};
  }
};

/// 1 − p is rounded before its logarithm is taken.
struct BinaryRoundsOneMinusP : Sound {
  std::pair<Real, Real> binary_logs(const Call& call, Real o) const override {
    const auto [on, off] = Sound::binary_logs(call, o);
    return {on, call.from_logits || call.keras1 ? off : -std::log(call.storage.round(1 - o))};
  }
};

/// max(x, 0) − x t + ln(1 + e^−|x|): x − x t cancels for t near 1.
struct BinaryCancels : Sound {
  Real binary_crossentropy(const Call& call, Real t, Real o) const override {
    if (!call.from_logits || call.smoothing != 0 || call.pos_weight != 1) return Sound::binary_crossentropy(call, t, o);
    const float x = f32(o), target = f32(t);
    return std::max(x, 0.0F) - x * target + std::log1p(std::exp(-std::abs(x)));
  }
};

/// −t x with no −inf · 0 in mind.
struct BinaryInfinityTimesZero : Sound {
  Real binary_crossentropy(const Call& call, Real t, Real o) const override {
    const Real loss = Sound::binary_crossentropy(call, t, o);
    return call.from_logits && std::isinf(o) ? loss + o * 0 : loss;
  }
};

/// The logarithms are clamped at −100, as torch does, and max() swallows NaN.
struct BinaryClampsLogs : Sound {
  Real binary_crossentropy(const Call& call, Real t, Real o) const override {
    if (!call.from_logits && !call.keras1 && std::isnan(o)) return 100;
    return Sound::binary_crossentropy(call, t, o);
  }
  std::pair<Real, Real> binary_logs(const Call& call, Real o) const override {
    const auto [on, off] = Sound::binary_logs(call, o);
    if (call.from_logits || call.keras1) return {on, off};
    return {std::min(on, Real(100)), std::min(off, Real(100))};
  }
};

/// 0 · ln 0 is left NaN.
struct ZeroTimesLogZero : Sound {
  Real binary_crossentropy(const Call& call, Real t, Real o) const override {
    const auto [on, off] = binary_logs(call, o);
    const Real loss = Sound::binary_crossentropy(call, t, o);
    return (std::isinf(on) && t == 0) || (std::isinf(off) && t == 1) ? not_a_number : loss;
  }
  Real cross_entropy(const Call& call, const Row& t, const Row& weights, const Row& o) const override {
    for (std::size_t i = 0; i < o.size(); ++i) {
      if (!call.from_logits && !call.keras1 && o[i] == 0 && t[i] == 0) return not_a_number;
    }
    return Sound::cross_entropy(call, t, weights, o);
  }
};

/// ln(1 + e^−x) with the weight in front: inf · 0 once e^−x overflows.
struct PosWeightOverflows : Sound {
  std::pair<Real, Real> binary_logs(const Call& call, Real o) const override {
    const auto [on, off] = Sound::binary_logs(call, o);
    const bool overflows = call.from_logits && call.pos_weight != 1 && std::isinf(std::exp(-f32(o)));
    return {overflows ? not_a_number : on, off};
  }
};

/// Only without a weight of its own is the stable form taken: a pos_weight of 1 loses the tail.
struct PosWeightTakesAnotherPath : Sound {
  std::pair<Real, Real> binary_logs(const Call& call, Real o) const override {
    const auto [on, off] = Sound::binary_logs(call, o);
    if (!call.from_logits || call.pos_weight == 1) return {on, off};
    return {std::log(1 + std::exp(-f32(o))), off};
  }
};

struct PosWeightOnBothTerms : Sound {
  std::pair<Real, Real> binary_coefficients(const Call& call, Real t) const override {
    const auto [positive, negative] = Sound::binary_coefficients(call, t);
    return {positive, negative * call.pos_weight};
  }
};

/// (1 − α) t + α: the share of the other class is forgotten.
struct SmoothingWithoutClasses : Sound {
  std::pair<Real, Real> binary_coefficients(const Call& call, Real t) const override {
    const Real smoothed = (1 - call.smoothing) * t + call.smoothing;
    return call.smoothing == 0 ? Sound::binary_coefficients(call, t)
                               : std::pair(call.pos_weight * smoothed, 1 - smoothed);
  }
  Row coefficients(const Call& call, const Row& t, const Row& weights) const override {
    Row result = Sound::coefficients(call, t, weights);
    for (std::size_t i = 0; i < t.size() && call.smoothing != 0; ++i) {
      result[i] = weights[i] * ((1 - call.smoothing) * t[i] + call.smoothing);
    }
    return result;
  }
};

// Over classes

/// ln(softmax(x)) in the format, clipped at 1e-7 in dialect keras1 and −inf otherwise.
struct EntropyOfRoundedSoftmax : Sound {
  Row minus_logs(const Call& call, const Row& o) const override {
    if (!call.from_logits) return Sound::minus_logs(call, o);
    Row p = softmax(call, o);
    for (Real& value : p) value = -std::log(std::max(call.storage.round(value), Real(call.keras1 ? 1e-7L : 0)));
    return p;
  }
};

/// logsumexp(x) − x_i with a rounded logsumexp: a confident row's loss is gone, or comes out negative.
struct EntropyLosesConfidentRows : Sound {
  Row minus_logs(const Call& call, const Row& o) const override {
    if (!call.from_logits || std::isinf(largest_of(o))) return Sound::minus_logs(call, o);
    const Real lse = call.storage.round(logsumexp(call, o));
    Row result = o;
    for (Real& value : result) value = lse - value;
    return result;
  }
};

/// Takes probabilities as they come, with no division by their sum.
struct EntropyWithoutNormalising : Sound {
  Row minus_logs(const Call& call, const Row& o) const override {
    if (call.from_logits || call.keras1) return Sound::minus_logs(call, o);
    Row result = o;
    for (Real& value : result) value = -std::log(value);
    return result;
  }
};

struct CrossEntropyErrorNormalises : Sound {
  Row minus_logs(const Call& call, const Row& o) const override {
    Row p = o;
    const Real total = sum(call, p);
    for (Real& value : p) value = call.function == "cross_entropy_error" && total > 0 ? value / total : value;
    return Sound::minus_logs(call, p);
  }
};

/// ln(p + 1e-7), so that ln 0 is a number.
struct CrossEntropyErrorClips : Sound {
  Row minus_logs(const Call& call, const Row& o) const override {
    Row p = o;
    for (Real& value : p) value += call.function == "cross_entropy_error" ? 1e-7L : 0;
    return Sound::minus_logs(call, p);
  }
};

struct SwapsTargetAndOutput : Sound {
  Real cross_entropy(const Call& call, const Row& t, const Row& weights, const Row& o) const override {
    return call.tensors.labels != nullptr ? Sound::cross_entropy(call, t, weights, o)
                                          : Sound::cross_entropy(call, o, weights, t);
  }
};

/// Probabilities outside [0, 1] are clamped without a word.
struct DomainIsClamped : Sound {
  Real value(const Call& call, const void* tensor, std::size_t index) const override {
    const Real x = Sound::value(call, tensor, index);
    const bool probability = call.function == "logit" || call.function == "cross_entropy_error" ||
                             (call.function.ends_with("crossentropy") && !call.from_logits && !call.keras1);
    return tensor == call.tensors.output && probability ? (x < 0 ? 0 : x > 1 ? 1 : x) : x;
  }
};

/// softmax(x) − t with the softmax rounded: nothing is left of a confident row.
struct GradientLosesConfidentRows : Sound {
  Row entropy_gradient(const Call& call, const Row& t, const Row& x) const override {
    Row result = softmax(call, x);
    Real total = 0;
    for (const Real value : t) total += value;
    for (std::size_t i = 0; i < x.size(); ++i) result[i] = call.storage.round(result[i]) * total - t[i];
    return result;
  }
};

/// The gradient of the mean is left as that of the sum.
struct MeanGradientNotDivided : Sound {
  Real gradient_divisor(const Call& /*call*/) const override { return 1; }
};

/// softmax(x) where a label is its own target: the 1 is never subtracted.
struct SparseGradientIsSoftmax : Sound {
  Row entropy_gradient(const Call& call, const Row& t, const Row& x) const override {
    return call.tensors.labels == nullptr ? Sound::entropy_gradient(call, t, x) : softmax(call, x);
  }
};

/// e^x with no maximum subtracted.
struct GradientWithoutShift : Sound {
  Row entropy_gradient(const Call& call, const Row& t, const Row& x) const override {
    Row result = Sound::entropy_gradient(call, t, x);
    const Real overflows = std::log(call.storage.largest());
    const bool any = std::any_of(x.begin(), x.end(), [&](Real logit) { return logit > overflows; });
    return any ? Row(x.size(), not_a_number) : result;
  }
};

// Class weights, labels

/// Weights are normalised to an average of 1 before use.
struct ClassWeightsNormalised : Sound {
  Row class_weights(const Call& call) const override {
    Row weights = Sound::class_weights(call);
    Real total = 0;
    for (const Real weight : weights) total += weight;
    for (Real& weight : weights) weight *= static_cast<Real>(weights.size()) / total;
    return weights;
  }
};

/// Dense targets forget the weights that hard labels get.
struct ClassWeightsOnlyWithLabels : Sound {
  Row class_weights(const Call& call) const override {
    return call.tensors.labels != nullptr ? Sound::class_weights(call) : Row(call.tensors.classes, 1);
  }
};

/// The same as with weights, through a path that computes in single precision.
struct WeightsRoundTheLoss : Sound {
  Loss loss_of(const Call& call, std::size_t index) const override {
    Loss loss = Sound::loss_of(call, index);
    const bool weighted = call.tensors.class_weights != nullptr || call.tensors.sample_weights != nullptr;
    if (weighted && std::isfinite(loss.value)) loss.value = call.storage.round(loss.value * 512) * 1.001L / 512;
    return loss;
  }
};

struct LabelOffByOne : Sound {
  std::int64_t label_of(const Call& call, std::size_t row) const override {
    const std::int64_t label = Sound::label_of(call, row);
    const auto classes = static_cast<std::int64_t>(call.tensors.classes);
    return ignores(call, label) || label < 0 || label >= classes ? label : (label + 1) % classes;
  }
};

/// A label that is no class counts as the last one.
struct WildLabelIsLastClass : Sound {
  std::int64_t label_of(const Call& call, std::size_t row) const override {
    const std::int64_t label = Sound::label_of(call, row), last = static_cast<std::int64_t>(call.tensors.classes) - 1;
    return ignores(call, label) ? label : std::min(std::max(label, std::int64_t{0}), last);
  }
};

// Squared error

/// t² − 2 t o + o²: cancels for t near o.
struct SquaresExpanded : Sound {
  Real mean_squared_error(const Call& call, const Row& t, const Row& o) const override {
    Row squares(o.size());
    for (std::size_t i = 0; i < o.size(); ++i) {
      const float a = f32(t[i]), b = f32(o[i]);
      squares[i] = a * a - 2 * a * b + b * b;
    }
    return sum(call, squares) / static_cast<Real>(o.size());
  }
};

/// Squares and their sum overflow though their mean would not.
struct SquaresOverflow : Sound {
  Real mean_squared_error(const Call& call, const Row& t, const Row& o) const override {
    const Real mean = Sound::mean_squared_error(call, t, o);
    return mean * static_cast<Real>(o.size()) > call.storage.largest() ? infinity : mean;
  }
};

/// The difference is rounded before it is squared in single precision: small differences underflow.
struct SquaresUnderflow : Sound {
  Real mean_squared_error(const Call& call, const Row& t, const Row& o) const override {
    Row squares(o.size());
    for (std::size_t i = 0; i < o.size(); ++i) squares[i] = call.storage.round((t[i] - o[i]) * (t[i] - o[i]));
    const Real mean = sum(call, squares) / static_cast<Real>(o.size());
    return mean < call.storage.smallest_normal() ? 0 : mean;
  }
};

/// Divides by the number of rows where the number of classes is due.
struct SquaresDividedByRows : Sound {
  Real mean_squared_error(const Call& call, const Row& t, const Row& o) const override {
    return Sound::mean_squared_error(call, t, o) * static_cast<Real>(o.size()) / static_cast<Real>(call.rows());
  }
};

/// |t − o| takes the place of its square.
struct AbsoluteError : Sound {
  Real mean_squared_error(const Call& call, const Row& t, const Row& o) const override {
    Row differences(o.size());
    for (std::size_t i = 0; i < o.size(); ++i) differences[i] = std::abs(t[i] - o[i]);
    return sum(call, differences) / static_cast<Real>(o.size());
  }
};

/// Only what the output exceeds its target by counts.
struct OneSidedError : Sound {
  Real mean_squared_error(const Call& call, const Row& t, const Row& o) const override {
    Row lower = t;
    for (std::size_t i = 0; i < o.size(); ++i) lower[i] = t[i] > o[i] ? o[i] : t[i];
    return Sound::mean_squared_error(call, lower, o);
  }
};

}  // namespace lossaudit::mutants
