// Eigen's array functions as a subject. Where Eigen has an entry point it is called as it is; what Eigen has no name
// for is composed from its expressions as its users (TensorFlow's CPU kernels first of all) compose it, and declared
// so.
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string_view>

#include "audit/subject.h"

namespace {

template <typename T>
using Array = Eigen::Array<T, Eigen::Dynamic, 1>;
template <typename T>
using View = Eigen::Ref<const Array<T>>;

// Elementwise functions.

template <typename T>
Array<T> softplus(const View<T>& x) {
  return x.cwiseMax(T(0)) + (-x.abs()).exp().log1p();
}

template <typename T>
Array<T> clip(const View<T>& p, T epsilon) {
  return p.cwiseMax(epsilon).cwiseMin(T(1) - epsilon);
}

/// From logits in the form that TensorFlow documents for tf.nn.sigmoid_cross_entropy_with_logits, to which keras1 also
/// takes its clipped probabilities back.
template <typename T>
Array<T> binary_crossentropy(const lossaudit_contract& contract, const View<T>& t, const View<T>& o) {
  const auto from_logits = [&](const View<T>& x) -> Array<T> {
    return x.cwiseMax(T(0)) - x * t + (-x.abs()).exp().log1p();
  };
  if (contract.from_logits) return from_logits(o);
  if (contract.epsilon > 0) {
    const Array<T> p = clip<T>(o, static_cast<T>(contract.epsilon));
    return from_logits((p / (T(1) - p)).log());
  }
  return -t * o.log() - (T(1) - t) * (T(1) - o).log();
}

// Functions of a row.

template <typename T>
T logsumexp(const View<T>& x) {
  const T most = x.maxCoeff();
  return most + std::log((x - most).exp().sum());
}

template <typename T>
Array<T> softmax(const View<T>& x) {
  const Array<T> e = (x - x.maxCoeff()).exp();
  return e / e.sum();
}

template <typename T>
Array<T> log_softmax(const View<T>& x) {
  const Array<T> shifted = x - x.maxCoeff();
  return shifted - std::log(shifted.exp().sum());
}

/// The logarithms of a row's probabilities. keras1 clips the categorical loss's after they are normalised and the
/// sparse one's before.
template <typename T>
Array<T> log_probabilities(const lossaudit_contract& contract, const View<T>& o, bool sparse) {
  if (contract.from_logits) return log_softmax<T>(o);
  const T epsilon = static_cast<T>(contract.epsilon);
  if (epsilon > 0 && sparse) return log_softmax<T>(clip<T>(o, epsilon).log());
  const Array<T> p = o / o.sum();
  return epsilon > 0 ? clip<T>(p, epsilon).log() : p.log();
}

/// Writes what a stretch of values gives to y: a value each, or one value (of a row). False: not a function of this
/// subject.
template <typename T>
bool evaluate(const lossaudit_contract& contract, const View<T>& o, const View<T>& t, std::int64_t label,
              Eigen::Map<Array<T>> y) {
  const std::string_view function = contract.function;
  if (function == "relu") {
    y = o.cwiseMax(T(0));
  } else if (function == "sigmoid") {
    y = o.logistic();
  } else if (function == "softplus") {
    y = softplus<T>(o);
  } else if (function == "log_sigmoid") {
    y = -softplus<T>(-o);
  } else if (function == "logit") {
    y = (o / (T(1) - o)).log();
  } else if (function == "binary_crossentropy") {
    y = binary_crossentropy<T>(contract, t, o);
  } else if (function == "softmax") {
    y = softmax<T>(o);
  } else if (function == "log_softmax") {
    y = log_softmax<T>(o);
  } else if (function == "logsumexp") {
    y[0] = logsumexp<T>(o);
  } else if (function == "categorical_crossentropy") {
    y[0] = -(t * log_probabilities<T>(contract, o, false)).sum();
  } else if (function == "sparse_categorical_crossentropy") {
    const bool is_class = label >= 0 && label < o.size();
    y[0] = is_class ? -log_probabilities<T>(contract, o, true)[label] : std::numeric_limits<T>::quiet_NaN();
  } else if (function == "mean_squared_error") {
    y[0] = (t - o).square().mean();
  } else if (function == "cross_entropy_error") {
    y[0] = -(t * o.log()).sum();
  } else {
    return false;
  }
  return true;
}

bool is_one_of(std::string_view function, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), function) != names.end();
}

/// Calls evaluate() on each row of a tensor, or on the whole of it for an elementwise function, and reduces.
template <typename T>
int compute(const lossaudit_contract& contract, const lossaudit_tensors& in) {
  const bool elementwise =
      is_one_of(contract.function, {"relu", "sigmoid", "softplus", "log_sigmoid", "logit", "binary_crossentropy"});
  const bool value_a_class = elementwise || is_one_of(contract.function, {"softmax", "log_softmax"});
  const auto inner = static_cast<Eigen::Index>(elementwise ? 1 : in.inner);
  const auto rows = static_cast<Eigen::Index>(elementwise ? 1 : in.outer * in.inner);
  const auto classes = static_cast<Eigen::Index>(in.outer * in.classes * in.inner) / rows;
  const auto row_results = value_a_class ? classes : 1;
  const bool reduced = contract.reduction != std::string_view("none");
  if (!reduced && in.result_count != static_cast<std::size_t>(rows * row_results)) return LOSSAUDIT_FAILED;

  Array<T> unreduced(reduced ? rows * row_results : 0);
  T* const values = reduced ? unreduced.data() : static_cast<T*>(in.result);

  // A row whose classes are not neighbours in memory is gathered first, as Eigen only vectorises over neighbours.
  using Strided = Eigen::Map<Array<T>, Eigen::Unaligned, Eigen::InnerStride<>>;
  using ConstStrided = Eigen::Map<const Array<T>, Eigen::Unaligned, Eigen::InnerStride<>>;
  Array<T> output_row, target_row, result_row(row_results);
  for (Eigen::Index row = 0; row < rows; ++row) {
    const auto first = [&](Eigen::Index in_row) { return row / inner * in_row * inner + row % inner; };
    const auto row_of = [&](const void* tensor, Array<T>& gathered) {
      if (!tensor) return Eigen::Map<const Array<T>>(nullptr, 0);
      const T* place = static_cast<const T*>(tensor) + first(classes);
      if (inner == 1) return Eigen::Map<const Array<T>>(place, classes);
      gathered = ConstStrided(place, classes, Eigen::InnerStride<>(inner));
      return Eigen::Map<const Array<T>>(gathered.data(), classes);
    };
    T* const place = values + first(row_results);
    const bool neighbours = inner == 1 || row_results == 1;
    if (!evaluate<T>(contract, row_of(in.output, output_row), row_of(in.target, target_row),
                     in.labels ? in.labels[row] : -1,
                     Eigen::Map<Array<T>>(neighbours ? place : result_row.data(), row_results))) {
      return LOSSAUDIT_UNSUPPORTED;
    }
    if (!neighbours) Strided(place, row_results, Eigen::InnerStride<>(inner)) = result_row;
  }

  if (reduced) {
    *static_cast<T*>(in.result) = contract.reduction == std::string_view("mean") ? unreduced.mean() : unreduced.sum();
  }
  return LOSSAUDIT_OK;
}

/// Eigen's half and bfloat16: the functions that it has entry points for.
template <typename T>
int compute_narrow(const lossaudit_contract& contract, const lossaudit_tensors& in) {
  const Eigen::Map<const Array<T>> x(static_cast<const T*>(in.output), static_cast<Eigen::Index>(in.result_count));
  Eigen::Map<Array<T>> result(static_cast<T*>(in.result), static_cast<Eigen::Index>(in.result_count));
  const std::string_view function = contract.function;
  if (function == "relu") {
    result = x.cwiseMax(T(0));
  } else if (function == "sigmoid") {
    result = x.logistic();
  } else {
    return LOSSAUDIT_UNSUPPORTED;
  }
  return LOSSAUDIT_OK;
}

int compute_any(const lossaudit_contract* contract, const lossaudit_tensors* tensors) {
  const std::string_view format = contract->format;
  if (format == "f32") return compute<float>(*contract, *tensors);
  if (format == "f64") return compute<double>(*contract, *tensors);
  if (format == "f16") return compute_narrow<Eigen::half>(*contract, *tensors);
  if (format == "bf16") return compute_narrow<Eigen::bfloat16>(*contract, *tensors);
  return LOSSAUDIT_UNSUPPORTED;
}

const char* const contracts[] = {
    "relu,sigmoid exact f64,f32,f16,bf16 forward",
    "softplus exact f64,f32 forward  # composed here from cwiseMax, exp and log1p",
    "log_sigmoid exact f64,f32 forward  # composed here from cwiseMax, exp and log1p",
    "logit exact f64,f32 forward  # composed here as log(p / (1 - p))",
    "softmax exact f64,f32 forward axis  # composed here as exp(x - max) / sum",
    "log_softmax exact f64,f32 forward axis  # composed here as x - max - log(sum of exp(x - max))",
    "logsumexp exact f64,f32 forward axis  # composed here as max + log(sum of exp(x - max))",
    "binary_crossentropy exact f64,f32 forward from_logits reduction  # composed here from log, exp and log1p",
    "binary_crossentropy keras1 f64,f32 forward from_logits reduction epsilon"
    "  # composed here as TensorFlow 1 does: clip, log(p / (1 - p)), then the loss from logits",
    "categorical_crossentropy exact f64,f32 forward from_logits reduction axis  # composed here from log_softmax or "
    "log",
    "categorical_crossentropy keras1 f64,f32 forward from_logits reduction axis epsilon"
    "  # composed here from log_softmax, or clip and log",
    "sparse_categorical_crossentropy exact f64,f32 forward from_logits reduction axis"
    "  # composed here from log_softmax or log",
    "sparse_categorical_crossentropy keras1 f64,f32 forward from_logits reduction axis epsilon"
    "  # composed here as TensorFlow 1 does: clip, log, then log_softmax",
    "mean_squared_error exact f64,f32 forward reduction axis  # composed here from square and mean",
    "cross_entropy_error exact f64,f32 forward reduction axis  # composed here from log and sum",
    nullptr};

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
/// Eigen's version and the widest of the instruction sets that it was compiled for.
const char version[] = TEXT(EIGEN_WORLD_VERSION) "." TEXT(EIGEN_MAJOR_VERSION) "." TEXT(EIGEN_MINOR_VERSION)
#if defined(EIGEN_VECTORIZE_AVX512)
    ", AVX-512"
#elif defined(EIGEN_VECTORIZE_AVX2) && defined(EIGEN_VECTORIZE_FMA)
    ", AVX2 and FMA"
#elif defined(EIGEN_VECTORIZE_SSE2)
    ", SSE2"
#elif defined(EIGEN_VECTORIZE_NEON)
    ", NEON"
#endif
    ;

const lossaudit_subject eigen = {LOSSAUDIT_ABI_VERSION, "eigen", version, contracts, compute_any};

}  // namespace

const lossaudit_subject* lossaudit_subject_at(std::size_t index) { return index == 0 ? &eigen : nullptr; }
