#include "property_tests/mutants/sound.hpp"

#include <algorithm>
#include <cmath>

#include "property_tests/mutants/formulas.hpp"

namespace lossaudit::mutants {
namespace {

constexpr const char* contract_lines[] = {
    "relu,sigmoid,log_sigmoid,softplus,logit exact f64,f32,f16,bf16 forward",
    "softmax,log_softmax,logsumexp exact f64,f32,f16,bf16 forward axis",
    "binary_crossentropy exact,keras1 f64,f32,f16,bf16 forward from_logits reduction epsilon label_smoothing "
    "pos_weight sample_weights",
    "categorical_crossentropy exact,keras1 f64,f32,f16,bf16 forward from_logits axis reduction epsilon "
    "label_smoothing class_weights sample_weights",
    "sparse_categorical_crossentropy exact,keras1 f64,f32,f16,bf16 forward from_logits axis reduction epsilon "
    "label_smoothing ignore_index class_weights sample_weights",
    "mean_squared_error exact f64,f32,f16,bf16 forward axis reduction sample_weights",
    "cross_entropy_error exact f64,f32,f16,bf16 forward axis reduction class_weights sample_weights",
    "categorical_crossentropy,sparse_categorical_crossentropy exact f64,f32,f16,bf16 gradient from_logits=1 axis "
    "reduction",
    nullptr,
};

bool holds_nan(const Row& row) {
  return std::any_of(row.begin(), row.end(), [](Real x) { return std::isnan(x); });
}
bool all_finite(const Row& row) {
  return std::all_of(row.begin(), row.end(), [](Real x) { return std::isfinite(x); });
}
bool is_probability(Real p) { return p >= 0 && p <= 1; }
bool all_of_sign(const Row& row) {
  return std::all_of(row.begin(), row.end(), [](Real x) { return x >= 0; });
}
std::vector<Wide> widened(const Row& row) { return {row.begin(), row.end()}; }
Row nan_row(std::size_t size) { return Row(size, not_a_number); }

/// w_i t′_i over a row.
template <class Number>
std::vector<Number> coefficients_of(const Call& call, const std::vector<Number>& t,
                                    const std::vector<Number>& weights) {
  const Number alpha = call.smoothing, keep = 1 - alpha, even = alpha / static_cast<Real>(t.size());
  std::vector<Number> coefficients(t.size());
  for (std::size_t i = 0; i < t.size(); ++i) coefficients[i] = product(weights[i], Number(keep * t[i] + even));
  return coefficients;
}

/// −ln p_i over a row: the definition of each function and dialect, in either arithmetic.
template <class Number>
std::vector<Number> minus_logs_of(const Call& call, const std::vector<Number>& o, const Clip& clip) {
  if (call.from_logits) return minus_log_softmax(o);
  const Number lo = clip.lo, hi = clip.hi;
  std::vector<Number> p = o;
  if (call.function == "cross_entropy_error") {
    std::transform(o.begin(), o.end(), p.begin(), [](const Number& x) { return Number(-ln(x)); });
    return p;
  }
  if (call.keras1 && call.function == "categorical_crossentropy") return minus_log_normalised_then_clipped(o, lo, hi);
  if (call.keras1) {
    std::transform(o.begin(), o.end(), p.begin(),
                   [&](const Number& x) { return Number(std::min(std::max(x, lo), hi)); });
  }
  return minus_log_normalised(p);
}

/// Whether terms that are right to 62 bits add up to a sum that is right to well under an ulp of the format.
bool keeps_its_bits(const Call& call, Real sum, Real magnitude) {
  // Smoothing is itself a sum that a negative target makes cancel.
  return call.smoothing == 0 && std::abs(sum) >= std::ldexp(magnitude, call.storage.precision + 6 - 62);
}

template <class Number>
std::pair<Number, Number> binary_logs_of(const Call& call, const Number& o, const Clip& clip) {
  if (call.from_logits) return {mutants::softplus(Number(-o)), mutants::softplus(o)};
  const Number lo = clip.lo, hi = clip.hi;
  const Number p = call.keras1 ? Number(std::min(std::max(o, lo), hi)) : o;
  return {Number(-ln(p)), p == 1 ? Number(infinity) : Number(-ln1p(Number(-p)))};
}

template <class Number>
std::pair<Number, Number> binary_coefficients_of(const Call& call, const Number& t) {
  // 1 − t′ = (1 − α)(1 − t) + α/2: written so, neither half cancels for t and α in [0, 1].
  const Number alpha = call.smoothing, weight = call.pos_weight, keep = 1 - alpha;
  return {product(weight, Number(keep * t + alpha / 2)), Number(keep * (1 - t) + alpha / 2)};
}

}  // namespace

const char* const* declared_contracts() { return contract_lines; }

int Sound::compute(const lossaudit_contract& contract, const lossaudit_tensors& tensors) const {
  const Storage* storage = storage_named(contract.format);
  if (storage == nullptr) return LOSSAUDIT_UNSUPPORTED;
  const Call call{*storage, contract, tensors};
  const std::string_view f = call.function;
  if (std::string_view(contract.pass) == "gradient") {
    gradient(call);
  } else if (f == "relu") {
    elementwise(call, &Sound::relu);
  } else if (f == "sigmoid") {
    elementwise(call, &Sound::sigmoid);
  } else if (f == "log_sigmoid") {
    elementwise(call, &Sound::log_sigmoid);
  } else if (f == "softplus") {
    elementwise(call, &Sound::softplus);
  } else if (f == "logit") {
    elementwise(call, &Sound::logit);
  } else if (f == "softmax") {
    row_to_row(call, &Sound::softmax);
  } else if (f == "log_softmax") {
    row_to_row(call, &Sound::log_softmax);
  } else if (f == "logsumexp") {
    row_to_value(call);
  } else if (f == "binary_crossentropy" || f == "categorical_crossentropy" || f == "sparse_categorical_crossentropy" ||
             f == "mean_squared_error" || f == "cross_entropy_error") {
    losses(call);
  } else {
    return LOSSAUDIT_UNSUPPORTED;
  }
  return LOSSAUDIT_OK;
}

// The doors

Real Sound::value(const Call& call, const void* tensor, std::size_t index) const {
  return call.storage.read(tensor, index);
}
Real Sound::store(const Call& /*call*/, Real value) const { return value; }

std::size_t Sound::place(const Call& call, std::size_t row, std::size_t i) const {
  const std::size_t inner = call.tensors.inner;
  return (row / inner * call.tensors.classes + i) * inner + row % inner;
}

Row Sound::row_of(const Call& call, const void* tensor, std::size_t row) const {
  Row values(call.tensors.classes);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = value(call, tensor, place(call, row, i));
  return values;
}

void Sound::put(const Call& call, std::size_t index, Real result) const {
  call.storage.write(store(call, call.storage.round(result)), call.tensors.result, index);
}

// Elementwise functions

void Sound::elementwise(const Call& call, Real (Sound::*function)(const Call&, Real) const) const {
  for (std::size_t i = 0; i < call.elements(); ++i) {
    put(call, i, (this->*function)(call, value(call, call.tensors.output, i)));
  }
}

Real Sound::relu(const Call& /*call*/, Real x) const { return x <= 0 ? 0 : x; }

Real Sound::sigmoid(const Call& /*call*/, Real x) const {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}

Real Sound::log_sigmoid(const Call& /*call*/, Real x) const { return -mutants::softplus(-x); }
Real Sound::softplus(const Call& /*call*/, Real x) const { return mutants::softplus(x); }

Real Sound::logit(const Call& /*call*/, Real p) const {
  if (!is_probability(p)) return not_a_number;
  // Near 1/2 the result is small: 2p − 1 is exact, and log1p keeps it.
  return p > 0.25L && p < 0.75L ? ln1p((2 * p - 1) / (1 - p)) : ln(p / (1 - p));
}

// Functions of a row

void Sound::row_to_row(const Call& call, Row (Sound::*function)(const Call&, const Row&) const) const {
  for (std::size_t r = 0; r < call.rows(); ++r) {
    const Row x = row_of(call, call.tensors.output, r);
    const bool undefined = holds_nan(x) || *std::max_element(x.begin(), x.end()) == -infinity;
    const Row result = undefined ? nan_row(x.size()) : (this->*function)(call, x);
    for (std::size_t i = 0; i < x.size(); ++i) put(call, place(call, r, i), result[i]);
  }
}

void Sound::row_to_value(const Call& call) const {
  for (std::size_t r = 0; r < call.rows(); ++r) {
    const Row x = row_of(call, call.tensors.output, r);
    const Real largest = *std::max_element(x.begin(), x.end());
    put(call, r, holds_nan(x) ? not_a_number : std::isinf(largest) ? largest : logsumexp(call, x));
  }
}

Row Sound::softmax(const Call& call, const Row& x) const {
  const Real largest = *std::max_element(x.begin(), x.end());
  Row result(x.size());
  std::transform(x.begin(), x.end(), result.begin(), [&](Real value) {
    // Beside +inf everything finite vanishes; +inf against itself stays undefined when there are two.
    return value == largest && std::isinf(largest) ? 1 : std::exp(value - largest);
  });
  const Real total = sum(call, result);
  if (std::isinf(largest) && total > 1) return nan_row(x.size());
  for (Real& value : result) value /= total;
  return result;
}

Row Sound::log_softmax(const Call& /*call*/, const Row& x) const {
  Row result = minus_log_softmax(x);
  for (Real& value : result) value = 0 - value;
  return result;
}

Real Sound::logsumexp(const Call& /*call*/, const Row& x) const {
  const Peak<Real> peak(x);
  const Real top = x[peak.at], result = top + ln1p(peak.rest);
  // A negative largest logit and the logarithm of the sum cancel where Σ e^x is near 1.
  const bool cancels = top < 0 && std::abs(result) < -top / 64;
  if (!cancels) return result;
  const std::vector<Wide> wide = widened(x);
  const Peak<Wide> exact(wide);
  return static_cast<Real>(Wide(wide[exact.at] + ln1p(exact.rest)));
}

// The parts of the losses

Clip Sound::clip(const Call& call) const {
  if (!call.clips()) return {};
  return {call.storage.round(call.contract.epsilon), call.storage.round(1 - Real(call.contract.epsilon))};
}

std::pair<Real, Real> Sound::binary_logs(const Call& call, Real o) const { return binary_logs_of(call, o, clip(call)); }

std::pair<Real, Real> Sound::binary_coefficients(const Call& call, Real t) const {
  return binary_coefficients_of(call, t);
}

Real Sound::binary_crossentropy(const Call& call, Real t, Real o) const {
  const bool outside = !call.from_logits && !call.keras1 && !is_probability(o);
  if (!std::isfinite(t) || std::isnan(o) || outside) return not_a_number;
  const auto [positive, negative] = binary_coefficients(call, t);
  const auto [on, off] = binary_logs(call, o);
  const Real one = product(positive, on), other = product(negative, off);
  const bool one_sign = is_probability(t) && call.pos_weight >= 0;
  if (one_sign || !std::isfinite(one + other) || keeps_its_bits(call, one + other, std::abs(one) + std::abs(other))) {
    return one + other;
  }
  const auto [wide_positive, wide_negative] = binary_coefficients_of(call, Wide(t));
  const auto [wide_on, wide_off] = binary_logs_of(call, Wide(o), clip(call));
  return static_cast<Real>(Wide(product(wide_positive, wide_on) + product(wide_negative, wide_off)));
}

Row Sound::minus_logs(const Call& call, const Row& o) const {
  const Clip clipped = clip(call);
  const bool sum_may_cancel = call.keras1 && call.function == "categorical_crossentropy" && !all_of_sign(o);
  if (!sum_may_cancel || !all_finite(o)) return minus_logs_of(call, o, clipped);
  const std::vector<Wide> wide = minus_logs_of(call, widened(o), clipped);
  Row logs(wide.size());
  std::transform(wide.begin(), wide.end(), logs.begin(), [](const Wide& x) { return static_cast<Real>(x); });
  return logs;
}

Row Sound::coefficients(const Call& call, const Row& t, const Row& weights) const {
  return coefficients_of(call, t, weights);
}

Row Sound::class_weights(const Call& call) const {
  Row weights(call.tensors.classes, 1);
  if (call.tensors.class_weights == nullptr) return weights;
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = value(call, call.tensors.class_weights, i);
  return weights;
}

Real Sound::cross_entropy(const Call& call, const Row& t, const Row& weights, const Row& o) const {
  const bool bounded = !call.from_logits && !call.keras1;
  if (!all_finite(t) || holds_nan(o) || (bounded && !std::all_of(o.begin(), o.end(), is_probability))) {
    return not_a_number;
  }
  if (call.from_logits && *std::max_element(o.begin(), o.end()) == -infinity) return not_a_number;
  const Row factors = coefficients(call, t, weights), logs = minus_logs(call, o);
  if (holds_nan(logs)) return not_a_number;
  Row terms(o.size());
  std::transform(factors.begin(), factors.end(), logs.begin(), terms.begin(), product<Real>);
  const Real total = sum(call, terms);
  Real magnitude = 0;
  for (const Real term : terms) magnitude += std::abs(term);
  const bool one_sign = all_of_sign(t) && all_of_sign(weights);
  if (one_sign || !std::isfinite(magnitude) || !all_finite(o) || keeps_its_bits(call, total, magnitude)) return total;
  // Terms of both signs that cancel.
  const std::vector<Wide> wide = coefficients_of(call, widened(t), widened(weights));
  return static_cast<Real>(entropy(wide, minus_logs_of(call, widened(o), clip(call))));
}

Row Sound::entropy_gradient(const Call& /*call*/, const Row& t, const Row& x) const {
  Row result(x.size(), not_a_number);
  if (!all_finite(t) || holds_nan(x)) return result;
  // With e_j = e^(x_j − max): s_i Σt − t_i = (e_i Σ_{j≠i} t_j − t_i Σ_{j≠i} e_j) / Σe, which keeps a confident row's
  // rest.
  const Peak<Wide> peak(widened(x));
  if (x[peak.at] == -infinity) return result;
  Sum<Wide> total;
  for (const Real value : t) total.add(value);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool top = i == peak.at;
    const Wide own = top ? Wide(1) : power_of_e(Wide(Wide(x[i]) - Wide(x[peak.at])));
    const Wide others = top ? peak.rest : Wide(1 + peak.rest - own);
    result[i] = static_cast<Real>(Wide((own * (total.value() - Wide(t[i])) - Wide(t[i]) * others) / (1 + peak.rest)));
  }
  return result;
}

Real Sound::mean_squared_error(const Call& call, const Row& t, const Row& o) const {
  Row squares(o.size());
  std::transform(t.begin(), t.end(), o.begin(), squares.begin(), [](Real a, Real b) { return (a - b) * (a - b); });
  return sum(call, squares) / static_cast<Real>(o.size());
}

std::int64_t Sound::label_of(const Call& call, std::size_t row) const { return call.tensors.labels[row]; }

bool Sound::ignores(const Call& call, std::int64_t label) const {
  return call.contract.has_ignore_index != 0 && label == call.contract.ignore_index;
}

Real Sound::sample_weight(const Call& call, std::size_t loss) const {
  return call.tensors.sample_weights == nullptr ? 1 : value(call, call.tensors.sample_weights, loss);
}

Loss Sound::loss_of(const Call& call, std::size_t index) const {
  return call.function == "binary_crossentropy" ? binary_loss(call, index) : row_loss(call, index);
}

Loss Sound::binary_loss(const Call& call, std::size_t index) const {
  const Real t = value(call, call.tensors.target, index), o = value(call, call.tensors.output, index);
  return {binary_crossentropy(call, t, o), sample_weight(call, index), 1, false};
}

Loss Sound::row_loss(const Call& call, std::size_t row) const {
  Row t;
  if (call.tensors.labels != nullptr) {
    const std::int64_t label = label_of(call, row);
    if (ignores(call, label)) return {0, sample_weight(call, row), 1, true};
    t = one_hot(call, label);
  } else {
    t = row_of(call, call.tensors.target, row);
  }
  const Row o = row_of(call, call.tensors.output, row);
  Loss loss{0, sample_weight(call, row), 1, false};
  if (call.function == "mean_squared_error") {
    loss.value = mean_squared_error(call, t, o);
    return loss;
  }
  const Row weights = class_weights(call);
  loss.value = cross_entropy(call, t, weights, o);
  if (call.tensors.class_weights != nullptr) loss.share = entropy(weights, t);
  return loss;
}

Row Sound::one_hot(const Call& call, std::int64_t label) const {
  const auto classes = static_cast<std::int64_t>(call.tensors.classes);
  if (label < 0 || label >= classes) return Row(call.tensors.classes, not_a_number);
  Row t(call.tensors.classes, 0);
  t[static_cast<std::size_t>(label)] = 1;
  return t;
}

Real Sound::gradient_divisor(const Call& call) const {
  return call.reduction == "mean" ? static_cast<Real>(call.rows()) : 1;
}

void Sound::gradient(const Call& call) const {
  for (std::size_t r = 0; r < call.rows(); ++r) {
    const bool sparse = call.tensors.labels != nullptr;
    const Row t = sparse ? one_hot(call, label_of(call, r)) : row_of(call, call.tensors.target, r);
    const Row result = entropy_gradient(call, t, row_of(call, call.tensors.output, r));
    const std::size_t whole = call.reduction == "none" ? r : 0;
    const Real upstream = call.tensors.upstream == nullptr ? 1 : value(call, call.tensors.upstream, whole);
    const Real divisor = gradient_divisor(call);
    for (std::size_t i = 0; i < result.size(); ++i) put(call, place(call, r, i), upstream * result[i] / divisor);
  }
}

// Sums and reductions

void Sound::add(const Call& /*call*/, Sum<Real>& sum, Real term) const { sum.add(term); }

Real Sound::sum(const Call& call, const Row& terms) const {
  Sum<Real> sum;
  for (const Real term : terms) add(call, sum, term);
  return sum.value();
}

Real Sound::term_of(const Call& /*call*/, const Loss& loss) const {
  return loss.ignored ? 0 : product(loss.weight, loss.value);
}

Real Sound::share_of(const Call& call, const Loss& loss) const {
  if (loss.ignored) return 0;
  return call.keras1 ? Real(loss.weight != 0) : product(loss.weight, loss.share);
}

Real Sound::reduced(const Call& call, Real total, Real divisor, std::size_t /*count*/) const {
  if (call.reduction == "sum") return total;
  return divisor == 0 ? not_a_number : total / divisor;
}

void Sound::losses(const Call& call) const {
  const std::size_t count = call.function == "binary_crossentropy" ? call.elements() : call.rows();
  Sum<Real> total, divisor;
  for (std::size_t i = 0; i < count; ++i) {
    const Loss loss = loss_of(call, i);
    if (call.reduction == "none") {
      put(call, i, term_of(call, loss));
    } else {
      add(call, total, term_of(call, loss));
      divisor.add(share_of(call, loss));
    }
  }
  if (call.reduction != "none") put(call, 0, reduced(call, total.value(), divisor.value(), count));
}

}  // namespace lossaudit::mutants
