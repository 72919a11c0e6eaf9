// Tensors of 16 bits: their conversion, and every function on them against the reference, on every instruction set.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "audit/inputs.hpp"
#include "audit/inputs/random.hpp"
#include "fast/formats.hpp"
#include "fast/targets.hpp"
#include "property_tests/fast_harness.hpp"
#include "reference/format.hpp"

namespace lossaudit {
namespace {

template <class T>
constexpr Format reference_format = std::is_same_v<T, fast::Float16> ? Format::f16 : Format::bf16;

template <class T>
class FastFormats : public testing::Test {
 protected:
  using Stored = T;
  static constexpr Format format = reference_format<T>;

  static std::vector<T> every_value() {
    std::vector<T> all;
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) all.push_back({static_cast<std::uint16_t>(bits)});
    return all;
  }
  static double value(T x) { return decode(format, x.bits); }
};
using StoredTypes = testing::Types<fast::Float16, fast::BFloat16>;
TYPED_TEST_SUITE(FastFormats, StoredTypes);

TYPED_TEST(FastFormats, WidenEveryValueExactly) {
  const auto all = this->every_value();
  for (const std::string& target : fast::targets()) {
    const TargetScope scope(target);
    std::vector<float> wide(all.size());
    fast::to_floats(all.data(), wide.data(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      const double expected = this->value(all[i]);
      ASSERT_TRUE(std::isnan(expected) ? std::isnan(wide[i]) : wide[i] == expected) << target << " " << i;
      ASSERT_EQ(std::signbit(wide[i]), (all[i].bits >> 15) != 0) << target << " " << i;
    }
  }
}

TYPED_TEST(FastFormats, RoundToNearestEvenAndKeepNaN) {
  // Every value, what lies beside it and beside the middle to the next, and any bits.
  std::vector<float> x;
  const float infinity = std::numeric_limits<float>::infinity();
  const auto all = this->every_value();
  for (std::size_t i = 0; i + 1 < 0x8000; ++i) {
    const auto low = static_cast<float>(this->value(all[i]));
    const auto high = static_cast<float>(this->value(all[i + 1]));
    const auto middle = std::isinf(high) ? static_cast<float>(low + (low - this->value(all[i - 1])) / 2)
                                         : static_cast<float>((static_cast<double>(low) + high) / 2);
    for (const float v : {low, middle}) {
      x.insert(x.end(), {std::nextafter(v, -infinity), v, std::nextafter(v, infinity), -v});
    }
  }
  Random random(3);
  for (int i = 0; i < 100000; ++i) x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random.bits())));
  for (const std::string& target : fast::targets()) {
    const TargetScope scope(target);
    std::vector<TypeParam> narrow(x.size());
    fast::from_floats(x.data(), narrow.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (std::isnan(x[i])) {
        ASSERT_TRUE(std::isnan(this->value(narrow[i]))) << target << " " << i;
      } else {
        ASSERT_EQ(narrow[i].bits, encode(this->format, round_to(this->format, x[i]))) << target << " " << x[i];
      }
    }
  }
}

TYPED_TEST(FastFormats, SigmoidOfEveryValueIsRoundedOnce) {
  Batch batch;
  for (const TypeParam x : this->every_value()) {
    if (!std::isnan(this->value(x))) batch.output.push_back(this->value(x));
  }
  batch.shape = {batch.output.size(), 1, 1};
  const std::string format(traits(this->format).name);
  EXPECT_LE(expect_within_budget(parse_contract("sigmoid exact " + format + " forward"), batch), 0.51);
}

TYPED_TEST(FastFormats, EveryFunctionAndOptionIsWithinHalfAnUlp) {
  const std::string format(traits(this->format).name);
  for (const std::string& contract_text : {
           "softmax exact " + format + " forward axis",
           "softmax exact " + format + " gradient",
           "log_softmax exact " + format + " forward",
           "log_softmax exact " + format + " gradient axis",
           "binary_crossentropy exact " + format + " forward from_logits label_smoothing=0.1 pos_weight=0.3",
           "binary_crossentropy keras1 " + format + " forward",
           "binary_crossentropy keras1 " + format + " forward epsilon=0.01 reduction=mean sample_weights",
           "binary_crossentropy keras1 " + format + " gradient epsilon=0.001 sample_weights",
           "binary_crossentropy exact " + format + " gradient from_logits reduction=mean sample_weights",
           "categorical_crossentropy exact " + format + " forward from_logits reduction=sum class_weights",
           "categorical_crossentropy keras1 " + format + " forward axis label_smoothing=0.1",
           "categorical_crossentropy keras1 " + format + " gradient axis sample_weights",
           "categorical_crossentropy exact " + format + " gradient reduction=mean class_weights sample_weights",
           "sparse_categorical_crossentropy exact " + format + " forward from_logits reduction=mean ignore_index=1",
           "sparse_categorical_crossentropy keras1 " + format + " forward axis epsilon=0.02 class_weights",
           "sparse_categorical_crossentropy keras1 " + format + " gradient label_smoothing=0.3",
           "sparse_categorical_crossentropy exact " + format +
               " gradient from_logits reduction=mean ignore_index=0 sample_weights",
       }) {
    const Contract contract = parse_contract(contract_text);
    for (const Generator& generator : generators()) {
      if (generator.covers || !generator.applies(contract)) continue;
      for (const Batch& batch : make_batches(generator, contract, 200, 4, 0)) {
        if (batch.shape.elements() > 20000) continue;
        EXPECT_LE(expect_within_budget(contract, batch), 0.51) << contract_text;
      }
    }
  }
}

/// What a call on widened tensors gives, rounded.
template <class T>
std::vector<std::uint16_t> rounded(const std::vector<float>& x) {
  std::vector<T> narrow(x.size());
  fast::from_floats(x.data(), narrow.data(), x.size());
  std::vector<std::uint16_t> bits;
  for (const T v : narrow) bits.push_back(v.bits);
  return bits;
}
template <class T>
std::vector<std::uint16_t> bits_of(const std::vector<T>& x) {
  std::vector<std::uint16_t> bits;
  for (const T v : x) bits.push_back(v.bits);
  return bits;
}

TYPED_TEST(FastFormats, BlocksMakeNoDifference) {
  Random random(5);
  // Beside a block of 2048, several of them, and rows longer than one.
  for (const fast::Rows& rows : {fast::Rows{2047, 1, 1}, fast::Rows{4099, 1, 1}, fast::Rows{700, 7, 1},
                                 fast::Rows{9, 100, 5}, fast::Rows{2, 5001, 1}}) {
    const std::size_t n = rows.outer * rows.classes * rows.inner;
    const std::size_t losses = rows.outer * rows.inner;
    std::vector<float> wide_output(n);
    std::vector<float> wide_target(n);
    std::vector<float> wide_weights(losses);
    std::vector<std::int64_t> labels(losses);
    for (float& v : wide_output) v = static_cast<float>(3 * random.normal());
    for (float& v : wide_target) v = static_cast<float>(random.uniform());
    for (float& v : wide_weights) v = static_cast<float>(random.uniform(0.5, 2));
    for (std::int64_t& label : labels) label = static_cast<std::int64_t>(random.below(rows.classes));
    std::vector<TypeParam> output(n);
    std::vector<TypeParam> target(n);
    std::vector<TypeParam> weights(losses);
    const auto store = [](std::vector<float>& wide, std::vector<TypeParam>& stored) {
      fast::from_floats(wide.data(), stored.data(), wide.size());
      fast::to_floats(stored.data(), wide.data(), wide.size());
    };
    store(wide_output, output);
    store(wide_target, target);
    store(wide_weights, weights);
    for (const fast::Reduction reduction : {fast::Reduction::none, fast::Reduction::sum, fast::Reduction::mean}) {
      fast::LossOptionsOf<TypeParam> options = {.reduction = reduction, .from_logits = true, .label_smoothing = 0.1};
      options.sample_weights = weights.data();
      fast::LossOptions wide = {.reduction = reduction, .from_logits = true, .label_smoothing = 0.1};
      wide.sample_weights = wide_weights.data();
      wide.constants = fast::format_of<TypeParam>;
      const std::size_t results = reduction == fast::Reduction::none ? losses : 1;
      std::vector<float> wide_loss(results);
      std::vector<TypeParam> loss(results);
      std::vector<TypeParam> beside(results);
      std::vector<TypeParam> gradient(n);
      fast::categorical_crossentropy(wide_target.data(), wide_output.data(), wide_loss.data(), rows, wide);
      fast::categorical_crossentropy(target.data(), output.data(), loss.data(), rows, options);
      EXPECT_EQ(bits_of(loss), rounded<TypeParam>(wide_loss));
      fast::categorical_crossentropy_gradient<TypeParam>(target.data(), output.data(), nullptr, gradient.data(), rows,
                                                         options, beside.data());
      EXPECT_EQ(bits_of(beside), bits_of(loss));
      // In place: over the target.
      std::vector<TypeParam> over = target;
      fast::categorical_crossentropy_gradient<TypeParam>(over.data(), output.data(), nullptr, over.data(), rows,
                                                         options);
      EXPECT_EQ(bits_of(over), bits_of(gradient));
      fast::sparse_categorical_crossentropy(labels.data(), wide_output.data(), wide_loss.data(), rows, wide);
      fast::sparse_categorical_crossentropy(labels.data(), output.data(), loss.data(), rows, options);
      EXPECT_EQ(bits_of(loss), rounded<TypeParam>(wide_loss));
      if (rows.classes != 1) continue;
      fast::binary_crossentropy(wide_target.data(), wide_output.data(), wide_loss.data(), n, wide);
      fast::binary_crossentropy(target.data(), output.data(), loss.data(), n, options);
      EXPECT_EQ(bits_of(loss), rounded<TypeParam>(wide_loss));
    }
    std::vector<float> wide_result(n);
    std::vector<TypeParam> result(n);
    fast::softmax(wide_output.data(), wide_result.data(), rows);
    fast::softmax(output.data(), result.data(), rows);
    EXPECT_EQ(bits_of(result), rounded<TypeParam>(wide_result));
  }
}

TYPED_TEST(FastFormats, ASumThatCancelsIsTakenWhole) {
  // Two losses that are equal, with weights of both signs, in different blocks of rows.
  const std::size_t classes = 1025;
  std::vector<float> wide(2 * classes, -std::numeric_limits<float>::infinity());
  std::vector<TypeParam> output(2 * classes);
  wide[0] = wide[classes] = 4;
  wide[1] = wide[classes + 1] = 1;
  fast::from_floats(wide.data(), output.data(), wide.size());
  const float wide_weights[] = {1, -1};
  TypeParam weights[2];
  fast::from_floats(wide_weights, weights, 2);
  const std::int64_t labels[] = {0, 0};
  TypeParam result = {1};
  fast::LossOptionsOf<TypeParam> options = {.reduction = fast::Reduction::sum, .from_logits = true};
  options.sample_weights = weights;
  fast::sparse_categorical_crossentropy(labels, output.data(), &result, {2, classes, 1}, options);
  EXPECT_EQ(result.bits, 0);
}

}  // namespace
}  // namespace lossaudit
