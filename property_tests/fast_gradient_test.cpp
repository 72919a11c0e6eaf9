// The gradients of the cross-entropies, every option, against the reference on every instruction set.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "audit/inputs.hpp"
#include "audit/inputs/random.hpp"
#include "audit/inputs/values.hpp"
#include "property_tests/fast_harness.hpp"
#include "reference/format.hpp"

namespace lossaudit {
namespace {

constexpr double largest_f32 = 0x1.fffffep127;
constexpr double smallest_f32 = 0x1p-149;

double f32(double x) { return round_to(Format::f32, x); }

/// 1 ulp, and 2 for the rows of softmaxes that plain losses from logits take in float lanes.
void expect_few_ulps(const Contract& contract, const Batch& batch) {
  const bool is_row_of_logits = contract.options.from_logits && contract.function != Function::binary_crossentropy;
  EXPECT_LE(expect_within_budget(contract, batch), is_row_of_logits ? 2 : 1) << to_string(contract);
}

/// Contracts that together use every option of every loss.
const char* const contracts[] = {
    "binary_crossentropy exact f32 gradient",
    "binary_crossentropy exact f32 gradient label_smoothing=0.1 sample_weights",
    "binary_crossentropy exact f32 gradient pos_weight=3 reduction=mean sample_weights",
    "binary_crossentropy keras1 f32 gradient",
    "binary_crossentropy keras1 f32 gradient epsilon=0",
    "binary_crossentropy keras1 f32 gradient epsilon=1e-9 label_smoothing=0.25 pos_weight=0.001",
    "binary_crossentropy keras1 f32 gradient reduction=mean sample_weights",
    "binary_crossentropy exact f32 gradient from_logits",
    "binary_crossentropy exact f32 gradient from_logits label_smoothing=0.1 pos_weight=0.3",
    "binary_crossentropy exact f32 gradient from_logits reduction=mean pos_weight=-2 sample_weights",
    "binary_crossentropy exact f32 gradient from_logits reduction=sum label_smoothing=1",
    "categorical_crossentropy exact f32 gradient",
    "categorical_crossentropy exact f32 gradient axis label_smoothing=0.1 class_weights",
    "categorical_crossentropy exact f32 gradient reduction=mean class_weights sample_weights",
    "categorical_crossentropy keras1 f32 gradient",
    "categorical_crossentropy keras1 f32 gradient epsilon=0 label_smoothing=0.3",
    "categorical_crossentropy keras1 f32 gradient epsilon=0.2 axis class_weights",
    "categorical_crossentropy keras1 f32 gradient epsilon=1e-9 reduction=mean sample_weights",
    "categorical_crossentropy exact f32 gradient from_logits",
    "categorical_crossentropy exact f32 gradient from_logits axis label_smoothing=0.1 class_weights",
    "categorical_crossentropy exact f32 gradient from_logits reduction=mean class_weights sample_weights",
    "categorical_crossentropy exact f32 gradient from_logits label_smoothing=1 sample_weights",
    "sparse_categorical_crossentropy exact f32 gradient",
    "sparse_categorical_crossentropy exact f32 gradient axis label_smoothing=0.1 class_weights ignore_index=1",
    "sparse_categorical_crossentropy keras1 f32 gradient",
    "sparse_categorical_crossentropy keras1 f32 gradient epsilon=0 label_smoothing=0.3 class_weights",
    "sparse_categorical_crossentropy keras1 f32 gradient epsilon=0.2 reduction=mean ignore_index=0 sample_weights",
    "sparse_categorical_crossentropy exact f32 gradient from_logits",
    "sparse_categorical_crossentropy exact f32 gradient from_logits label_smoothing=0.2 class_weights",
    ("sparse_categorical_crossentropy exact f32 gradient from_logits reduction=mean ignore_index=1 class_weights "
     "sample_weights"),
};

class FastGradient : public testing::TestWithParam<const char*> {
 protected:
  Contract contract_ = parse_contract(GetParam());
  bool is_sparse_ = traits(contract_.function).target == TargetKind::labels;
  bool is_elementwise_ = traits(contract_.function).layout == Layout::elementwise;

  /// An empty batch of that shape with all its tensors, to be filled.
  [[nodiscard]] Batch blank(const Shape& shape) const {
    Batch batch;
    batch.shape = shape;
    batch.output.resize(shape.elements());
    if (!is_sparse_) batch.target.resize(shape.elements());
    if (is_sparse_) batch.labels.resize(shape.rows());
    const std::size_t losses = is_elementwise_ ? shape.elements() : shape.rows();
    if (contract_.options.class_weights) batch.class_weights.resize(shape.classes, 1);
    if (contract_.options.sample_weights) batch.sample_weights.resize(losses, 1);
    batch.upstream.resize(contract_.options.reduction == Reduction::none ? losses : 1, 1);
    return batch;
  }
  [[nodiscard]] bool takes_probabilities() const { return !contract_.options.from_logits; }
};

TEST_P(FastGradient, IsWithinItsUlpsOnTheAuditsInputs) {
  constexpr std::size_t elements = 300;
  for (const Generator& generator : generators()) {
    if (generator.covers || !generator.applies(contract_)) continue;
    for (const Batch& batch : make_batches(generator, contract_, elements, 3, 0)) {
      if (batch.shape.elements() <= 20000) expect_few_ulps(contract_, batch);
    }
  }
}

/// A float of any exponent and sign.
double any_float(Random& random) { return any_between(Format::f32, -largest_f32, largest_f32, random); }

TEST_P(FastGradient, IsWithinItsUlpsWhateverTargetsAndWeightsAre) {
  Random random(11);
  for (int round = 0; round < 12; ++round) {
    const std::size_t classes = 1 + random.below(11);
    Batch batch = blank({2, classes, contract_.options.axis ? 3U : 1U});
    const auto weight = [&](double& w) {
      w = random.one_in(3) ? any_float(random) : random.one_in(6) ? 0 : f32(random.normal());
    };
    for (double& o : batch.output) {
      const double size = random.one_in(3) ? std::exp2(random.uniform(-150, 0)) : random.uniform();
      o = takes_probabilities() ? f32(random.one_in(4) ? 1 - size : size)
                                : (random.one_in(9) ? any_float(random) : f32(60 * random.normal()));
    }
    for (double& t : batch.target) t = random.one_in(3) ? any_float(random) : f32(random.uniform(-1, 2));
    for (std::int64_t& label : batch.labels) label = static_cast<std::int64_t>(random.below(classes));
    for (double& w : batch.class_weights) weight(w);
    for (double& w : batch.sample_weights) weight(w);
    for (double& g : batch.upstream) weight(g);
    expect_few_ulps(contract_, batch);
  }
}

/// Contracts whose targets can be near the probabilities, so that the gradient cancels.
class FastSoftGradient : public FastGradient {};

TEST_P(FastSoftGradient, IsWithinItsUlpsWhereTheTargetIsNearlyTheProbability) {
  Random random(12);
  const double smoothing = contract_.options.label_smoothing;
  for (const std::size_t classes : {1U, 2U, 3U, 8U, 17U, 33U, 130U}) {
    Batch batch = blank({4, classes, 1});
    for (std::size_t r = 0; r < 4; ++r) {
      double sum = 0;
      std::vector<double> e(classes);
      for (std::size_t i = 0; i < classes; ++i) {
        const double x = f32((r == 3 ? 0 : 4) * random.normal());
        e[i] = std::exp(x);
        sum += e[i];
        batch.output[r * classes + i] = x;
      }
      for (std::size_t i = 0; i < classes; ++i) {
        const std::size_t at = r * classes + i;
        const double sigmoid = e[i] / (1 + e[i]);
        const double p = f32(is_elementwise_ ? sigmoid : e[i] / sum);
        if (takes_probabilities()) batch.output[at] = p;
        const double k = is_elementwise_ ? 2 : static_cast<double>(classes);
        batch.target[at] = f32((p - smoothing / k) / (1 - smoothing));
        if (r == 1) batch.target[at] = step(Format::f32, batch.target[at], random.between(-2, 2));
        // One of each depth of cancellation has its own tier.
        if (r == 2) batch.target[at] = f32(batch.target[at] * (1 - std::exp2(-random.uniform(1, 24))));
      }
    }
    expect_few_ulps(contract_, batch);
  }
}

TEST(FastSoftRowGradient, IsWithinItsUlpsWhereADoubleHardlyTellsTheTargetFromTheProbability) {
  const Contract contract = parse_contract("categorical_crossentropy exact f32 gradient from_logits");
  constexpr std::size_t classes = 100;
  Random random(14);
  Batch batch;
  batch.shape = {1, classes, 1};
  batch.upstream = {1};
  for (int found = 0; found < 3;) {
    batch.output.clear();
    batch.target.clear();
    std::vector<long double> p;
    long double masses = 0;
    long double targets = 0;
    for (std::size_t i = 0; i < classes; ++i) {
      batch.output.push_back(f32(3 * random.normal()));
      p.push_back(std::exp(static_cast<long double>(batch.output[i])));
      masses += p[i];
    }
    for (std::size_t i = 0; i < classes; ++i) {
      p[i] /= masses;
      batch.target.push_back(f32(static_cast<double>(p[i])));
      targets += batch.target[i];
    }
    bool is_close = false;
    for (std::size_t i = 0; i < classes; ++i) {
      is_close = is_close || std::abs(p[i] * targets - batch.target[i]) < 0x1p-38L * p[i];
    }
    if (!is_close) continue;
    ++found;
    expect_few_ulps(contract, batch);
  }
}

TEST_P(FastGradient, IsWithinItsUlpsOnConfidentRowsAndAtTheEndsOfTheRange) {
  Random random(13);
  const double probabilities[] = {0,        1,         smallest_f32, 0x1.fffffep-1, 1e-7, f32(1e-7), f32(1 - 1e-7),
                                  0x1p-126, f32(1e-9), 0.5};
  const double logits[] = {0,   17,   -17,  88,    -88,         104,          -104,
                           745, -745, 1e30, -1e30, largest_f32, -largest_f32, smallest_f32};
  const double targets[] = {0, 1, 0.5, smallest_f32, 0x1.fffffep-1, -1, 2};
  for (int round = 0; round < 20; ++round) {
    const std::size_t classes = 2 + random.below(9);
    Batch batch = blank({3, classes, 1});
    for (double& o : batch.output) {
      o = takes_probabilities() ? f32(probabilities[random.below(std::size(probabilities))])
                                : logits[random.below(std::size(logits))];
    }
    for (double& t : batch.target) t = targets[random.below(round % 2 == 0 ? 2 : std::size(targets))];
    for (std::int64_t& label : batch.labels) label = static_cast<std::int64_t>(random.below(classes));
    for (double& w : batch.class_weights) w = random.one_in(3) ? 0 : 2;
    for (double& w : batch.sample_weights) w = random.one_in(3) ? 0 : 0.25;
    for (double& g : batch.upstream) g = f32(random.normal());
    expect_few_ulps(contract_, batch);
  }
}

TEST_P(FastGradient, LimitsAndNaNsAreThoseOfTheReference) {
  Random random(14);
  const double infinity = std::numeric_limits<double>::infinity();
  const double values[] = {infinity, -infinity, std::numeric_limits<double>::quiet_NaN(), 0, 1, 0.5, 2, -1};
  const auto pick = [&](std::size_t specials) {
    return random.one_in(5) ? values[random.below(specials)] : f32(random.uniform());
  };
  for (int round = 0; round < 60; ++round) {
    const std::size_t classes = 1 + random.below(5);
    Batch batch = blank({4, classes, 1});
    for (double& o : batch.output) o = pick(std::size(values));
    if (round % 3 == 0) {
      for (double& t : batch.target) t = pick(3);
    } else {
      for (double& t : batch.target) t = random.one_in(2) ? 0 : 1;
    }
    for (std::int64_t& label : batch.labels) label = static_cast<std::int64_t>(random.below(classes + 2)) - 1;
    if (round % 3 == 1) {
      for (double& w : batch.class_weights) w = random.one_in(4) ? pick(4) : 1;
      for (double& w : batch.sample_weights) w = pick(4);
      for (double& g : batch.upstream) g = pick(4);
    }
    expect_limits(contract_, batch);
  }
}

std::string test_name(const testing::TestParamInfo<const char*>& info) {
  std::string name;
  for (const char* c = info.param; *c != 0; ++c) name += std::isalnum(static_cast<unsigned char>(*c)) != 0 ? *c : '_';
  return name;
}

/// Neither labels nor targets that count nothing.
std::vector<const char*> soft_contracts() {
  std::vector<const char*> soft;
  for (const char* text : contracts) {
    const Contract contract = parse_contract(text);
    const bool is_dense = traits(contract.function).target == TargetKind::dense;
    if (is_dense && contract.options.label_smoothing != 1) soft.push_back(text);
  }
  return soft;
}

INSTANTIATE_TEST_SUITE_P(Contracts, FastGradient, testing::ValuesIn(contracts), test_name);
INSTANTIATE_TEST_SUITE_P(Contracts, FastSoftGradient, testing::ValuesIn(soft_contracts()), test_name);

}  // namespace
}  // namespace lossaudit
