// What the calls of the losses' gradients promise beside their numbers: the loss in the same pass, the defaults, and
// results that depend on their own inputs alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "audit/inputs/random.hpp"
#include "fast/losses.hpp"
#include "fast/range.hpp"
#include "fast/targets.hpp"
#include "property_tests/fast_harness.hpp"

namespace lossaudit {
namespace {

using fast::LossOptions;
using fast::Reduction;
using fast::Rows;

std::vector<std::uint32_t> bits(const std::vector<float>& x) {
  std::vector<std::uint32_t> all;
  for (const float v : x) all.push_back(std::bit_cast<std::uint32_t>(v));
  return all;
}

std::vector<float> uniform(std::size_t n, Random& random, double low, double high) {
  std::vector<float> x(n);
  for (float& v : x) v = static_cast<float>(random.uniform(low, high));
  return x;
}

/// Inputs of one call of each loss.
struct Inputs {
  Inputs(const Rows& shape, std::uint64_t seed) : rows(shape) {
    Random random(seed);
    const std::size_t n = rows.outer * rows.classes * rows.inner;
    output = uniform(n, random, 0.001, 0.999);
    target = uniform(n, random, 0, 1);
    sample_weights = uniform(n, random, 0.5, 2);
    class_weights = uniform(rows.classes, random, 0.5, 2);
    upstream = uniform(n, random, -1, 1);
    for (std::size_t r = 0; r < rows.outer * rows.inner; ++r) {
      labels.push_back(static_cast<std::int64_t>(random.below(rows.classes)));
    }
  }
  Rows rows;
  std::vector<float> output, target, sample_weights, class_weights, upstream;
  std::vector<std::int64_t> labels;
};

/// One loss: its value and its gradient on Inputs.
struct Loss {
  const char* name;
  bool weighs_classes;
  std::function<void(const Inputs&, float*, const LossOptions&)> value;
  std::function<void(const Inputs&, const float* upstream, float*, const LossOptions&, float* loss)> gradient;
  std::function<fast::ReducedLoss(const Inputs&, const LossOptions&)> reduced;
};

std::vector<Loss> losses() {
  return {
      {"binary", false,
       [](const Inputs& in, float* result, const LossOptions& o) {
         fast::binary_crossentropy(in.target.data(), in.output.data(), result, in.output.size(), o);
       },
       [](const Inputs& in, const float* upstream, float* gradient, const LossOptions& o, float* loss) {
         fast::binary_crossentropy_gradient(in.target.data(), in.output.data(), upstream, gradient, in.output.size(), o,
                                            loss);
       },
       [](const Inputs& in, const LossOptions& o) {
         return fast::ReducedLoss::binary_crossentropy(in.target.data(), in.output.data(), in.output.size(), o);
       }},
      {"categorical", true,
       [](const Inputs& in, float* result, const LossOptions& o) {
         fast::categorical_crossentropy(in.target.data(), in.output.data(), result, in.rows, o);
       },
       [](const Inputs& in, const float* upstream, float* gradient, const LossOptions& o, float* loss) {
         fast::categorical_crossentropy_gradient(in.target.data(), in.output.data(), upstream, gradient, in.rows, o,
                                                 loss);
       },
       [](const Inputs& in, const LossOptions& o) {
         return fast::ReducedLoss::categorical_crossentropy(in.target.data(), in.output.data(), in.rows, o);
       }},
      {"sparse", true,
       [](const Inputs& in, float* result, const LossOptions& o) {
         fast::sparse_categorical_crossentropy(in.labels.data(), in.output.data(), result, in.rows, o);
       },
       [](const Inputs& in, const float* upstream, float* gradient, const LossOptions& o, float* loss) {
         fast::sparse_categorical_crossentropy_gradient(in.labels.data(), in.output.data(), upstream, gradient, in.rows,
                                                        o, loss);
       },
       [](const Inputs& in, const LossOptions& o) {
         return fast::ReducedLoss::sparse_categorical_crossentropy(in.labels.data(), in.output.data(), in.rows, o);
       }},
  };
}

/// Every combination of the options that change the way of the computation.
std::vector<LossOptions> all_options(const Loss& loss, const Inputs& in) {
  std::vector<LossOptions> all;
  for (const fast::Dialect dialect : {fast::Dialect::exact, fast::Dialect::keras1}) {
    for (const Reduction reduction : {Reduction::none, Reduction::sum, Reduction::mean}) {
      for (const bool logits : {false, true}) {
        for (const bool extras : {false, true}) {
          LossOptions o = {.dialect = dialect, .reduction = reduction, .from_logits = logits};
          if (extras) {
            o.label_smoothing = 0.125F;
            o.sample_weights = in.sample_weights.data();
            if (loss.weighs_classes) o.class_weights = in.class_weights.data();
          }
          all.push_back(o);
        }
      }
    }
  }
  return all;
}

std::vector<float> gradient_of(const Loss& loss, const Inputs& in, const float* upstream, const LossOptions& options) {
  std::vector<float> gradient(in.output.size());
  loss.gradient(in, upstream, gradient.data(), options, nullptr);
  return gradient;
}

class FastGradientCalls : public testing::TestWithParam<std::string> {
 protected:
  TargetScope scope_{GetParam()};
};

TEST_P(FastGradientCalls, GiveTheLossItselfInTheSamePass) {
  const Inputs in({3, 5, 4}, 1);
  for (const Loss& loss : losses()) {
    for (const LossOptions& options : all_options(loss, in)) {
      std::vector<float> alone(in.output.size(), 7);
      std::vector<float> beside(in.output.size(), 7);
      std::vector<float> gradient(in.output.size());
      loss.value(in, alone.data(), options);
      loss.gradient(in, in.upstream.data(), gradient.data(), options, beside.data());
      EXPECT_EQ(bits(alone), bits(beside)) << loss.name;
      EXPECT_EQ(bits(gradient), bits(gradient_of(loss, in, in.upstream.data(), options))) << loss.name;
    }
  }
}

TEST_P(FastGradientCalls, TakeOnesWhereThereIsNoIncomingGradient) {
  const Inputs in({2, 7, 3}, 2);
  const std::vector<float> ones(in.output.size(), 1);
  for (const Loss& loss : losses()) {
    for (const LossOptions& options : all_options(loss, in)) {
      EXPECT_EQ(bits(gradient_of(loss, in, nullptr, options)), bits(gradient_of(loss, in, ones.data(), options)))
          << loss.name;
    }
  }
}

TEST_P(FastGradientCalls, MayOverwriteTheirTargetOrOutput) {
  const Inputs in({2, 9, 2}, 3);
  for (const Loss& loss : losses()) {
    for (const LossOptions& options : all_options(loss, in)) {
      const std::vector<float> expected = gradient_of(loss, in, nullptr, options);
      Inputs over_output = in;
      loss.gradient(over_output, nullptr, over_output.output.data(), options, nullptr);
      EXPECT_EQ(bits(over_output.output), bits(expected)) << loss.name;
      if (std::string(loss.name) == "sparse") continue;
      Inputs over_target = in;
      loss.gradient(over_target, nullptr, over_target.target.data(), options, nullptr);
      EXPECT_EQ(bits(over_target.target), bits(expected)) << loss.name;
    }
  }
}

TEST_P(FastGradientCalls, ARowAlongAnyAxisHasTheGradientThatItHasAlone) {
  const Rows rows = {2, 37, 5};
  const Inputs in(rows, 4);
  for (const Loss& loss : losses()) {
    for (LossOptions options : all_options(loss, in)) {
      if (options.reduction != Reduction::none) continue;
      options.sample_weights = nullptr;
      const std::vector<float> whole = gradient_of(loss, in, nullptr, options);
      for (std::size_t r = 0; r < rows.outer * rows.inner; ++r) {
        Inputs row = in;
        row.rows = {1, rows.classes, 1};
        row.output.clear();
        row.target.clear();
        row.labels = {in.labels[r]};
        std::vector<float> expected;
        for (std::size_t i = 0; i < rows.classes; ++i) {
          const std::size_t at = ((r / rows.inner) * rows.classes + i) * rows.inner + r % rows.inner;
          row.output.push_back(in.output[at]);
          row.target.push_back(in.target[at]);
          expected.push_back(whole[at]);
        }
        EXPECT_EQ(bits(gradient_of(loss, row, nullptr, options)), bits(expected)) << loss.name;
      }
    }
  }
}

TEST_P(FastGradientCalls, OfAMeanCanBeTakenInParts) {
  const Rows rows = {40, 5, 1};
  const Inputs in(rows, 7);
  for (const Loss& loss : losses()) {
    for (LossOptions options : all_options(loss, in)) {
      if (options.reduction != Reduction::mean) continue;
      if (std::string(loss.name) == "sparse") options.ignore_index = 2;
      const std::vector<float> whole = gradient_of(loss, in, nullptr, options);
      options.divisor = loss.reduced(in, options).divisor();
      std::vector<float> parts;
      for (std::size_t first = 0; first < rows.outer; first += 16) {
        const std::size_t last = std::min(rows.outer, first + 16);
        const auto some = [&](const std::vector<float>& x) {
          return std::vector<float>(x.begin() + static_cast<std::ptrdiff_t>(first * rows.classes),
                                    x.begin() + static_cast<std::ptrdiff_t>(last * rows.classes));
        };
        Inputs part = in;
        part.rows.outer = last - first;
        part.output = some(in.output);
        part.target = some(in.target);
        part.labels.assign(in.labels.begin() + static_cast<std::ptrdiff_t>(first), in.labels.end());
        LossOptions own = options;
        const std::size_t first_loss = loss.weighs_classes ? first : first * rows.classes;
        if (own.sample_weights != nullptr) own.sample_weights += first_loss;
        const std::vector<float> gradient = gradient_of(loss, part, nullptr, own);
        parts.insert(parts.end(), gradient.begin(), gradient.end());
      }
      EXPECT_EQ(bits(parts), bits(whole)) << loss.name;
    }
  }
}

TEST_P(FastGradientCalls, RefuseTheOptionsThatTheLossRefuses) {
  const Inputs in({1, 2, 1}, 5);
  const LossOptions options = {.label_smoothing = 2};
  for (const Loss& loss : losses()) {
    EXPECT_THROW(gradient_of(loss, in, nullptr, options), std::invalid_argument) << loss.name;
  }
}

TEST_P(FastGradientCalls, OfNothingAreNothing) {
  for (const Loss& loss : losses()) {
    Inputs in({0, 3, 1}, 6);
    for (const LossOptions& options : all_options(loss, in))
      EXPECT_TRUE(gradient_of(loss, in, nullptr, options).empty());
  }
}

std::string target_name(const testing::TestParamInfo<std::string>& info) { return info.param; }
INSTANTIATE_TEST_SUITE_P(Targets, FastGradientCalls, testing::ValuesIn(fast::targets()), target_name);

TEST(FastGradientTargets, AllThatFuseMultiplyAndAddGiveTheSameBits) {
  for (const std::size_t classes : {1U, 3U, 16U, 100U, 5000U}) {
    const Inputs in({3, classes, 1}, classes);
    for (const Loss& loss : losses()) {
      for (const LossOptions& options : all_options(loss, in)) {
        std::vector<std::uint32_t> first;
        for (const std::string& target : fast::targets()) {
          if (target != "AVX2" && !target.starts_with("AVX3")) continue;
          const TargetScope scope(target);
          const std::vector<std::uint32_t> found = bits(gradient_of(loss, in, in.upstream.data(), options));
          if (first.empty()) first = found;
          EXPECT_EQ(found, first) << target << " " << loss.name;
        }
      }
    }
  }
}

}  // namespace
}  // namespace lossaudit
