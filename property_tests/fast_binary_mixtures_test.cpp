// The binary loss from logits and its gradient have kernels for many sorts of elements, in tensors that have them all.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "audit/inputs/random.hpp"
#include "fast/losses.hpp"
#include "fast/targets.hpp"
#include "property_tests/fast_harness.hpp"

namespace lossaudit {
namespace {

std::vector<std::uint32_t> bits(const std::vector<float>& x) {
  std::vector<std::uint32_t> all;
  for (const float v : x) all.push_back(std::bit_cast<std::uint32_t>(v));
  return all;
}

/// Targets and logits: hard, soft, cancelling, far; and, where not all are numbers, infinite, outside and NaN.
struct Mixture {
  /// `order` 0: one after the other; 1: soft ones for long; 2: chunks of soft and of hard ones among them.
  Mixture(std::size_t n, int order, bool are_numbers) : target(n), output(n) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    Random random(n + static_cast<std::size_t>(order));
    for (std::size_t i = 0; i < n; ++i) {
      float& t = target[i];
      float& x = output[i];
      const auto normal = static_cast<float>(random.normal());
      x = random.one_in(40) ? (random.one_in(2) ? 100 : 2000) * normal : 5 * normal;
      t = static_cast<float>(random.one_in(2) ? static_cast<double>(random.below(2)) : random.uniform());
      const std::size_t chunk = i / 16;
      if (order == 1) t = 0.25F;
      if (order == 2 && chunk % 3 != 0) t = chunk % 2 == 0 ? 0.25F : 1;
      if (random.one_in(60)) t = static_cast<float>(1 / (1 + std::exp(-static_cast<double>(x))));
      if (are_numbers) continue;
      if (random.one_in(200)) x = random.one_in(2) ? nan : random.one_in(2) ? infinity : -infinity;
      if (random.one_in(200)) t = random.one_in(2) ? nan : 3 * normal;
    }
  }
  std::vector<float> target, output;
};

constexpr std::size_t n = 5003;
constexpr int orders[] = {0, 1, 2};

std::vector<float> gradient_of(const Mixture& all) {
  std::vector<float> gradient(n);
  fast::binary_crossentropy_gradient(all.target.data(), all.output.data(), nullptr, gradient.data(), n,
                                     {.from_logits = true});
  return gradient;
}

class FastBinaryMixtures : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { fast::use_target(GetParam()); }
  void TearDown() override { fast::use_target(""); }
};

TEST_P(FastBinaryMixtures, AnElementHasTheGradientThatItHasAlone) {
  const fast::LossOptions options = {.from_logits = true};
  for (const int order : orders) {
    Mixture all(n, order, false);
    const std::vector<float> whole = gradient_of(all);
    std::vector<float> alone(n);
    for (std::size_t i = 0; i < n; ++i) {
      fast::binary_crossentropy_gradient(&all.target[i], &all.output[i], nullptr, &alone[i], 1, options);
      ASSERT_EQ(std::bit_cast<std::uint32_t>(alone[i]), std::bit_cast<std::uint32_t>(whole[i]))
          << "target " << all.target[i] << ", logit " << all.output[i];
    }
  }
}

TEST_P(FastBinaryMixtures, TheGradientMayOverwriteEither) {
  const fast::LossOptions options = {.from_logits = true};
  for (const int order : orders) {
    Mixture all(n, order, false);
    const std::vector<float> whole = gradient_of(all);
    std::vector<float> in_place = all.output;
    fast::binary_crossentropy_gradient(all.target.data(), in_place.data(), nullptr, in_place.data(), n, options);
    EXPECT_EQ(bits(in_place), bits(whole));
    in_place = all.target;
    fast::binary_crossentropy_gradient(in_place.data(), all.output.data(), nullptr, in_place.data(), n, options);
    EXPECT_EQ(bits(in_place), bits(whole));
  }
}

TEST_P(FastBinaryMixtures, TheLossBesideTheGradientIsTheLoss) {
  const fast::LossOptions options = {.reduction = fast::Reduction::sum, .from_logits = true};
  for (const int order : orders) {
    const Mixture all(n, order, true);
    std::vector<float> gradient(n);
    float beside = 0;
    float alone = 0;
    fast::binary_crossentropy_gradient(all.target.data(), all.output.data(), nullptr, gradient.data(), n, options,
                                       &beside);
    fast::binary_crossentropy(all.target.data(), all.output.data(), &alone, n, options);
    EXPECT_EQ(beside, alone);
    EXPECT_EQ(bits(gradient), bits(gradient_of(all)));
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, FastBinaryMixtures, testing::ValuesIn(fast::targets()),
                         [](const auto& target) { return target.param; });

}  // namespace
}  // namespace lossaudit
