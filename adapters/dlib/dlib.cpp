// dlib's tensor functions (those that its network layers call) and its loss layers as a subject.
#include <dlib/dnn.h>
#include <dlib/revision.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/subject.h"

namespace {

using dlib::resizable_tensor;
using dlib::tensor;

/// One row of the table of what dlib has of the family. dlib computes a gradient from the forward result.
struct Layer {
  std::string_view function;
  void (*forward)(tensor& result, const tensor& x);
  void (*gradient)(tensor& gradient, const tensor& result, const tensor& upstream);
};

constexpr Layer layers[] = {
    {"relu", dlib::tt::relu, dlib::tt::relu_gradient},
    {"sigmoid", dlib::tt::sigmoid, dlib::tt::sigmoid_gradient},
    {"softmax", dlib::tt::softmax, dlib::tt::softmax_gradient},
};

/// A tensor of (outer, classes, inner) values in dlib's layout: samples, channels, rows, columns.
resizable_tensor tensor_of(std::size_t outer, std::size_t classes, std::size_t inner, const void* values) {
  resizable_tensor made(static_cast<long>(outer), static_cast<long>(classes), static_cast<long>(inner), 1);
  if (values) {
    std::copy_n(static_cast<const float*>(values), made.size(), made.host_write_only());
  } else {
    made = 1;
  }
  return made;
}

void give(const tensor& values, const lossaudit_tensors& in) {
  std::copy_n(values.host(), in.result_count, static_cast<float*>(in.result));
}

int run_layer(const Layer& layer, bool gradient, const lossaudit_tensors& in) {
  const resizable_tensor x = tensor_of(in.outer, in.classes, in.inner, in.output);
  resizable_tensor y;
  y.copy_size(x);
  layer.forward(y, x);
  if (!gradient) {
    give(y, in);
    return LOSSAUDIT_OK;
  }
  const resizable_tensor upstream = tensor_of(in.outer, in.classes, in.inner, in.upstream);
  resizable_tensor slope;
  slope.copy_size(x);
  slope = 0;  // a gradient is added to what is there
  layer.gradient(slope, y, upstream);
  give(slope, in);
  return LOSSAUDIT_OK;
}

/// What a loss layer sees of the network below it: the logits, and a place for their gradient.
struct Network {
  explicit Network(resizable_tensor logits) : output(std::move(logits)) { gradient.copy_size(output); }
  [[nodiscard]] const tensor& get_output() const { return output; }
  [[nodiscard]] tensor& get_gradient_input() { return gradient; }
  [[nodiscard]] static long sample_expansion_factor() { return 1; }

  resizable_tensor output, gradient;
};

/// The loss is a mean over the mini-batch, so a loss for each row is that of mini-batches of one.
int run_multiclass_log(const lossaudit_contract& contract, const lossaudit_tensors& in) {
  const bool whole = contract.reduction == std::string_view("mean");
  const bool gradient = contract.pass == std::string_view("gradient");
  const std::size_t rows = whole ? in.outer : 1;
  const auto* logits = static_cast<const float*>(in.output);
  auto* result = static_cast<float*>(in.result);
  for (std::size_t row = 0; row < in.outer; row += rows) {
    Network network(tensor_of(rows, in.classes, 1, logits + row * in.classes));
    const std::vector<unsigned long> labels(in.labels + row, in.labels + row + rows);
    const double loss =
        dlib::loss_multiclass_log_().compute_loss_value_and_gradient(network.output, labels.begin(), network);
    if (gradient) {
      result = std::copy_n(network.gradient.host(), network.gradient.size(), result);
    } else {
      *result++ = static_cast<float>(loss);
    }
  }
  return LOSSAUDIT_OK;
}

int compute(const lossaudit_contract* contract, const lossaudit_tensors* in) {
  try {
    if (contract->function == std::string_view("sparse_categorical_crossentropy")) {
      return run_multiclass_log(*contract, *in);
    }
    const auto* layer = std::find_if(std::begin(layers), std::end(layers),
                                     [&](const Layer& row) { return row.function == contract->function; });
    if (layer == std::end(layers)) return LOSSAUDIT_UNSUPPORTED;
    return run_layer(*layer, contract->pass == std::string_view("gradient"), *in);
  } catch (const std::exception&) {
    return LOSSAUDIT_FAILED;
  }
}

const char* const contracts[] = {
    "relu,sigmoid exact f32 forward,gradient  # dlib::tt, as its layers call it",
    "softmax exact f32 forward,gradient axis  # dlib::tt, as its layers call it",
    "sparse_categorical_crossentropy exact f32 forward,gradient from_logits=1 reduction=none,mean"
    "  # loss_multiclass_log_; without reduction mini-batches of one row",
    nullptr};

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
const lossaudit_subject dlib_subject = {
    LOSSAUDIT_ABI_VERSION, "dlib", TEXT(DLIB_MAJOR_VERSION) "." TEXT(DLIB_MINOR_VERSION) "." TEXT(DLIB_PATCH_VERSION),
    contracts, compute};

}  // namespace

const lossaudit_subject* lossaudit_subject_at(std::size_t index) { return index == 0 ? &dlib_subject : nullptr; }
