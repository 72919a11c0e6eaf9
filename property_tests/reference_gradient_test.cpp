// The gradient pass against numerical differentiation of the forward pass, both of the reference: a wrong derivative
// cannot agree.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <string>

#include "reference/evaluate.hpp"

namespace lossaudit {
namespace {

class Gradient : public testing::TestWithParam<const char*> {};

/// A batch of two rows of four that suits the contract, with an incoming gradient.
Batch batch_for(const Contract& forward, std::mt19937_64& random, int round) {
  const auto uniform = [&](double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random);
  };
  const FunctionTraits& f = traits(forward.function);
  const bool probability =
      f.output == Domain::probability || (f.output == Domain::either && !forward.options.from_logits);
  Batch batch;
  batch.shape = {2, 4, 1};
  const std::size_t n = batch.shape.elements();
  for (std::size_t i = 0; i < n; ++i) batch.output.push_back(probability ? uniform(0.02, 0.98) : uniform(-3, 3));
  if (f.target == TargetKind::dense) {
    for (std::size_t i = 0; i < n; ++i) batch.target.push_back(uniform(0, 1));
  }
  if (f.target == TargetKind::labels) batch.labels = {round % 4, 2};
  if (forward.options.class_weights) {
    for (int i = 0; i < 4; ++i) batch.class_weights.push_back(uniform(0.1, 2));
  }
  if (forward.options.sample_weights) {
    for (std::size_t i = 0; i < unreduced_size(forward, batch.shape); ++i)
      batch.sample_weights.push_back(uniform(0.1, 2));
  }
  return batch;
}

TEST_P(Gradient, IsTheDerivativeOfTheForwardPass) {
  const std::string text = GetParam();
  Contract forward = parse_contract(text);
  Contract gradient = forward;
  gradient.pass = Pass::gradient;
  std::mt19937_64 random(7);
  for (int round = 0; round < 4; ++round) {
    Batch batch = batch_for(forward, random, round);
    std::vector<double> upstream;
    for (std::size_t i = 0; i < result_size(forward, batch.shape); ++i) {
      upstream.push_back(std::uniform_real_distribution<double>(-1, 1)(random));
    }
    Batch pulled = batch;
    pulled.upstream = upstream;
    const std::vector<Expected> expected = expect(gradient, pulled);
    for (std::size_t i = 0; i < batch.output.size(); ++i) {
      const double x = batch.output[i];
      // The upstream-weighted sum of the forward results with the i-th output moved to `at`, to 64 bits.
      const auto value = [&](double at) {
        batch.output[i] = at;
        long double sum = 0;
        const std::vector<Exact> results = explain(forward, batch, 40);
        for (std::size_t k = 0; k < results.size(); ++k) {
          sum += static_cast<long double>(upstream[k]) * std::strtold(results[k].decimal.c_str(), nullptr);
        }
        batch.output[i] = x;
        return sum;
      };
      // Five points: the truncation error is h^4 f⁽⁵⁾ / 30, the rounding error 2^-63 / h.
      const double h = 0x1p-13;
      const long double slope = (8 * (value(x + h) - value(x - h)) - (value(x + 2 * h) - value(x - 2 * h))) / (12 * h);
      ASSERT_TRUE(expected[i].proved);
      ASSERT_NEAR(static_cast<double>(slope), expected[i].rounded, 1e-9 * (1 + std::abs(expected[i].rounded)))
          << text << ", element " << i << " of round " << round;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Reference, Gradient,
    testing::Values("relu exact f64 forward", "sigmoid exact f64 forward", "log_sigmoid exact f64 forward",
                    "softplus exact f64 forward", "logit exact f64 forward", "softmax exact f64 forward",
                    "log_softmax exact f64 forward", "logsumexp exact f64 forward",
                    "binary_crossentropy exact f64 forward", "binary_crossentropy keras1 f64 forward",
                    "binary_crossentropy keras1 f64 forward epsilon=0.125",
                    "binary_crossentropy exact f64 forward from_logits reduction=mean label_smoothing=0.25 "
                    "pos_weight=3 sample_weights",
                    "categorical_crossentropy exact f64 forward",
                    "categorical_crossentropy keras1 f64 forward class_weights",
                    "categorical_crossentropy keras1 f64 forward epsilon=0.125",
                    "categorical_crossentropy exact f64 forward reduction=mean label_smoothing=0.125 class_weights",
                    "categorical_crossentropy exact f64 forward from_logits reduction=sum sample_weights",
                    "sparse_categorical_crossentropy exact f64 forward",
                    "sparse_categorical_crossentropy keras1 f64 forward epsilon=0.125",
                    "sparse_categorical_crossentropy exact f64 forward from_logits reduction=mean label_smoothing=0.25 "
                    "ignore_index=1 "
                    "class_weights",
                    "mean_squared_error exact f64 forward", "mean_squared_error exact f64 forward reduction=mean",
                    "cross_entropy_error exact f64 forward class_weights"));

}  // namespace
}  // namespace lossaudit
