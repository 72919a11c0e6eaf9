#include "audit/fast_subject.hpp"

#include <exception>
#include <string_view>

#include "fast/formats.hpp"
#include "fast/losses.hpp"

namespace lossaudit {
namespace {

using Contract = lossaudit_contract;
using Tensors = lossaudit_tensors;

/// The tensors of one call, as fast/ takes them.
template <class T>
struct Call {
  Call(const Contract& contract, const Tensors& tensors)
      : output(static_cast<const T*>(tensors.output)),
        target(static_cast<const T*>(tensors.target)),
        labels(tensors.labels),
        upstream(static_cast<const T*>(tensors.upstream)),
        result(static_cast<T*>(tensors.result)),
        n(tensors.outer * tensors.classes * tensors.inner),
        rows{tensors.outer, tensors.classes, tensors.inner} {
    const bool is_keras1 = contract.dialect == std::string_view("keras1");
    const std::string_view reduction = contract.reduction;
    options.dialect = is_keras1 ? fast::Dialect::keras1 : fast::Dialect::exact;
    options.reduction = reduction == "none"  ? fast::Reduction::none
                        : reduction == "sum" ? fast::Reduction::sum
                                             : fast::Reduction::mean;
    options.from_logits = contract.from_logits != 0;
    if (is_keras1 && !options.from_logits) options.epsilon = contract.epsilon;
    options.label_smoothing = contract.label_smoothing;
    options.pos_weight = contract.pos_weight;
    options.class_weights = static_cast<const T*>(tensors.class_weights);
    options.sample_weights = static_cast<const T*>(tensors.sample_weights);
    if (contract.has_ignore_index != 0) options.ignore_index = contract.ignore_index;
  }

  const T* output;
  const T* target;
  const std::int64_t* labels;
  const T* upstream;  // nullptr: ones
  T* result;
  std::size_t n;
  fast::Rows rows;
  fast::LossOptionsOf<T> options;
};

template <class T, class Function>
void run(const Contract& contract, const Tensors& tensors) {
  Function()(Call<T>(contract, tensors));
}

/// A function's pass, by the name of the format: nullptr where fast/ has none.
struct Entry {
  std::string_view function, pass;
  void (*f32)(const Contract&, const Tensors&) = nullptr;
  void (*f16)(const Contract&, const Tensors&) = nullptr;
  void (*bf16)(const Contract&, const Tensors&) = nullptr;
  void (*f64)(const Contract&, const Tensors&) = nullptr;

  [[nodiscard]] auto in(std::string_view format) const {
    return format == "f32" ? f32 : format == "f16" ? f16 : format == "bf16" ? bf16 : format == "f64" ? f64 : nullptr;
  }
};

/// `function` takes a Call of any T.
template <class Function>
constexpr Entry in_all(std::string_view name, std::string_view pass, Function /*function*/) {
  return {name, pass, run<float, Function>, run<fast::Float16, Function>, run<fast::BFloat16, Function>};
}
template <class Function>
constexpr Entry in_all_and_f64(std::string_view name, std::string_view pass, Function /*function*/) {
  return {name,
          pass,
          run<float, Function>,
          run<fast::Float16, Function>,
          run<fast::BFloat16, Function>,
          run<double, Function>};
}

constexpr Entry entries[] = {
    in_all("relu", "forward", [](const auto& c) { fast::relu(c.output, c.result, c.n); }),
    in_all("relu", "gradient", [](const auto& c) { fast::relu_gradient(c.output, c.upstream, c.result, c.n); }),
    in_all_and_f64("sigmoid", "forward", [](const auto& c) { fast::sigmoid(c.output, c.result, c.n); }),
    in_all("sigmoid", "gradient", [](const auto& c) { fast::sigmoid_gradient(c.output, c.upstream, c.result, c.n); }),
    in_all("log_sigmoid", "forward", [](const auto& c) { fast::log_sigmoid(c.output, c.result, c.n); }),
    in_all("log_sigmoid", "gradient",
           [](const auto& c) { fast::log_sigmoid_gradient(c.output, c.upstream, c.result, c.n); }),
    in_all("softplus", "forward", [](const auto& c) { fast::softplus(c.output, c.result, c.n); }),
    in_all("softplus", "gradient", [](const auto& c) { fast::softplus_gradient(c.output, c.upstream, c.result, c.n); }),
    in_all("logit", "forward", [](const auto& c) { fast::logit(c.output, c.result, c.n); }),
    in_all("logit", "gradient", [](const auto& c) { fast::logit_gradient(c.output, c.upstream, c.result, c.n); }),
    in_all_and_f64("softmax", "forward", [](const auto& c) { fast::softmax(c.output, c.result, c.rows); }),
    in_all_and_f64("log_softmax", "forward", [](const auto& c) { fast::log_softmax(c.output, c.result, c.rows); }),
    in_all("logsumexp", "forward", [](const auto& c) { fast::logsumexp(c.output, c.result, c.rows); }),
    in_all("softmax", "gradient",
           [](const auto& c) { fast::softmax_gradient(c.output, c.upstream, c.result, c.rows); }),
    in_all("log_softmax", "gradient",
           [](const auto& c) { fast::log_softmax_gradient(c.output, c.upstream, c.result, c.rows); }),
    in_all("logsumexp", "gradient",
           [](const auto& c) { fast::logsumexp_gradient(c.output, c.upstream, c.result, c.rows); }),
    in_all_and_f64("binary_crossentropy", "forward",
                   [](const auto& c) { fast::binary_crossentropy(c.target, c.output, c.result, c.n, c.options); }),
    in_all("binary_crossentropy", "gradient",
           [](const auto& c) {
             fast::binary_crossentropy_gradient(c.target, c.output, c.upstream, c.result, c.n, c.options);
           }),
    in_all_and_f64(
        "categorical_crossentropy", "forward",
        [](const auto& c) { fast::categorical_crossentropy(c.target, c.output, c.result, c.rows, c.options); }),
    in_all("categorical_crossentropy", "gradient",
           [](const auto& c) {
             fast::categorical_crossentropy_gradient(c.target, c.output, c.upstream, c.result, c.rows, c.options);
           }),
    in_all_and_f64(
        "sparse_categorical_crossentropy", "forward",
        [](const auto& c) { fast::sparse_categorical_crossentropy(c.labels, c.output, c.result, c.rows, c.options); }),
    in_all("sparse_categorical_crossentropy", "gradient",
           [](const auto& c) {
             fast::sparse_categorical_crossentropy_gradient(c.labels, c.output, c.upstream, c.result, c.rows,
                                                            c.options);
           }),
    in_all("mean_squared_error", "forward",
           [](const auto& c) { fast::mean_squared_error(c.target, c.output, c.result, c.rows, c.options); }),
    in_all("mean_squared_error", "gradient",
           [](const auto& c) {
             fast::mean_squared_error_gradient(c.target, c.output, c.upstream, c.result, c.rows, c.options);
           }),
    in_all_and_f64("cross_entropy_error", "forward",
                   [](const auto& c) { fast::cross_entropy_error(c.target, c.output, c.result, c.rows, c.options); }),
    in_all("cross_entropy_error", "gradient",
           [](const auto& c) {
             fast::cross_entropy_error_gradient(c.target, c.output, c.upstream, c.result, c.rows, c.options);
           }),
};

constexpr const char* contract_lines[] = {
    "relu,sigmoid,log_sigmoid,softplus,logit exact f32,f16,bf16 forward,gradient",
    "sigmoid exact f64 forward",
    "softmax,log_softmax exact f64 forward axis",
    "softmax,log_softmax,logsumexp exact f32,f16,bf16 forward,gradient axis",
    ("binary_crossentropy exact,keras1 f64 forward from_logits reduction epsilon label_smoothing pos_weight "
     "sample_weights"),
    ("categorical_crossentropy exact,keras1 f64 forward from_logits reduction axis epsilon label_smoothing "
     "class_weights sample_weights"),
    ("sparse_categorical_crossentropy exact,keras1 f64 forward from_logits reduction axis epsilon label_smoothing "
     "ignore_index class_weights sample_weights"),
    "cross_entropy_error exact f64 forward reduction axis class_weights sample_weights",
    ("binary_crossentropy exact,keras1 f32,f16,bf16 forward,gradient from_logits reduction epsilon label_smoothing "
     "pos_weight sample_weights"),
    ("categorical_crossentropy exact,keras1 f32,f16,bf16 forward,gradient from_logits reduction axis epsilon "
     "label_smoothing class_weights sample_weights"),
    ("sparse_categorical_crossentropy exact,keras1 f32,f16,bf16 forward,gradient from_logits reduction axis epsilon "
     "label_smoothing ignore_index class_weights sample_weights"),
    "mean_squared_error exact f32,f16,bf16 forward,gradient reduction axis sample_weights",
    "cross_entropy_error exact f32,f16,bf16 forward,gradient reduction axis class_weights sample_weights",
    nullptr,
};

int compute(const Contract* contract, const Tensors* tensors) {
  for (const Entry& entry : entries) {
    if (entry.function != contract->function || entry.pass != contract->pass) continue;
    const auto run = entry.in(contract->format);
    if (run == nullptr) continue;
    try {
      run(*contract, *tensors);
      return LOSSAUDIT_OK;
    } catch (const std::exception&) {
      return LOSSAUDIT_FAILED;
    }
  }
  return LOSSAUDIT_UNSUPPORTED;
}

constexpr lossaudit_subject subject = {LOSSAUDIT_ABI_VERSION, "fast", LOSSAUDIT_FAST_VERSION, contract_lines, compute};

}  // namespace

const lossaudit_subject& fast_subject() { return subject; }

}  // namespace lossaudit
