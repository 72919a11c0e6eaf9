// What a sweep is evidence of.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "audit/measure.hpp"
#include "audit/trial.hpp"

namespace lossaudit {
namespace {

/// sigmoid of f32, swept in full with a largest error, and seen elsewhere to be this wrong at 0.
Accuracy swept(Pass pass, double swept_ulp, double seen_ulp) {
  Contract contract;
  contract.function = Function::sigmoid;
  contract.format = Format::f32;
  contract.pass = pass;
  Trial trial(contract, ulp_budget(1e9, "a test"));
  const auto batch = std::make_shared<Batch>();
  batch->shape = {1, 1, 1};
  batch->output = {0};
  if (pass == Pass::gradient) batch->upstream = {2};
  const std::vector<Expected> exact = expect(contract, *batch);
  const std::vector<double> computed = {exact[0].rounded * (1 + seen_ulp * 0x1p-23)};
  trial.results.add(batch, exact, computed);
  trial.covered = true;
  SweepState& state = trial.sweeps.emplace_back();
  state.max_ulp = swept_ulp;
  state.complete = true;
  Exhibits exhibits;
  exhibits.sightings[0].size = seen_ulp;
  return accuracy_of(trial, exhibits, 1);
}

TEST(Evidence, OfAllInputsIsAProof) {
  // The sweep knows its maximum a little less well.
  for (const double swept_ulp : {8.0, 8 * (1 - 0x1p-20), 100.0}) {
    const Accuracy accuracy = swept(Pass::forward, swept_ulp, 8);
    EXPECT_EQ(accuracy.evidence, "proved");
    ASSERT_EQ(accuracy.sweeps.size(), 1U);
    EXPECT_EQ(accuracy.sweeps[0].inputs, "every f32");
    EXPECT_EQ(accuracy.sweeps[0].beside_ulp, 0);
  }
}

TEST(Evidence, OfResultsThatDependOnTheirNeighboursIsNone) {
  const Accuracy accuracy = swept(Pass::forward, 4, 8);
  EXPECT_EQ(accuracy.evidence, "observed");
  ASSERT_EQ(accuracy.sweeps.size(), 1U);
  EXPECT_EQ(accuracy.sweeps[0].max_ulp, 4);
  EXPECT_EQ(accuracy.sweeps[0].beside_ulp, 8);
}

TEST(Evidence, OfAGradientIsAsFarAsItsUpstreamWent) {
  const Accuracy accuracy = swept(Pass::gradient, 4, 8);
  EXPECT_EQ(accuracy.evidence, "observed");
  ASSERT_EQ(accuracy.sweeps.size(), 1U);
  EXPECT_EQ(accuracy.sweeps[0].inputs, "every f32, upstream 1");
  EXPECT_EQ(accuracy.sweeps[0].beside_ulp, 0) << "another upstream is another input";
}

}  // namespace
}  // namespace lossaudit
