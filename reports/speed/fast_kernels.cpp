// fast/ on arrays that lie ready.
#include "reports/speed/fast_kernels.hpp"

#include "fast/losses.hpp"
#include "fast/targets.hpp"

namespace lossaudit::speed {
namespace {

using adapters::KernelCall;

template <void (*function)(const float*, float*, std::size_t)>
void elementwise(const KernelCall& call) {
  function(call.output, call.result, call.count());
}

fast::Rows rows(const KernelCall& call) { return {.outer = call.outer, .classes = call.classes}; }

template <void (*function)(const float*, float*, const fast::Rows&)>
void by_row(const KernelCall& call) {
  function(call.output, call.result, rows(call));
}

template <void (*loss)(const float*, const float*, float*, const fast::Rows&, const fast::LossOptions&)>
auto row_loss(const fast::LossOptions& options = {}) {
  return [options](const KernelCall& call) { loss(call.target, call.output, call.result, rows(call), options); };
}

auto binary_loss(const fast::LossOptions& options) {
  return [options](const KernelCall& call) {
    fast::binary_crossentropy(call.target, call.output, call.result, call.count(), options);
  };
}

auto binary_with_gradient(const fast::LossOptions& options) {
  return [options](const KernelCall& call) {
    fast::binary_crossentropy_gradient(call.target, call.output, nullptr, call.result, call.count(), options,
                                       call.loss);
  };
}

}  // namespace

adapters::KernelLibrary fast_kernels() {
  using adapters::plain_kernel;
  const fast::LossOptions logits = {.from_logits = true};
  const fast::LossOptions mean = {.reduction = fast::Reduction::mean};
  const fast::LossOptions mean_of_logits = {.reduction = fast::Reduction::mean, .from_logits = true};
  const fast::LossOptions keras1_mean = {.dialect = fast::Dialect::keras1, .reduction = fast::Reduction::mean};
  return {"fast",
          LOSSAUDIT_FAST_VERSION,
          {
              plain_kernel("sigmoid exact f32 forward", "", elementwise<fast::sigmoid>),
              plain_kernel("log_sigmoid exact f32 forward", "", elementwise<fast::log_sigmoid>),
              plain_kernel("softplus exact f32 forward", "", elementwise<fast::softplus>),
              plain_kernel("logit exact f32 forward", "", elementwise<fast::logit>),
              plain_kernel("binary_crossentropy exact f32 forward from_logits reduction=mean", "",
                           binary_loss(mean_of_logits)),
              plain_kernel("binary_crossentropy exact f32 forward+gradient from_logits reduction=mean", "",
                           binary_with_gradient(mean_of_logits)),
              plain_kernel("binary_crossentropy exact f32 forward reduction=mean", "", binary_loss(mean)),
              plain_kernel("binary_crossentropy keras1 f32 forward reduction=mean", "", binary_loss(keras1_mean)),
              plain_kernel("softmax exact f32 forward", "", by_row<fast::softmax>),
              plain_kernel("log_softmax exact f32 forward", "", by_row<fast::log_softmax>),
              plain_kernel("sparse_categorical_crossentropy exact f32 forward from_logits", "",
                           [logits](const KernelCall& call) {
                             fast::sparse_categorical_crossentropy(call.labels, call.output, call.result, rows(call),
                                                                   logits);
                           }),
              plain_kernel("sparse_categorical_crossentropy exact f32 forward+gradient from_logits", "",
                           [logits](const KernelCall& call) {
                             fast::sparse_categorical_crossentropy_gradient(call.labels, call.output, nullptr,
                                                                            call.result, rows(call), logits, call.loss);
                           }),
              plain_kernel("categorical_crossentropy exact f32 forward from_logits", "",
                           row_loss<fast::categorical_crossentropy>(logits)),
              plain_kernel("categorical_crossentropy exact f32 forward+gradient from_logits", "",
                           [logits](const KernelCall& call) {
                             fast::categorical_crossentropy_gradient(call.target, call.output, nullptr, call.result,
                                                                     rows(call), logits, call.loss);
                           }),
              plain_kernel("mean_squared_error exact f32 forward", "", row_loss<fast::mean_squared_error>()),
              plain_kernel("cross_entropy_error exact f32 forward", "", row_loss<fast::cross_entropy_error>()),
          }};
}

}  // namespace lossaudit::speed
