// Eigen's calls on arrays that lie ready.
#include <Eigen/Core>

#include "adapters/eigen/formulas.hpp"
#include "adapters/kernel_libraries.hpp"

namespace lossaudit::adapters {
namespace {

using In = Eigen::Map<const Eigen::ArrayXf>;
using Out = Eigen::Map<Eigen::ArrayXf>;

In in(const float* values, std::size_t n) { return {values, static_cast<Eigen::Index>(n)}; }
Out out(float* values, std::size_t n) { return {values, static_cast<Eigen::Index>(n)}; }

/// y = f(x) over all values.
template <class F>
Kernel elementwise(std::string contract, std::string note, F f) {
  return plain_kernel(std::move(contract), std::move(note), [f](const KernelCall& call) {
    out(call.result, call.count()) = f(in(call.output, call.count()));
  });
}

/// f(row's index, x, t, y), the arrays of one row each; y is where a row of results is due, or of gradients.
template <class F>
Kernel by_row(std::string contract, std::string note, F f) {
  return plain_kernel(std::move(contract), std::move(note), [f](const KernelCall& call) {
    for (std::size_t row = 0; row < call.outer; ++row) {
      const std::size_t first = row * call.classes;
      f(call, row, in(call.output + first, call.classes), in(call.target ? call.target + first : nullptr, call.classes),
        out(call.result + first, call.classes));
    }
  });
}

/// The mean of f(o, t) over all values.
template <class F>
Kernel mean_of(std::string contract, std::string note, F f) {
  return plain_kernel(std::move(contract), std::move(note), [f](const KernelCall& call) {
    *call.result = f(in(call.output, call.count()), in(call.target, call.count())).mean();
  });
}

std::vector<Kernel> table() {
  namespace e = eigen;
  const std::string binary = "binary_crossentropy exact f32 ", sparse = "sparse_categorical_crossentropy exact f32 ",
                    dense = "categorical_crossentropy exact f32 ";
  return {
      elementwise("sigmoid exact f32 forward", "", [](const In& x) { return x.logistic(); }),
      elementwise("log_sigmoid exact f32 forward", "composed here from cwiseMin, exp and log1p",
                  [](const In& x) { return e::log_sigmoid(x); }),
      elementwise("softplus exact f32 forward", "composed here from cwiseMax, exp and log1p",
                  [](const In& x) { return e::softplus(x); }),
      elementwise("logit exact f32 forward", "composed here as log(p / (1 - p))",
                  [](const In& p) { return e::logit(p); }),
      mean_of(binary + "forward from_logits reduction=mean", "composed here from exp and log1p",
              [](const In& x, const In& t) { return e::binary_from_logits(x, t); }),
      plain_kernel(binary + "forward+gradient from_logits reduction=mean", "composed here from logistic, exp and log1p",
                   [](const KernelCall& call) {
                     const In x = in(call.output, call.count()), t = in(call.target, call.count());
                     *call.loss = e::binary_from_logits(x, t).mean();
                     out(call.result, call.count()) = (x.logistic() - t) * (1 / static_cast<float>(call.count()));
                   }),
      mean_of(binary + "forward reduction=mean", "composed here from log",
              [](const In& p, const In& t) { return e::binary_from_probabilities(p, t); }),
      mean_of("binary_crossentropy keras1 f32 forward reduction=mean", "composed here from clip and log",
              [](const In& p, const In& t) { return e::binary_from_probabilities(e::clip(p, 1e-7F), t); }),
      by_row("softmax exact f32 forward", "composed here as exp(x - max) / sum",
             [](const KernelCall&, std::size_t, const In& x, const In&, Out y) { e::softmax(x, y); }),
      by_row("log_softmax exact f32 forward", "composed here as x - max - log(sum of exp(x - max))",
             [](const KernelCall&, std::size_t, const In& x, const In&, Out y) { e::log_softmax(x, y); }),
      by_row(sparse + "forward from_logits", "composed here as logsumexp(x) - x[label]",
             [](const KernelCall& call, std::size_t row, const In& x, const In&, const Out&) {
               call.result[row] = e::logsumexp(x) - x[call.labels[row]];
             }),
      by_row(sparse + "forward+gradient from_logits", "composed here as softmax less the label",
             [](const KernelCall& call, std::size_t row, const In& x, const In&, Out y) {
               const auto [sum, most] = e::softmax(x, y);
               call.loss[row] = std::log(sum) - (x[call.labels[row]] - most);
               y[call.labels[row]] -= 1;
             }),
      by_row(dense + "forward from_logits", "composed here as the sum of t (logsumexp(x) - x)",
             [](const KernelCall& call, std::size_t row, const In& x, const In& t, const Out&) {
               call.result[row] = (t * (e::logsumexp(x) - x)).sum();
             }),
      by_row(dense + "forward+gradient from_logits", "composed here as softmax times the sum of t, less t",
             [](const KernelCall& call, std::size_t row, const In& x, const In& t, Out y) {
               const auto [sum, most] = e::softmax(x, y);
               call.loss[row] = (t * (std::log(sum) + most - x)).sum();
               y = y * t.sum() - t;
             }),
      by_row("mean_squared_error exact f32 forward", "composed here from square and mean",
             [](const KernelCall& call, std::size_t row, const In& o, const In& t, const Out&) {
               call.result[row] = (t - o).square().mean();
             }),
      by_row("cross_entropy_error exact f32 forward", "composed here from log and sum",
             [](const KernelCall& call, std::size_t row, const In& p, const In& t, const Out&) {
               call.result[row] = -(t * p.log()).sum();
             }),
  };
}

}  // namespace

KernelLibrary eigen_kernels() { return {"eigen", eigen_version, table()}; }

}  // namespace lossaudit::adapters
