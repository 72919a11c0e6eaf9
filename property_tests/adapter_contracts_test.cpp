// Every contract that a bundled adapter declares is wired to the right computation: arguments, axis, reduction, format.
// How exact the results are is what the audit says, not this test.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "audit/bundled_adapters.hpp"
#include "audit/plan.hpp"
#include "audit/subject.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {
namespace {

// On inputs as spread as those below, a swapped argument, a wrong axis or a wrong denominator moves some result by more
// than a tenth; four roundings to bf16, 2^-8 each, the coarsest of all formats, stay below 1/32.
constexpr double wiring = 1.0 / 32;

/// The adapters whose libraries and packages are here.
std::vector<std::string> ready_adapters() {
  std::vector<std::string> names;
  for (const BundledAdapter& adapter : bundled_adapters()) {
    if (state_of(adapter).ready()) names.emplace_back(adapter.name);
  }
  return names;
}

std::vector<Contract> declared_contracts(const Subject& subject) {
  std::vector<Contract> declared;
  Filter both_passes;
  both_passes.passes = {Pass::forward, Pass::gradient};
  for (const PlannedContract& planned : plan(both_passes)) {
    if (subject.supports(planned.contract)) declared.push_back(planned.contract);
  }
  return declared;
}

/// Rows of three classes that differ in every place, far from where any formula is ill-conditioned.
Batch spread_batch(const Contract& contract) {
  constexpr std::array logits = {1.5, -0.75, 0.5, -2.0, 0.25, 1.0, -1.25, 2.0, -0.5, 0.75, -1.0, 1.75};
  constexpr std::array probabilities = {0.125,  0.75,   0.25,   0.875,  0.375,  0.625,
                                        0.1875, 0.8125, 0.3125, 0.9375, 0.6875, 0.4375};
  constexpr std::array upstreams = {1.0, -2.0, 0.5, 3.0, -1.0, 0.25, -0.5, 1.5, -3.0, 2.0, 0.75, -1.5};
  constexpr std::array targets = {0.75, 0.25, 0.0, 0.125, 0.0, 0.875, 0.5, 0.375, 0.125, 0.0, 1.0, 0.0};
  const FunctionTraits& function = traits(contract.function);
  const bool wants_logits =
      function.output == Domain::real || (function.output == Domain::either && contract.options.from_logits);

  Batch batch;
  batch.shape = contract.options.axis ? Shape{2, 3, 2} : Shape{4, 3, 1};
  const auto& values = wants_logits ? logits : probabilities;
  batch.output.assign(values.begin(), values.end());
  if (function.target == TargetKind::dense) batch.target.assign(targets.begin(), targets.end());
  if (function.target == TargetKind::labels) batch.labels = {2, 0, 1, contract.options.ignore_index.value_or(2)};
  if (contract.options.class_weights) batch.class_weights = {0.5, 2, 1.25};
  if (contract.options.sample_weights) {
    constexpr std::array weights = {0.5, 2.0, 1.0, 0.25, 1.5, 0.75, 3.0, 1.25, 0.375, 2.5, 0.625, 1.75};
    batch.sample_weights.assign(weights.begin(),
                                weights.begin() + static_cast<std::ptrdiff_t>(unreduced_size(contract, batch.shape)));
  }
  if (contract.pass == Pass::gradient && !function.is_loss) {
    Contract forward = contract;
    forward.pass = Pass::forward;
    const auto due = static_cast<std::ptrdiff_t>(result_size(forward, batch.shape));
    batch.upstream.assign(upstreams.begin(), upstreams.begin() + due);
  }
  batch.origin = "spread";
  return batch;
}

class BundledAdapter : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Adapters, BundledAdapter, testing::ValuesIn(ready_adapters()), [](const auto& test) {
  std::string name = test.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST_P(BundledAdapter, SaysWhatItIs) {
  const auto subjects = open_subjects(GetParam());
  ASSERT_EQ(subjects.size(), 1u);
  EXPECT_EQ(subjects[0]->name(), GetParam());
  EXPECT_TRUE(std::isdigit(static_cast<unsigned char>(subjects[0]->version()[0]))) << subjects[0]->version();
  const Contract undeclared{Function::cross_entropy_error, Dialect::exact, Format::f16, Pass::gradient, {}};
  EXPECT_FALSE(subjects[0]->supports(undeclared));
}

TEST_P(BundledAdapter, ComputesWhatItDeclares) {
  const auto subjects = open_subjects(GetParam());
  const std::vector<Contract> declared = declared_contracts(*subjects[0]);
  EXPECT_FALSE(declared.empty());
  for (const Contract& contract : declared) {
    SCOPED_TRACE(to_string(contract));
    const Batch batch = spread_batch(contract);
    const std::vector<Expected> expected = expect(contract, batch);
    std::vector<double> computed(expected.size());
    const Outcome outcome = subjects[0]->compute(contract, batch, computed);
    ASSERT_EQ(outcome.kind, Outcome::Kind::computed) << outcome.detail;
    double largest = 0;
    for (const Expected& e : expected) largest = std::max(largest, std::abs(e.rounded));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      // A gradient is a difference, as of a probability and a target, whose roundings are as large as they are.
      const double scale = contract.pass == Pass::gradient ? largest : std::abs(expected[i].rounded);
      EXPECT_NEAR(computed[i], expected[i].rounded, wiring * scale) << "result " << i;
    }
  }
}

}  // namespace
}  // namespace lossaudit
