// Options that a loss does not take, and tensors without values.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "fast/losses.hpp"

namespace lossaudit::fast {
namespace {

/// The message of the std::invalid_argument that it throws, or "".
template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

TEST(FastOptions, AnOptionThatALossDoesNotTakeIsNamed) {
  const std::vector<float> x = {0.25F, 0.75F};
  float result = 0;
  const float weights[] = {1, 1};
  const Rows row = {1, 2, 1};
  const auto mse = [&](const LossOptions& o) {
    return refusal([&] { mean_squared_error(x.data(), x.data(), &result, row, o); });
  };
  EXPECT_EQ(mse({.dialect = Dialect::keras1}), "mean_squared_error is not defined in the dialect keras1");
  EXPECT_EQ(mse({.from_logits = true}), "mean_squared_error takes no from_logits");
  EXPECT_EQ(mse({.label_smoothing = 0.5F}), "mean_squared_error takes no label_smoothing");
  EXPECT_EQ(mse({.pos_weight = 2}), "mean_squared_error takes no pos_weight");
  EXPECT_EQ(mse({.class_weights = weights}), "mean_squared_error takes no class_weights");
  EXPECT_EQ(mse({.ignore_index = 0}), "mean_squared_error takes no ignore_index");
  EXPECT_EQ(mse({.divisor = 2}), "mean_squared_error takes a divisor only for a mean");
  EXPECT_EQ(mse({}), "");
  const auto categorical = [&](const LossOptions& o) {
    return refusal([&] { categorical_crossentropy(x.data(), x.data(), &result, row, o); });
  };
  EXPECT_EQ(categorical({.label_smoothing = 1.5F}), "categorical_crossentropy takes a label_smoothing from 0 to 1");
  EXPECT_EQ(categorical({.epsilon = 0.1}), "categorical_crossentropy takes an epsilon only where it clips");
  EXPECT_EQ(categorical({.dialect = Dialect::keras1, .epsilon = 0.5}),
            "categorical_crossentropy takes an epsilon from 0 to below 0.5");
}

TEST(FastOptions, RowsWithoutClassesAreRefused) {
  float result = 0;
  EXPECT_EQ(refusal([&] {
              logsumexp(nullptr, &result, {3, 0, 1});
            }),
            "rows of no classes: give the class axis at least one");
}

TEST(FastOptions, NoRowsHaveTheSum0AndTheMeanNaN) {
  float result = 7;
  sigmoid(static_cast<const float*>(nullptr), nullptr, 0);
  softmax(static_cast<const float*>(nullptr), nullptr, {0, 3, 1});
  softmax(static_cast<const double*>(nullptr), nullptr, {2, 3, 0});
  binary_crossentropy(nullptr, nullptr, &result, 0);
  EXPECT_EQ(result, 7);
  binary_crossentropy(nullptr, nullptr, &result, 0, {.reduction = Reduction::sum});
  EXPECT_EQ(result, 0);
  const std::int64_t ignored[] = {-1, -1};
  const float x[] = {1, 2, 3, 4};
  sparse_categorical_crossentropy(ignored, x, &result, {2, 2, 1},
                                  {.reduction = Reduction::mean, .from_logits = true, .ignore_index = -1});
  EXPECT_TRUE(std::isnan(result));
  sparse_categorical_crossentropy(ignored, x, &result, {2, 2, 1},
                                  {.reduction = Reduction::sum, .from_logits = true, .ignore_index = -1});
  EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace lossaudit::fast
