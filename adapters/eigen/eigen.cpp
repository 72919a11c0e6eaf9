// Eigen's array functions as a subject. Where Eigen has an entry point it is called as it is; what Eigen has no name
// for is composed (adapters/eigen/formulas.hpp), and declared so.
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string_view>

#include "adapters/eigen/formulas.hpp"
#include "audit/subject.h"

namespace {

namespace formulas = lossaudit::adapters::eigen;

template <typename T>
using Array = Eigen::Array<T, Eigen::Dynamic, 1>;
template <typename T>
using View = Eigen::Ref<const Array<T>>;

/// keras1 takes its clipped probabilities back to logits.
template <typename T>
Array<T> binary_crossentropy(const lossaudit_contract& contract, const View<T>& t, const View<T>& o) {
  if (contract.from_logits) return formulas::binary_from_logits(o, t);
  if (contract.epsilon > 0) {
    const Array<T> p = formulas::clip(o, static_cast<T>(contract.epsilon));
    const Array<T> x = formulas::logit(p);
    return formulas::binary_from_logits(x, t);
  }
  return formulas::binary_from_probabilities(o, t);
}

// Functions of a row.

/// The logarithms of a row's probabilities. keras1 clips the categorical loss's after they are normalised and the
/// sparse one's before.
template <typename T>
Array<T> log_probabilities(const lossaudit_contract& contract, const View<T>& o, bool sparse) {
  Array<T> logs;
  if (contract.from_logits) {
    formulas::log_softmax(o, logs);
    return logs;
  }
  const T epsilon = static_cast<T>(contract.epsilon);
  if (epsilon > 0 && sparse) {
    const Array<T> clipped = formulas::clip(o, epsilon).log();
    formulas::log_softmax(clipped, logs);
    return logs;
  }
  const Array<T> p = o / o.sum();
  if (epsilon > 0) return formulas::clip(p, epsilon).log();
  return p.log();
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
    y = formulas::softplus(o);
  } else if (function == "log_sigmoid") {
    y = formulas::log_sigmoid(o);
  } else if (function == "logit") {
    y = formulas::logit(o);
  } else if (function == "binary_crossentropy") {
    y = binary_crossentropy<T>(contract, t, o);
  } else if (function == "softmax") {
    formulas::softmax(o, y);
  } else if (function == "log_softmax") {
    formulas::log_softmax(o, y);
  } else if (function == "logsumexp") {
    y[0] = formulas::logsumexp(o);
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
    "log_sigmoid exact f64,f32 forward  # composed here from cwiseMin, exp and log1p",
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

const lossaudit_subject eigen = {LOSSAUDIT_ABI_VERSION, "eigen", lossaudit::adapters::eigen_version, contracts,
                                 compute_any};

}  // namespace

const lossaudit_subject* lossaudit_subject_at(std::size_t index) { return index == 0 ? &eigen : nullptr; }
