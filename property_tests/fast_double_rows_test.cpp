// Rows of logits in doubles against the reference, on every instruction set: hostile rows, confident and subnormal ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "audit/case.hpp"
#include "audit/inputs/random.hpp"
#include "audit/measure.hpp"
#include "fast/losses.hpp"
#include "fast/targets.hpp"
#include "property_tests/fast_harness.hpp"

namespace lossaudit {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Rows of one length: usual, far, huge, confident, subnormal and masked ones, and one with a NaN.
Batch hostile_rows(std::size_t n) {
  Random random(n);
  Batch batch;
  const auto add = [&](double offset, double scale, double top) {
    const std::size_t first = batch.output.size();
    for (std::size_t i = 0; i < n; ++i) batch.output.push_back(offset + random.normal() * scale);
    if (top != 0) batch.output[first + random.below(n)] = offset + top;
  };
  add(0, 5, 0);
  add(-300, 100, 0);
  add(1e9, 20, 0);
  add(1e300, 0, 0);
  add(0, 1e307, 0);
  for (const double gap : {20.0, 37.0, 80.0, 300.0, 700.0, 744.0, 746.0}) add(0, 1, gap);
  add(-1, 0, 0);
  add(0, 5, 0);
  for (std::size_t i = 0; i + 1 < n; i += 2) batch.output[batch.output.size() - 1 - i] = -infinity;
  add(0, 5, 0);
  batch.output[batch.output.size() - n / 2 - 1] = std::numeric_limits<double>::quiet_NaN();
  batch.shape = {batch.output.size() / n, n, 1};
  return batch;
}

/// The largest error of a result, whose broken rules fail.
double largest_error(const Contract& contract, const Batch& batch, const std::vector<double>& results) {
  const std::vector<Expected> expected = expect(contract, batch);
  double largest = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Judgement judgement = judge(contract.format, expected[i], results[i]);
    EXPECT_TRUE(judgement.broken_rule.empty() || !judgement.required)
        << judgement.broken_rule << "\n"
        << to_case_text(contract, single_case(contract, batch, i));
    if (judgement.numeric) largest = std::max(largest, judgement.ulp);
  }
  return largest;
}

class FastDoubleRows : public testing::TestWithParam<std::size_t> {};

TEST_P(FastDoubleRows, AreWithinTheirBounds) {
  const Batch batch = hostile_rows(GetParam());
  EXPECT_LE(expect_within_budget(parse_contract("softmax exact f64 forward"), batch), 1.2);
  EXPECT_LE(expect_within_budget(parse_contract("log_softmax exact f64 forward"), batch), 1);
}

TEST_P(FastDoubleRows, LossesAreWithinOneUlp) {
  const std::size_t n = GetParam();
  Batch batch = hostile_rows(n);
  const std::size_t rows = batch.shape.outer;
  const fast::Rows shape = {rows, n, 1};
  Random random(n + 1);
  batch.target.assign(batch.output.size(), 0);
  for (std::size_t r = 0; r < rows; ++r) {
    const auto* x = batch.output.data() + r * n;
    const auto top = static_cast<std::size_t>(std::max_element(x, x + n) - x);
    batch.labels.push_back(static_cast<std::int64_t>(random.one_in(2) ? top : random.below(n)));
    for (std::size_t i = 0; i < n; ++i) batch.target[r * n + i] = random.one_in(2) ? random.uniform() : 0;
  }
  for (const std::string& target : fast::targets()) {
    const TargetScope scope(target);
    std::vector<double> loss(rows);
    fast::sparse_categorical_crossentropy(batch.labels.data(), batch.output.data(), loss.data(), shape,
                                          fast::LossOptionsOf<double>{.from_logits = true});
    Batch sparse = batch;
    sparse.target.clear();
    EXPECT_LE(
        largest_error(parse_contract("sparse_categorical_crossentropy exact f64 forward from_logits"), sparse, loss), 1)
        << target;
    fast::categorical_crossentropy(batch.target.data(), batch.output.data(), loss.data(), shape,
                                   fast::LossOptionsOf<double>{.from_logits = true});
    Batch dense = batch;
    dense.labels.clear();
    EXPECT_LE(largest_error(parse_contract("categorical_crossentropy exact f64 forward from_logits"), dense, loss), 1)
        << target;
  }
}

std::string length_name(const testing::TestParamInfo<std::size_t>& info) { return std::to_string(info.param); }
INSTANTIATE_TEST_SUITE_P(Lengths, FastDoubleRows, testing::Values(1, 2, 3, 15, 16, 17, 100), length_name);

TEST(FastDoubleRow, OptionsThatAreNotThereAreRefused) {
  const double x[] = {1, 2};
  const std::int64_t label = 0;
  double loss = 0;
  EXPECT_THROW(
      fast::sparse_categorical_crossentropy(&label, x, &loss, {1, 2, 1}, fast::LossOptionsOf<double>{.pos_weight = 2}),
      std::invalid_argument);
  EXPECT_THROW(fast::categorical_crossentropy(x, x, &loss, {1, 0, 1}, fast::LossOptionsOf<double>{}),
               std::invalid_argument);
}

TEST(FastDoubleRow, AMeanLeavesIgnoredRowsOut) {
  const double x[] = {0, 0, 5, 7, 0, 0, 0, 0};
  const std::int64_t labels[] = {0, -1, 1, 1};
  const double weights[] = {1, 5, 3, 0};
  double mean = 0;
  fast::sparse_categorical_crossentropy(
      labels, x, &mean, {4, 2, 1},
      fast::LossOptionsOf<double>{
          .reduction = fast::Reduction::mean, .from_logits = true, .sample_weights = weights, .ignore_index = -1});
  EXPECT_DOUBLE_EQ(mean, std::log(2.0));
}

}  // namespace
}  // namespace lossaudit
