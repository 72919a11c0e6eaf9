// The textbook formulas, as anyone would write them first: no maximum taken out, no log1p, sums in the format itself.
// It is also the example of a subject: everything that `lossaudit audit` needs of a library stands in this file.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <valarray>

#include "audit/subject.h"

namespace {

template <typename T>
using Row = std::valarray<T>;  // the classes of one row; arithmetic is elementwise

template <typename T>
Row<T> sigmoid(const Row<T>& x) {
  return 1 / (1 + exp(-x));
}

template <typename T>
Row<T> softmax(const Row<T>& x) {
  const Row<T> e = exp(x);
  return e / e.sum();
}

template <typename T>
Row<T> clip(Row<T> p, T epsilon) {
  for (T& value : p) value = std::clamp(value, epsilon, 1 - epsilon);
  return p;
}

template <typename T>
Row<T> binary_crossentropy(const lossaudit_contract& contract, const Row<T>& t, Row<T> p) {
  if (contract.from_logits) {
    p = sigmoid(p);
  } else if (contract.epsilon > 0) {
    p = clip(p, static_cast<T>(contract.epsilon));
  }
  return -t * log(p) - (1 - t) * log(1 - p);
}

/// The probabilities whose logarithms a cross-entropy takes. keras1 clips the categorical loss's after they are
/// normalised and the sparse one's before.
template <typename T>
Row<T> class_probabilities(const lossaudit_contract& contract, Row<T> p, bool sparse) {
  if (contract.from_logits) return softmax(p);
  const T epsilon = static_cast<T>(contract.epsilon);
  if (epsilon > 0 && sparse) p = clip(p, epsilon);
  p /= p.sum();
  if (epsilon > 0 && !sparse) p = clip(p, epsilon);
  return p;
}

/// What one row gives: a value for each class, or one value.
template <typename T>
Row<T> evaluate(const lossaudit_contract& contract, const Row<T>& o, const Row<T>& t, std::int64_t label) {
  const std::string_view function = contract.function;
  const auto one = [](T value) { return Row<T>(value, 1); };

  if (function == "relu") return o.apply([](T x) { return x > 0 ? x : T(0); });
  if (function == "sigmoid") return sigmoid(o);
  if (function == "log_sigmoid") return log(sigmoid(o));
  if (function == "softplus") return log(1 + exp(o));
  if (function == "logit") return log(o / (1 - o));
  if (function == "softmax") return softmax(o);
  if (function == "log_softmax") return log(softmax(o));
  if (function == "logsumexp") return one(std::log(exp(o).sum()));
  if (function == "binary_crossentropy") return binary_crossentropy(contract, t, o);
  if (function == "categorical_crossentropy") return one(-(t * log(class_probabilities(contract, o, false))).sum());
  if (function == "sparse_categorical_crossentropy") {
    const bool is_class = label >= 0 && static_cast<std::size_t>(label) < o.size();
    return one(is_class ? -std::log(class_probabilities(contract, o, true)[static_cast<std::size_t>(label)])
                        : std::numeric_limits<T>::quiet_NaN());
  }
  if (function == "mean_squared_error") return one(((t - o) * (t - o)).sum() / static_cast<T>(o.size()));
  if (function == "cross_entropy_error") return one(-(t * log(o)).sum());
  return {};
}

template <typename T>
int compute(const lossaudit_contract& contract, const lossaudit_tensors& in) {
  const std::size_t elements = in.outer * in.classes * in.inner;
  const auto tensor = [&](const void* data) {
    return data ? Row<T>(static_cast<const T*>(data), elements) : Row<T>(elements);
  };
  const Row<T> o = tensor(in.output);
  const Row<T> t = tensor(in.target);

  Row<T> values;
  for (std::size_t row = 0; row < in.outer * in.inner; ++row) {
    const std::size_t outer = row / in.inner, inner = row % in.inner;
    const std::slice classes(outer * in.classes * in.inner + inner, in.classes, in.inner);
    const Row<T> result = evaluate<T>(contract, o[classes], t[classes], in.labels ? in.labels[row] : -1);
    if (result.size() == 0) return LOSSAUDIT_UNSUPPORTED;
    if (values.size() == 0) values.resize(in.outer * result.size() * in.inner);
    values[std::slice(outer * result.size() * in.inner + inner, result.size(), in.inner)] = result;
  }

  const std::string_view reduction = contract.reduction;
  if (reduction == "sum") values = Row<T>(values.sum(), 1);
  if (reduction == "mean") values = Row<T>(values.sum() / static_cast<T>(values.size()), 1);
  if (values.size() != in.result_count) return LOSSAUDIT_FAILED;
  std::copy(begin(values), end(values), static_cast<T*>(in.result));
  return LOSSAUDIT_OK;
}

const char* const contracts[] = {
    "relu,sigmoid,log_sigmoid,softplus,logit exact f32,f64 forward",
    "softmax,log_softmax,logsumexp exact f32,f64 forward axis",
    "binary_crossentropy exact f32,f64 forward from_logits reduction",
    "binary_crossentropy keras1 f32,f64 forward from_logits reduction epsilon",
    "categorical_crossentropy,sparse_categorical_crossentropy exact f32,f64 forward from_logits reduction axis",
    "categorical_crossentropy keras1 f32,f64 forward from_logits reduction axis epsilon",
    "sparse_categorical_crossentropy keras1 f32,f64 forward from_logits reduction axis epsilon",
    "mean_squared_error,cross_entropy_error exact f32,f64 forward reduction axis",
    nullptr};

#ifdef PLAIN_OFAST  // the same compiled with -Ofast: adapters/CMakeLists.txt
#define NAME "plain-ofast"
#define VERSION "1.0, -Ofast -march=" ADAPTER_LEVEL
#else
#define NAME "plain"
#define VERSION "1.0, -O3"
#endif
const lossaudit_subject plain = {LOSSAUDIT_ABI_VERSION, NAME, VERSION, contracts,
                                 [](const lossaudit_contract* contract, const lossaudit_tensors* tensors) {
                                   return std::string_view(contract->format) == "f64"
                                              ? compute<double>(*contract, *tensors)
                                              : compute<float>(*contract, *tensors);
                                 }};

}  // namespace

const lossaudit_subject* lossaudit_subject_at(std::size_t index) { return index == 0 ? &plain : nullptr; }
