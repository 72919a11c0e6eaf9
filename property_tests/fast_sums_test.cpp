// The fast paths of the binary loss and of the squared and cross-entropy errors: float lanes, products, and what falls
// back from them, against the reference on every target; and that a result depends on nothing but its own inputs.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "audit/inputs/random.hpp"
#include "fast/losses.hpp"
#include "fast/targets.hpp"
#include "property_tests/fast_harness.hpp"

namespace lossaudit {
namespace {

namespace fast = lossaudit::fast;

std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }
float f32(double x) { return static_cast<float>(x); }

/// Targets and outputs of one kind.
struct Inputs {
  std::vector<double> target, output;
};

/// Logits of every size up to `largest`, with targets that are hard, but for one in `softness` (0: none).
Inputs logits(std::size_t n, double largest, std::size_t softness, std::uint64_t seed) {
  Random random(seed);
  Inputs inputs;
  for (std::size_t i = 0; i < n; ++i) {
    const bool is_soft = softness != 0 && random.one_in(softness);
    inputs.target.push_back(is_soft ? f32(random.uniform()) : static_cast<double>(random.below(2)));
    inputs.output.push_back(f32(random.uniform(-largest, largest)));
  }
  return inputs;
}

void expect_in_budget(const std::string& contract, const Inputs& inputs) {
  expect_within_budget(parse_contract(contract), elements_batch(inputs.output, inputs.target));
}

TEST(FastBinarySums, LogitsOfEverySize) {
  for (const double largest : {1e-30, 1e-3, 1.0, 10.0, 79.0, 81.0, 104.0, 700.0, 720.0, 3e38}) {
    for (const std::size_t softness : {0U, 1U, 40U}) {
      const Inputs inputs = logits(2500, largest, softness, 3);
      for (const char* reduction : {"", " reduction=sum", " reduction=mean"}) {
        expect_in_budget("binary_crossentropy exact f32 forward from_logits" + std::string(reduction), inputs);
      }
      for (const char* reduction : {"", " reduction=mean"}) {
        expect_in_budget("binary_crossentropy exact f32 gradient from_logits" + std::string(reduction), inputs);
      }
    }
  }
}

TEST(FastBinarySums, PredictionsThatAreAllRight) {
  // The sum is as tiny as its terms.
  for (const double size : {5.0, 17.0, 40.0, 79.9, 80.1, 90.0, 100.0, 104.0}) {
    Inputs inputs = logits(1000, 1, 0, 4);
    Inputs probabilities = inputs;
    for (std::size_t i = 0; i < inputs.target.size(); ++i) {
      inputs.output[i] = f32((inputs.target[i] == 1 ? 1 : -1) * (size + inputs.output[i] / 64));
      probabilities.output[i] = f32(1 / (1 + std::exp(-inputs.output[i])));
    }
    expect_in_budget("binary_crossentropy exact f32 forward from_logits reduction=mean", inputs);
    expect_in_budget("binary_crossentropy exact f32 gradient from_logits reduction=mean", inputs);
    expect_in_budget("binary_crossentropy exact f32 forward reduction=mean", probabilities);
    expect_in_budget("binary_crossentropy keras1 f32 forward reduction=mean", probabilities);
    expect_in_budget("cross_entropy_error exact f32 forward", probabilities);
  }
}

TEST(FastBinarySums, SoftTargetsThatMeetTheirProbability) {
  Random random(5);
  Inputs inputs;
  for (int i = 0; i < 2000; ++i) {
    const double x = f32(random.normal() * 6);
    const double s = 1 / (1 + std::exp(-x));
    inputs.output.push_back(x);
    inputs.target.push_back(f32(s * (1 + std::ldexp(random.uniform(-1, 1), -static_cast<int>(random.below(26))))));
  }
  expect_in_budget("binary_crossentropy exact f32 gradient from_logits", inputs);
  expect_in_budget("binary_crossentropy exact f32 gradient from_logits reduction=mean", inputs);
}

TEST(FastBinarySums, ProbabilitiesOfEverySize) {
  Random random(6);
  for (const int smallest : {-2, -20, -60, -149}) {
    for (const bool near_one : {false, true}) {
      Inputs inputs;
      for (int i = 0; i < 2500; ++i) {
        const double p = std::ldexp(random.uniform(0.5, 1), static_cast<int>(random.between(smallest, 0)));
        inputs.output.push_back(f32(near_one ? 1 - p : p));
        inputs.target.push_back(random.one_in(30) ? f32(random.uniform()) : static_cast<double>(random.below(2)));
      }
      expect_in_budget("binary_crossentropy exact f32 forward reduction=sum", inputs);
      expect_in_budget("binary_crossentropy keras1 f32 forward reduction=mean", inputs);
      expect_in_budget("binary_crossentropy exact f32 forward", inputs);
      expect_in_budget("binary_crossentropy exact f32 gradient", inputs);
      expect_in_budget("cross_entropy_error exact f32 forward", inputs);
      expect_in_budget("cross_entropy_error exact f32 gradient", inputs);
    }
  }
}

TEST(FastBinarySums, CertainAndWrongOrRight) {
  Inputs inputs = logits(70, 1, 0, 7);
  for (double& p : inputs.output) p = f32((p + 1) / 2);
  inputs.output[20] = inputs.target[20];
  expect_in_budget("binary_crossentropy exact f32 forward reduction=sum", inputs);
  expect_in_budget("cross_entropy_error exact f32 forward", inputs);
  inputs.output[33] = 1 - inputs.target[33];
  expect_in_budget("binary_crossentropy exact f32 forward reduction=sum", inputs);
  expect_in_budget("binary_crossentropy keras1 f32 forward reduction=sum", inputs);
  expect_in_budget("cross_entropy_error exact f32 forward", inputs);
}

TEST(FastBinarySums, TermsOfBothSignsBesidePlainOnes) {
  // A target far outside [0, 1] takes away what the others add.
  Inputs inputs = logits(3000, 8, 0, 8);
  double sum = 0;
  for (std::size_t i = 0; i < inputs.target.size(); ++i) {
    const double x = inputs.output[i];
    sum += std::max(x, 0.0) - x * inputs.target[i] + std::log1p(std::exp(-std::abs(x)));
  }
  inputs.output[1234] = 7.5;
  inputs.target[1234] = f32(sum / 7.5);
  expect_in_budget("binary_crossentropy exact f32 forward from_logits reduction=sum", inputs);
  for (double& p : inputs.output) p = f32(1 / (1 + std::exp(-p)));
  inputs.target[1234] = f32(-sum);
  expect_in_budget("cross_entropy_error exact f32 forward", inputs);
}

TEST(FastSquares, DifferencesThatAFloatDoesNotHold) {
  Random random(9);
  for (const std::size_t n : {1U, 15U, 31U, 33U, 2049U, 5000U}) {
    Inputs inputs;
    for (std::size_t i = 0; i < n; ++i) {
      inputs.target.push_back(f32(std::ldexp(random.uniform(-1, 1), static_cast<int>(random.between(-140, 120)))));
      inputs.output.push_back(f32(inputs.target[i] * random.uniform(-2, 2)));
    }
    expect_in_budget("mean_squared_error exact f32 forward", inputs);
    expect_in_budget("mean_squared_error exact f32 gradient", inputs);
  }
}

TEST(FastSums, CrossEntropiesOfHardTargetsBesideOthers) {
  for (const std::size_t n : {1U, 63U, 64U, 65U, 200U, 2117U}) {
    Inputs hard = logits(n, 20, 0, n);
    for (double& p : hard.output) p = f32(1 / (1 + std::exp(-p)));
    expect_in_budget("cross_entropy_error exact f32 forward", hard);
    for (const std::size_t at : {std::size_t{0}, n / 3, n - 1}) {
      for (const auto& [t, p] : std::vector<std::pair<double, double>>{
               {0.25, 0.5}, {1, 0x1p-149}, {0, -0.0}, {-0.0, 0.75}, {-1, 0.5}, {0, 0}, {0.5, 1}, {2, 0x1p-140}}) {
        Inputs mixed = hard;
        mixed.target[at] = t;
        mixed.output[at] = p;
        expect_in_budget("cross_entropy_error exact f32 forward", mixed);
      }
      for (std::vector<double> Inputs::*where : {&Inputs::target, &Inputs::output}) {
        Inputs broken = hard;
        (broken.*where)[at] = std::numeric_limits<double>::quiet_NaN();
        expect_in_budget("cross_entropy_error exact f32 forward", broken);
      }
    }
  }
}

TEST(FastSums, AMeanOfMillions) {
  // One pair over and over: every rounding that is not covered would be a bias.
  const std::size_t n = 3000017;
  const std::vector<float> target(n, 1.0F);
  const std::vector<float> logit(n, -0.7310586F);
  const std::vector<float> probability(n, 0.3F);
  const fast::LossOptions mean = {.reduction = fast::Reduction::mean, .from_logits = true};
  for (const std::string& name : fast::targets()) {
    const TargetScope scope(name);
    float result = 0;
    const auto expect_ulp = [&](double exact) {
      EXPECT_LE(std::abs(result - exact), std::ldexp(1.0, std::ilogb(exact) - 23)) << name;
    };
    fast::binary_crossentropy(target.data(), logit.data(), &result, n, mean);
    expect_ulp(std::log1p(std::exp(-static_cast<double>(logit[0]))));
    fast::binary_crossentropy(target.data(), probability.data(), &result, n, {.reduction = fast::Reduction::mean});
    expect_ulp(-std::log(static_cast<double>(probability[0])));
    fast::mean_squared_error(target.data(), probability.data(), &result, {n, 1, 1},
                             {.reduction = fast::Reduction::mean});
    expect_ulp(std::pow(1.0 - static_cast<double>(probability[0]), 2));
    fast::cross_entropy_error(probability.data(), probability.data(), &result, {n, 1, 1},
                              {.reduction = fast::Reduction::mean});
    expect_ulp(-static_cast<double>(probability[0]) * std::log(static_cast<double>(probability[0])));
  }
}

class FastSumsOn : public testing::TestWithParam<std::string> {
 protected:
  TargetScope scope_{GetParam()};
};

TEST_P(FastSumsOn, AGradientAloneIsTheGradientAmongOthers) {
  Inputs inputs = logits(400, 100, 6, 10);
  inputs.output[50] = std::numeric_limits<double>::infinity();
  inputs.output[90] = std::numeric_limits<double>::quiet_NaN();
  inputs.target[130] = 7;
  const std::vector<float> target(inputs.target.begin(), inputs.target.end());
  const std::vector<float> output(inputs.output.begin(), inputs.output.end());
  for (const float upstream : {1.0F, -3.0F, 1e-4F, 1e-30F}) {
    const fast::LossOptions sum = {.reduction = fast::Reduction::sum, .from_logits = true};
    std::vector<float> whole(target.size());
    fast::binary_crossentropy_gradient(target.data(), output.data(), &upstream, whole.data(), whole.size(), sum);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      float alone = 0;
      fast::binary_crossentropy_gradient(&target[i], &output[i], &upstream, &alone, 1, sum);
      EXPECT_EQ(bits(alone), bits(whole[i])) << target[i] << " " << output[i];
    }
  }
}

TEST_P(FastSumsOn, TheLossOfTheGradientsPassIsTheLoss) {
  for (const std::size_t n : {1U, 16U, 2048U, 5003U}) {
    const Inputs inputs = logits(n, 90, 50, n);
    const std::vector<float> target(inputs.target.begin(), inputs.target.end());
    const std::vector<float> output(inputs.output.begin(), inputs.output.end());
    const fast::LossOptions mean = {.reduction = fast::Reduction::mean, .from_logits = true};
    float loss = 0;
    float fused = 0;
    std::vector<float> gradient(n);
    fast::binary_crossentropy(target.data(), output.data(), &loss, n, mean);
    fast::binary_crossentropy_gradient(target.data(), output.data(), nullptr, gradient.data(), n, mean, &fused);
    EXPECT_EQ(bits(fused), bits(loss));
    std::vector<float> in_place = target;
    fast::binary_crossentropy_gradient(in_place.data(), output.data(), nullptr, in_place.data(), n, mean, &fused);
    EXPECT_EQ(bits(fused), bits(loss));
    EXPECT_EQ(in_place, gradient);
    const fast::Rows rows = {1, n, 1};
    fast::mean_squared_error(target.data(), output.data(), &loss, rows, {.reduction = fast::Reduction::mean});
    fast::mean_squared_error_gradient(target.data(), output.data(), nullptr, gradient.data(), rows,
                                      {.reduction = fast::Reduction::mean}, &fused);
    EXPECT_EQ(bits(fused), bits(loss));
    in_place = target;
    fast::mean_squared_error_gradient(in_place.data(), output.data(), nullptr, in_place.data(), rows,
                                      {.reduction = fast::Reduction::mean}, &fused);
    EXPECT_EQ(bits(fused), bits(loss));
    EXPECT_EQ(in_place, gradient);
  }
}

std::string target_name(const testing::TestParamInfo<std::string>& info) { return info.param; }
INSTANTIATE_TEST_SUITE_P(Targets, FastSumsOn, testing::ValuesIn(fast::targets()), target_name);

TEST(FastSums, TargetsThatFuseGiveTheSameBits) {
  const Inputs inputs = logits(5003, 90, 50, 11);
  const std::vector<float> target(inputs.target.begin(), inputs.target.end());
  const std::vector<float> output(inputs.output.begin(), inputs.output.end());
  std::vector<float> probability = output;
  for (float& p : probability) p = f32(1 / (1 + std::exp(-static_cast<double>(p))));
  std::vector<std::uint32_t> first;
  for (const std::string& name : fast::targets()) {
    if (name == "SSE4" || name == "SCALAR" || name == "EMU128") continue;  // they have no fused multiply-add
    const TargetScope scope(name);
    const std::size_t n = target.size();
    std::vector<float> results(n);
    float mean = 0;
    fast::binary_crossentropy_gradient(target.data(), output.data(), nullptr, results.data(), n,
                                       {.reduction = fast::Reduction::mean, .from_logits = true}, &mean);
    results.push_back(mean);
    fast::binary_crossentropy(target.data(), probability.data(), &mean, n, {.reduction = fast::Reduction::mean});
    results.push_back(mean);
    fast::mean_squared_error(target.data(), output.data(), &mean, {1, n, 1});
    results.push_back(mean);
    fast::cross_entropy_error(target.data(), probability.data(), &mean, {1, n, 1});
    results.push_back(mean);
    fast::cross_entropy_error(probability.data(), probability.data(), &mean, {1, n, 1});
    results.push_back(mean);
    std::vector<std::uint32_t> now;
    for (const float result : results) now.push_back(bits(result));
    if (first.empty()) first = now;
    EXPECT_EQ(now, first) << name;
  }
}

}  // namespace
}  // namespace lossaudit
