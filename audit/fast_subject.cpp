#include "audit/fast_subject.hpp"

#include <exception>
#include <span>
#include <string_view>

#include "fast/losses.hpp"

namespace lossaudit {
namespace {

using Contract = lossaudit_contract;
using Tensors = lossaudit_tensors;

/// The tensors of one call, as fast/ takes them.
struct Call {
  Call(const Contract& contract, const Tensors& tensors)
      : output(static_cast<const float*>(tensors.output)),
        target(static_cast<const float*>(tensors.target)),
        labels(tensors.labels),
        upstream(static_cast<const float*>(tensors.upstream)),
        result(static_cast<float*>(tensors.result)),
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
    options.class_weights = static_cast<const float*>(tensors.class_weights);
    options.sample_weights = static_cast<const float*>(tensors.sample_weights);
    if (contract.has_ignore_index != 0) options.ignore_index = contract.ignore_index;
  }

  const float* output;
  const float* target;
  const std::int64_t* labels;
  const float* upstream;  // nullptr: ones
  float* result;
  std::size_t n;
  fast::Rows rows;
  fast::LossOptions options;
};

template <void (*function)(const float*, float*, std::size_t)>
void elementwise(const Call& call) {
  function(call.output, call.result, call.n);
}

template <void (*function)(const float*, float*, const fast::Rows&)>
void by_row(const Call& call) {
  function(call.output, call.result, call.rows);
}

template <void (*loss)(const float*, const float*, float*, const fast::Rows&, const fast::LossOptions&)>
void row_loss(const Call& call) {
  loss(call.target, call.output, call.result, call.rows, call.options);
}

template <void (*gradient)(const float*, const float*, float*, const fast::Rows&)>
void gradient_by_row(const Call& call) {
  gradient(call.output, call.upstream, call.result, call.rows);
}

void binary_loss(const Call& call) {
  fast::binary_crossentropy(call.target, call.output, call.result, call.n, call.options);
}

void sparse_loss(const Call& call) {
  fast::sparse_categorical_crossentropy(call.labels, call.output, call.result, call.rows, call.options);
}

void binary_gradient(const Call& call) {
  fast::binary_crossentropy_gradient(call.target, call.output, call.upstream, call.result, call.n, call.options);
}

void categorical_gradient(const Call& call) {
  fast::categorical_crossentropy_gradient(call.target, call.output, call.upstream, call.result, call.rows,
                                          call.options);
}

void sparse_gradient(const Call& call) {
  fast::sparse_categorical_crossentropy_gradient(call.labels, call.output, call.upstream, call.result, call.rows,
                                                 call.options);
}

struct Entry {
  std::string_view name;
  void (*compute)(const Call&);
};

constexpr Entry entries[] = {
    {"relu", elementwise<fast::relu>},
    {"sigmoid", elementwise<fast::sigmoid>},
    {"log_sigmoid", elementwise<fast::log_sigmoid>},
    {"softplus", elementwise<fast::softplus>},
    {"logit", elementwise<fast::logit>},
    {"softmax", by_row<fast::softmax>},
    {"log_softmax", by_row<fast::log_softmax>},
    {"logsumexp", by_row<fast::logsumexp>},
    {"binary_crossentropy", binary_loss},
    {"categorical_crossentropy", row_loss<fast::categorical_crossentropy>},
    {"sparse_categorical_crossentropy", sparse_loss},
    {"mean_squared_error", row_loss<fast::mean_squared_error>},
    {"cross_entropy_error", row_loss<fast::cross_entropy_error>},
};

constexpr Entry gradient_entries[] = {
    {"softmax", gradient_by_row<fast::softmax_gradient>},
    {"log_softmax", gradient_by_row<fast::log_softmax_gradient>},
    {"logsumexp", gradient_by_row<fast::logsumexp_gradient>},
    {"binary_crossentropy", binary_gradient},
    {"categorical_crossentropy", categorical_gradient},
    {"sparse_categorical_crossentropy", sparse_gradient},
};

constexpr const char* contract_lines[] = {
    "relu,sigmoid,log_sigmoid,softplus,logit exact f32 forward",
    "softmax,log_softmax,logsumexp exact f32 forward,gradient axis",
    ("binary_crossentropy exact,keras1 f32 forward,gradient from_logits reduction epsilon label_smoothing pos_weight "
     "sample_weights"),
    ("categorical_crossentropy exact,keras1 f32 forward,gradient from_logits reduction axis epsilon label_smoothing "
     "class_weights sample_weights"),
    ("sparse_categorical_crossentropy exact,keras1 f32 forward,gradient from_logits reduction axis epsilon "
     "label_smoothing "
     "ignore_index class_weights sample_weights"),
    "mean_squared_error exact f32 forward reduction axis sample_weights",
    "cross_entropy_error exact f32 forward reduction axis class_weights sample_weights",
    nullptr,
};

int compute(const Contract* contract, const Tensors* tensors) {
  if (contract->format != std::string_view("f32")) return LOSSAUDIT_UNSUPPORTED;
  const bool is_gradient = contract->pass == std::string_view("gradient");
  const std::span<const Entry> known = is_gradient ? std::span<const Entry>(gradient_entries) : entries;
  for (const Entry& entry : known) {
    if (entry.name != contract->function) continue;
    try {
      entry.compute(Call(*contract, *tensors));
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
