// What Eigen has no name for, composed from its expressions as its users (TensorFlow's CPU kernels first of all) compose
// it. x and t are arrays or views of them, y is a view that receives the result; what is returned is an expression.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <utility>

namespace lossaudit::adapters {

#define EIGEN_TEXT_OF(x) #x
#define EIGEN_TEXT(x) EIGEN_TEXT_OF(x)
/// Eigen's version and the widest of the instruction sets that it was compiled for.
inline constexpr char eigen_version[] =
    EIGEN_TEXT(EIGEN_WORLD_VERSION) "." EIGEN_TEXT(EIGEN_MAJOR_VERSION) "." EIGEN_TEXT(EIGEN_MINOR_VERSION)
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
#undef EIGEN_TEXT
#undef EIGEN_TEXT_OF

namespace eigen {
namespace {

template <class X>
auto softplus(const X& x) {
  return x.cwiseMax(typename X::Scalar(0)) + (-x.abs()).exp().log1p();
}

template <class X>
auto log_sigmoid(const X& x) {
  return x.cwiseMin(typename X::Scalar(0)) - (-x.abs()).exp().log1p();
}

template <class X>
auto logit(const X& p) {
  return (p / (typename X::Scalar(1) - p)).log();
}

template <class X>
auto clip(const X& p, typename X::Scalar epsilon) {
  return p.cwiseMax(epsilon).cwiseMin(typename X::Scalar(1) - epsilon);
}

/// In the form that TensorFlow documents for tf.nn.sigmoid_cross_entropy_with_logits.
template <class X, class T>
auto binary_from_logits(const X& x, const T& t) {
  return x.cwiseMax(typename X::Scalar(0)) - x * t + (-x.abs()).exp().log1p();
}

template <class P, class T>
auto binary_from_probabilities(const P& p, const T& t) {
  const typename P::Scalar one(1);
  return -t * p.log() - (one - t) * (one - p).log();
}

template <class X>
typename X::Scalar logsumexp(const X& x) {
  const auto most = x.maxCoeff();
  return most + std::log((x - most).exp().sum());
}

/// y = exp(x - max) / sum; the sum, and the maximum.
template <class X, class Y>
std::pair<typename X::Scalar, typename X::Scalar> softmax(const X& x, Y& y) {
  const auto most = x.maxCoeff();
  y = (x - most).exp();
  const auto sum = y.sum();
  y = y / sum;
  return {sum, most};
}

template <class X, class Y>
void log_softmax(const X& x, Y& y) {
  y = x - x.maxCoeff();
  y = y - std::log(y.exp().sum());
}

}  // namespace
}  // namespace eigen
}  // namespace lossaudit::adapters
