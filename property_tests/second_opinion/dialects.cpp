// What losses.md and the frameworks' sources say of each dialect, once more.
#include <cmath>

#include "property_tests/second_opinion/formulas.hpp"

namespace lossaudit::second_opinion {

namespace {

/// keras1 is Keras 1 to 2.2 over TensorFlow, keras2 tf.keras 2, keras3 Keras 3 over NumPy or JAX, sklearn
/// scikit-learn 1.2 (log_loss clips, then divides by the row's sum), tfjs the metrics of tfjs-layers 4.
Preparation preparation_of(const Contract& contract) {
  if (contract.function == Function::cross_entropy_error) return Preparation::nothing;
  const bool logits = contract.options.from_logits;
  const bool categorical = contract.function == Function::categorical_crossentropy;
  if (contract.dialect == Dialect::tfjs && categorical && logits) return Preparation::softmax_then_clip;
  if (logits) return Preparation::nothing;
  const bool is_binary = contract.function == Function::binary_crossentropy;
  switch (contract.dialect) {
    case Dialect::exact:
      return is_binary ? Preparation::nothing : Preparation::normalise;
    case Dialect::keras1:
    case Dialect::keras2:
      return is_binary     ? Preparation::clip
             : categorical ? Preparation::normalise_then_clip
                           : Preparation::clip_then_normalise;
    case Dialect::keras3:
      return is_binary ? Preparation::clip : Preparation::normalise_then_clip;
    case Dialect::torch:
      return Preparation::nothing;
    case Dialect::sklearn:
      // A binary p is joined by 1 − p, and the two sum to 1.
      return is_binary ? Preparation::clip : Preparation::clip_then_normalise;
    case Dialect::tfjs:
      if (is_binary) return Preparation::clip;
      if (categorical) return Preparation::normalise_then_clip;
      break;
    case Dialect::tf:
    case Dialect::optax:
    case Dialect::onnx:
      break;
  }
  throw BadInput("the dialect takes no probabilities");
}

/// c_r of the mean: the class weights by which the targets count, 1 without any.
Value class_weight_counted(const Contract& contract, const Batch& batch, const Item& item, Fault fault) {
  if (batch.class_weights.empty()) return Value(1.0);
  const bool by_label = !batch.labels.empty();
  if (by_label && !item.label_is_class) return Value::nan();
  if (by_label && fault != Fault::weight_after_smoothing) return Value(batch.class_weights[item.label]);
  Value sum;
  for (std::size_t i = 0; i < item.target.size(); ++i) {
    const Value t = fault == Fault::weight_after_smoothing
                        ? smoothed(contract, item.target[i], item.target.size(), fault)
                        : Value(item.target[i]);
    sum = sum + Value(batch.class_weights[i]) * t;
  }
  return sum;
}

}  // namespace

Preparation preparation(const Contract& contract, Fault fault) {
  const Preparation right = preparation_of(contract);
  if (fault == Fault::softmax_not_clipped && right == Preparation::softmax_then_clip) return Preparation::nothing;
  if (fault == Fault::normalised_before_clip && right == Preparation::clip_then_normalise) {
    return Preparation::normalise_then_clip;
  }
  if (fault == Fault::clipped_before_normalising && right == Preparation::normalise_then_clip) {
    return Preparation::clip_then_normalise;
  }
  if (fault == Fault::not_normalised) {
    if (right == Preparation::normalise) return Preparation::nothing;
    if (right == Preparation::normalise_then_clip || right == Preparation::clip_then_normalise) {
      return Preparation::clip;
    }
  }
  return right;
}

double epsilon(const Contract& contract, Fault fault) {
  if (contract.options.epsilon) return *contract.options.epsilon;
  const Format format = fault == Fault::epsilon_of_f32 ? Format::f32 : contract.format;
  switch (contract.dialect) {
    case Dialect::sklearn:  // numpy.finfo(dtype).eps
      return std::ldexp(1.0, 1 - traits(format).precision);
    case Dialect::tfjs:  // the backend's epsilon(): 1e-7 where floats have 32 bits, else 1e-4
      return format == Format::f16 ? 1e-4 : 1e-7;
    default:  // keras.backend.epsilon()
      return 1e-7;
  }
}

Clip::Clip(const Contract& contract, Fault fault) : fault(fault) {
  lo = Rational(epsilon(contract, fault));
  hi = 1 - lo;
  if (fault != Fault::epsilon_not_rounded) {
    lo = nearest(contract.format, lo);
    hi = nearest(contract.format, hi);
  }
  if (fault == Fault::no_upper_clip) hi = 1 << 20;
}

std::optional<bool> Clip::passes(const Value& p) const {
  if (p.kind == Value::Kind::infinite) return false;
  const std::optional<int> above = p.compare(lo);
  const std::optional<int> below = p.compare(hi);
  if ((above && *above < 0) || (below && *below > 0)) return false;
  if (!above || !below) return std::nullopt;
  return fault != Fault::clip_stops_at_ends || (*above > 0 && *below < 0);
}

Dual Clip::operator()(const Dual& p) const {
  const std::optional<bool> inside = passes(p.value);
  Dual result = p;
  if (!inside) {
    result.value.kind = Value::Kind::undecided;
    for (Value& slope : result.slopes) slope.kind = Value::Kind::undecided;
    return result;
  }
  if (!*inside) {
    if (fault != Fault::clip_passes_everything) result.slopes.clear();
    const bool is_low = p.value.is_finite() ? p.value.compare(lo) != 1 : p.value.infinity_sign < 0;
    // At an end where the gradient stops by a fault the value is the end's all the same.
    result.value = Value(is_low ? lo : hi);
  }
  return result;
}

Value smoothed(const Contract& contract, double target, std::size_t classes, Fault fault) {
  const double given = contract.options.label_smoothing;
  const Rational alpha =
      fault == Fault::scalars_not_rounded ? Rational(given) : nearest(contract.format, Rational(given));
  const long share = static_cast<long>(classes) - (fault == Fault::smoothing_over_others ? 1 : 0);
  const bool forgotten = fault == Fault::gradient_without_smoothing && contract.pass == Pass::gradient;
  if (alpha == 0 || share == 0 || forgotten) return Value(target);
  return Value(Rational(1 - alpha)) * Value(target) + Value(Rational(alpha / share));
}

Value counted(const Contract& contract, const Batch& batch, const Item& item, Fault fault) {
  switch (contract.dialect) {
    case Dialect::keras1:  // divided by the mean of "weight is not 0"
    case Dialect::tfjs:    // Reduction.SUM_BY_NONZERO_WEIGHTS
      return Value(item.sample_weight != 0 || fault == Fault::zero_weight_counts ? 1.0 : 0.0);
    case Dialect::keras2:  // SUM_OVER_BATCH_SIZE, the masked rows made up for
    case Dialect::keras3:
      return Value(item.sample_weight != 0 || fault != Fault::zero_weight_is_left_out ? 1.0 : 0.0);
    case Dialect::torch:  // nll_loss divides by the weights of its labels; the other losses by their number
    case Dialect::onnx: {
      const bool by_label = !batch.labels.empty() && fault != Fault::class_weights_not_counted;
      const Value weight = by_label ? class_weight_counted(contract, batch, item, fault) : Value(1.0);
      return fault == Fault::sample_weights_counted ? Value(item.sample_weight) * weight : weight;
    }
    default:  // a weighted mean
      return Value(item.sample_weight) * class_weight_counted(contract, batch, item, fault);
  }
}

}  // namespace lossaudit::second_opinion
