// Sums that do not depend on how the work was split: the exact sum, and losses reduced in parts.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "audit/inputs/random.hpp"
#include "fast/exact_sum.hpp"
#include "fast/range.hpp"
#include "fast/targets.hpp"
#include "property_tests/fast_harness.hpp"

namespace lossaudit {
namespace {

namespace fast = lossaudit::fast;

std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }

/// Doubles of any exponent in [from, to].
std::vector<double> doubles(std::size_t n, int from, int to, Random& random) {
  std::vector<double> values(n);
  for (double& v : values) {
    v = std::ldexp(random.uniform(-1, 1), static_cast<int>(random.between(from, to)));
  }
  return values;
}

TEST(FastExactSum, CancelsWithoutATrace) {
  Random random(1);
  for (int round = 0; round < 50; ++round) {
    std::vector<double> values = doubles(60, -1074, 1020, random);
    const double rest = std::ldexp(random.uniform(0.5, 1), static_cast<int>(random.between(-1000, 1000)));
    fast::ExactSum sum;
    for (const double v : values) sum.add(v);
    sum.add(rest);
    std::reverse(values.begin(), values.end());
    for (const double v : values) sum.add(-v);
    EXPECT_EQ(sum.value().hi, rest);
    EXPECT_EQ(sum.value().lo, 0);
    sum.add(-rest);
    EXPECT_EQ(sum.value().hi, 0);
  }
}

TEST(FastExactSum, IsTheSameInAnyOrderAndGrouping) {
  Random random(2);
  for (int round = 0; round < 50; ++round) {
    std::vector<double> values = doubles(200, -80, 80, random);
    fast::ExactSum first;
    for (const double v : values) first.add(v);
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.below(i)]);
    fast::ExactSum parts[3];
    for (std::size_t i = 0; i < values.size(); ++i) parts[random.below(3)].add(values[i]);
    parts[2].add(parts[0]);
    parts[2].add(parts[1]);
    EXPECT_EQ(parts[2].value().hi, first.value().hi);
    EXPECT_EQ(parts[2].value().lo, first.value().lo);
  }
}

TEST(FastExactSum, IsRightWhereLongDoublesAre) {
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    fast::ExactSum sum;
    long double exact = 0;  // 20 terms of 40 bits within 18 binades: 64 bits hold them
    for (int i = 0; i < 20; ++i) {
      const double v = std::ldexp(static_cast<double>(random.between(-(1LL << 40), 1LL << 40)),
                                  static_cast<int>(random.between(-9, 8)));
      sum.add(v);
      exact += v;
    }
    EXPECT_EQ(static_cast<long double>(sum.value().hi) + sum.value().lo, exact);
  }
}

TEST(FastExactSum, KeepsSpecialValuesAndTheEndsOfTheRange) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr double largest = std::numeric_limits<double>::max();
  fast::ExactSum sum;
  sum.add(largest);
  sum.add(largest);
  EXPECT_EQ(sum.value().hi, infinity);
  sum.add(-largest);
  EXPECT_EQ(sum.value().hi, largest);
  sum.add(0x1p-1074);
  sum.add(-largest);
  EXPECT_EQ(sum.value().hi, 0x1p-1074);
  sum.add(-0x1p-1073);
  EXPECT_EQ(sum.value().hi, -0x1p-1074);
  sum.add(-infinity);
  EXPECT_EQ(sum.value().hi, -infinity);
  sum.add(infinity);
  EXPECT_TRUE(std::isnan(sum.value().hi));
}

/// Tensors for every loss, with a few hostile values among the outputs when asked for.
struct Tensors {
  Tensors(std::size_t outer, std::size_t classes, std::size_t inner, std::uint64_t seed)
      : rows{outer, classes, inner}, output(outer * classes * inner), probability(output), target(output) {
    Random random(seed);
    for (std::size_t i = 0; i < output.size(); ++i) {
      output[i] = static_cast<float>(random.normal() * (random.one_in(50) ? 60 : 4));
      probability[i] = static_cast<float>(random.uniform());
      target[i] = static_cast<float>(random.one_in(3) ? random.uniform(0, 1) : static_cast<double>(random.below(2)));
      weight.push_back(static_cast<float>(random.uniform(0, 3)));
    }
    for (std::size_t r = 0; r < outer * inner; ++r) labels.push_back(static_cast<std::int64_t>(random.below(classes)));
  }
  fast::Rows rows;
  std::vector<float> output, probability, target, weight;
  std::vector<std::int64_t> labels;
};

/// Random parts, merged in random order, give the bits of the one call.
void expect_same_bits(const fast::ReducedLoss& loss, float whole, std::uint64_t seed) {
  Random random(seed);
  for (int round = 0; round < 4; ++round) {
    std::vector<fast::PartialLoss> parts;
    const std::size_t steps = (loss.size() + loss.step() - 1) / loss.step();
    for (std::size_t first = 0; first < steps;) {
      const std::size_t last = first + 1 + random.below(round == 0 ? 1 : steps);
      parts.push_back(loss.partial(first * loss.step(), std::min(last * loss.step(), loss.size())));
      first = last;
    }
    fast::PartialLoss all;
    while (!parts.empty()) {
      std::swap(parts.back(), parts[random.below(parts.size())]);
      all.merge(parts.back());
      parts.pop_back();
    }
    EXPECT_EQ(bits(loss.result(all)), bits(whole)) << loss.result(all) << " " << whole;
  }
}

class FastRange : public testing::TestWithParam<std::string> {
 protected:
  TargetScope scope_{GetParam()};
};

TEST_P(FastRange, BinaryCrossentropyInParts) {
  for (const std::size_t n : {1U, 100U, 2048U, 2049U, 20011U}) {
    const Tensors t(1, n, 1, n);
    for (const fast::Reduction reduction : {fast::Reduction::sum, fast::Reduction::mean}) {
      for (const bool weighted : {false, true}) {
        for (const bool logits : {false, true}) {
          fast::LossOptions options = {.reduction = reduction, .from_logits = logits};
          if (weighted) options.sample_weights = t.weight.data();
          const float* output = logits ? t.output.data() : t.probability.data();
          float whole = 0;
          fast::binary_crossentropy(t.target.data(), output, &whole, n, options);
          expect_same_bits(fast::ReducedLoss::binary_crossentropy(t.target.data(), output, n, options), whole, n);
        }
      }
    }
  }
}

TEST_P(FastRange, LossesByRowsInParts) {
  for (const auto& [outer, classes, inner] : {std::tuple{300, 7, 1}, {1, 5000, 1}, {7, 33, 5}, {5000, 1, 1}}) {
    const Tensors t(static_cast<std::size_t>(outer), static_cast<std::size_t>(classes), static_cast<std::size_t>(inner),
                    9);
    for (const bool weighted : {false, true}) {
      fast::LossOptions options = {.reduction = fast::Reduction::mean};
      if (weighted) options.sample_weights = t.weight.data();
      float whole = 0;
      fast::mean_squared_error(t.target.data(), t.output.data(), &whole, t.rows, options);
      expect_same_bits(fast::ReducedLoss::mean_squared_error(t.target.data(), t.output.data(), t.rows, options), whole,
                       1);
      fast::cross_entropy_error(t.target.data(), t.probability.data(), &whole, t.rows, options);
      expect_same_bits(fast::ReducedLoss::cross_entropy_error(t.target.data(), t.probability.data(), t.rows, options),
                       whole, 2);
      options.from_logits = true;
      fast::categorical_crossentropy(t.target.data(), t.output.data(), &whole, t.rows, options);
      expect_same_bits(fast::ReducedLoss::categorical_crossentropy(t.target.data(), t.output.data(), t.rows, options),
                       whole, 3);
      options.ignore_index = 1;
      if (classes == 1) continue;
      fast::sparse_categorical_crossentropy(t.labels.data(), t.output.data(), &whole, t.rows, options);
      expect_same_bits(
          fast::ReducedLoss::sparse_categorical_crossentropy(t.labels.data(), t.output.data(), t.rows, options), whole,
          4);
    }
  }
}

TEST_P(FastRange, ASumThatCancelsIsTakenAnewInPartsToo) {
  // Weights of both signs: what is left is far below the double lanes' error.
  const std::size_t n = 6000;
  Tensors t(1, n, 1, 5);
  for (std::size_t i = 0; i < n / 2; ++i) {
    t.output[n - 1 - i] = t.output[i];
    t.target[n - 1 - i] = t.target[i];
    t.weight[n - 1 - i] = -t.weight[i];
  }
  t.weight[3] = std::nextafter(t.weight[3], 4.0F);
  const fast::LossOptions options = {
      .reduction = fast::Reduction::sum, .from_logits = true, .sample_weights = t.weight.data()};
  float whole = 0;
  fast::binary_crossentropy(t.target.data(), t.output.data(), &whole, n, options);
  EXPECT_GT(whole, 0);
  EXPECT_LT(whole, 1e-4F);
  expect_same_bits(fast::ReducedLoss::binary_crossentropy(t.target.data(), t.output.data(), n, options), whole, 6);
}

/// The README's listing.
float mean_by_threads(const float* target, const float* logits, std::size_t n){
#include "fast_readme_threads.inc"
}

TEST_P(FastRange, TheReadmesListingGivesTheBitsOfTheOneCall) {
  const std::size_t n = 30000;
  const Tensors t(1, n, 1, 8);
  float whole = 0;
  fast::binary_crossentropy(t.target.data(), t.output.data(), &whole, n,
                            {.reduction = fast::Reduction::mean, .from_logits = true});
  EXPECT_EQ(bits(mean_by_threads(t.target.data(), t.output.data(), n)), bits(whole));
}

TEST(FastRangeArguments, PartsOffTheGridAreRefused) {
  const std::vector<float> x(5000, 0.5F);
  const fast::LossOptions mean = {.reduction = fast::Reduction::mean};
  const fast::ReducedLoss loss = fast::ReducedLoss::binary_crossentropy(x.data(), x.data(), x.size(), mean);
  EXPECT_EQ(loss.size(), 5000U);
  EXPECT_EQ(loss.step(), 2048U);
  EXPECT_NO_THROW((void)loss.partial(4096, 5000));
  EXPECT_NO_THROW((void)loss.partial(5000, 5000));
  EXPECT_THROW((void)loss.partial(0, 100), std::invalid_argument);
  EXPECT_THROW((void)loss.partial(16, 2048), std::invalid_argument);
  EXPECT_THROW((void)loss.partial(2048, 0), std::invalid_argument);
  EXPECT_THROW((void)loss.partial(0, 6144), std::invalid_argument);
  EXPECT_THROW((void)fast::ReducedLoss::binary_crossentropy(x.data(), x.data(), 1, {}), std::invalid_argument);
}

std::string target_name(const testing::TestParamInfo<std::string>& info) { return info.param; }
INSTANTIATE_TEST_SUITE_P(Targets, FastRange, testing::ValuesIn(fast::targets()), target_name);

}  // namespace
}  // namespace lossaudit
