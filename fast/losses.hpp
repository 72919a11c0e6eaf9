// Machine-learning losses, their activations and their gradients in float32, each within 1 ulp of the exact real result
// (log_softmax, and gradients through softmax: 2) for every input, whatever its size or sign. SIMD with run-time
// dispatch; needs neither Highway nor Boost to include.
//
// What exactly is computed (options, denominators, special values) is written in reference/semantics.md. Pointers need
// no alignment. A result depends on nothing but its own inputs: an element alone gives the same bits as in a long
// vector. Results may overwrite the first argument (`result == x`), and overlap nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace lossaudit::fast {

// Elementwise: n values in, n values out.

void relu(const float* x, float* result, std::size_t n);         ///< max(x, 0)
void sigmoid(const float* x, float* result, std::size_t n);      ///< 1 / (1 + e^-x)
void sigmoid(const double* x, double* result, std::size_t n);    ///< the same, within 1 ulp of a double
void log_sigmoid(const float* x, float* result, std::size_t n);  ///< -ln(1 + e^-x)
void softplus(const float* x, float* result, std::size_t n);     ///< ln(1 + e^x)
void logit(const float* p, float* result, std::size_t n);        ///< ln(p / (1 - p)); NaN outside [0, 1]

// Every gradient is with respect to the function's argument (x, p, or a loss's output), in its shape, and multiplied by
// `upstream`, the incoming gradient in the shape of the function's result; nullptr stands for ones.

void relu_gradient(const float* x, const float* upstream, float* gradient, std::size_t n);     ///< 1 if x > 0 else 0
void sigmoid_gradient(const float* x, const float* upstream, float* gradient, std::size_t n);  ///< s (1 - s)
void log_sigmoid_gradient(const float* x, const float* upstream, float* gradient, std::size_t n);  ///< sigmoid(-x)
void softplus_gradient(const float* x, const float* upstream, float* gradient, std::size_t n);     ///< sigmoid(x)
void logit_gradient(const float* p, const float* upstream, float* gradient, std::size_t n);        ///< 1 / (p (1 - p))

/// A dense tensor seen from its class axis: (outer, classes, inner), the class axis in the middle. A row is the classes
/// of one (outer, inner). Where results are one value a row they are laid out (outer, inner).
struct Rows {
  std::size_t outer = 1;
  std::size_t classes = 1;
  std::size_t inner = 1;
};

// Row by row. A row needs at least one class; there may be no rows at all.

void softmax(const float* x, float* result, const Rows& rows);      ///< e^x_i / Σ e^x_j, in the shape of x
void log_softmax(const float* x, float* result, const Rows& rows);  ///< x_i - ln Σ e^x_j, in the shape of x
void logsumexp(const float* x, float* result, const Rows& rows);    ///< ln Σ e^x_j, one value a row

void softmax(const double* x, double* result, const Rows& rows);      ///< the same, within 1.2 ulp of a double
void log_softmax(const double* x, double* result, const Rows& rows);  ///< the same, within 1 ulp of a double

/// s_i (g_i - Σ g_j s_j); log_softmax: g_i - s_i Σ g_j; logsumexp: g s_i. s is softmax(x), g is `upstream`.
void softmax_gradient(const float* x, const float* upstream, float* gradient, const Rows& rows);
void log_softmax_gradient(const float* x, const float* upstream, float* gradient, const Rows& rows);
void logsumexp_gradient(const float* x, const float* upstream, float* gradient, const Rows& rows);

enum class Dialect : std::uint8_t { exact, keras1 };
enum class Reduction : std::uint8_t { none, sum, mean };

/// How numbers are stored.
enum class Format : std::uint8_t { f64, f32, f16, bf16 };
template <class T>
inline constexpr Format format_of = Format::f32;
template <>
inline constexpr Format format_of<double> = Format::f64;

/// Options of the losses on tensors of T; a loss throws std::invalid_argument for one that it does not take.
template <class T>
struct LossOptionsOf {
  Dialect dialect = Dialect::exact;  ///< keras1: binary, categorical and sparse only
  Reduction reduction = Reduction::none;
  bool from_logits = false;                                 ///< binary, categorical and sparse: the output is a logit
  std::optional<double> epsilon = std::nullopt;             ///< of keras1's clip, instead of 1e-7; in [0, 0.5)
  double label_smoothing = 0;                               ///< binary, categorical and sparse; in [0, 1]
  double pos_weight = 1;                                    ///< binary
  const T* class_weights = nullptr;                         ///< (classes): categorical, sparse and cross_entropy_error
  const T* sample_weights = nullptr;                        ///< one for each loss before reduction
  std::optional<std::int64_t> ignore_index = std::nullopt;  ///< sparse: rows with this label count nowhere
  /// What a mean divides by, instead of what its own losses count: for a call that is one part of a larger mean, whose
  /// divisor range.hpp gives. 0 stands for a mean of nothing: NaN.
  std::optional<double> divisor = std::nullopt;
  /// What epsilon, 1 - epsilon, label_smoothing and pos_weight are rounded to before use: the format that the tensors
  /// come from.
  Format constants = format_of<T>;
};
using LossOptions = LossOptionsOf<float>;

// Losses. `result` holds one value for each loss, or a single one when they are reduced; an empty tensor has the sum 0
// and the mean NaN.

/// -t ln o - (1 - t) ln(1 - o), elementwise; from logits t softplus(-x) + (1 - t) softplus(x).
void binary_crossentropy(const float* target, const float* output, float* result, std::size_t n,
                         const LossOptions& options = {});
/// -Σ t ln(o / Σ o), one value a row; from logits Σ t_i (logsumexp(x) - x_i).
void categorical_crossentropy(const float* target, const float* output, float* result, const Rows& rows,
                              const LossOptions& options = {});
/// categorical_crossentropy of the label's one-hot vector; `labels` is (outer, inner).
void sparse_categorical_crossentropy(const std::int64_t* labels, const float* output, float* result, const Rows& rows,
                                     const LossOptions& options = {});
/// Σ (t - o)^2 / classes, one value a row.
void mean_squared_error(const float* target, const float* output, float* result, const Rows& rows,
                        const LossOptions& options = {});
/// -Σ t ln p, one value a row: no clip, no normalisation.
void cross_entropy_error(const float* target, const float* p, float* result, const Rows& rows,
                         const LossOptions& options = {});

// The cross-entropies of doubles, with all their options: within 1 ulp where no target or weight is negative.

void binary_crossentropy(const double* target, const double* output, double* result, std::size_t n,
                         const LossOptionsOf<double>& options);
void categorical_crossentropy(const double* target, const double* output, double* result, const Rows& rows,
                              const LossOptionsOf<double>& options);
void sparse_categorical_crossentropy(const std::int64_t* labels, const double* output, double* result, const Rows& rows,
                                     const LossOptionsOf<double>& options);
void cross_entropy_error(const double* target, const double* p, double* result, const Rows& rows,
                         const LossOptionsOf<double>& options);

// Gradients of the losses. Where `loss` is not nullptr it receives what the loss itself gives, in the same pass.

void binary_crossentropy_gradient(const float* target, const float* output, const float* upstream, float* gradient,
                                  std::size_t n, const LossOptions& options = {}, float* loss = nullptr);
void categorical_crossentropy_gradient(const float* target, const float* output, const float* upstream, float* gradient,
                                       const Rows& rows, const LossOptions& options = {}, float* loss = nullptr);
void sparse_categorical_crossentropy_gradient(const std::int64_t* labels, const float* output, const float* upstream,
                                              float* gradient, const Rows& rows, const LossOptions& options = {},
                                              float* loss = nullptr);
void mean_squared_error_gradient(const float* target, const float* output, const float* upstream, float* gradient,
                                 const Rows& rows, const LossOptions& options = {}, float* loss = nullptr);
void cross_entropy_error_gradient(const float* target, const float* p, const float* upstream, float* gradient,
                                  const Rows& rows, const LossOptions& options = {}, float* loss = nullptr);

}  // namespace lossaudit::fast
