// Blocks of sweeps with their exact results, and what the reference says of what lanes settled.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "audit/measure.hpp"
#include "audit/sweep_trial.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {

/// Results around the exact ones: right, a few ulps off, and what is none.
inline std::vector<double> made_up(const Contract& contract, const std::vector<Expected>& exact,
                                   std::mt19937_64& random) {
  std::vector<double> computed;
  for (const Expected& e : exact) {
    double value = e.rounded;
    const auto steps = static_cast<int>(random() % 9) - 4;
    for (int i = 0; i < std::abs(steps); ++i) {
      value = contract.format == Format::f32
                  ? std::nextafter(static_cast<float>(value), static_cast<float>(steps) * INFINITY)
                  : decode(contract.format, encode(contract.format, value) + (random() % 2));
    }
    if (random() % 3 == 0) value = e.rounded;
    if (random() % 100 == 0) value = random() % 2 == 0 ? std::numeric_limits<double>::infinity() : std::nan("");
    computed.push_back(value);
  }
  return computed;
}

/// What the reference says of results that a run left to nobody.
inline void expect_tally(const Contract& contract, const std::vector<Expected>& exact,
                         const std::vector<double>& computed, const SweepKnown& known, const Tally& tally,
                         SweepLists lists) {
  std::ranges::sort(lists.open);
  std::uint64_t rounded = 0, numbers = 0, overflows = 0;
  std::map<std::string, std::uint64_t> broken;
  double sum = 0, max = 0;
  double relative = 0, relative_of_all = 0;  // of what was settled, and with what is open
  std::size_t max_at = 0;
  for (std::size_t i = 0, o = 0; i < computed.size(); ++i) {
    const Judgement judgement = judge(contract.format, exact[i], computed[i]);
    const bool is_normal = judgement.numeric && judgement.required &&
                           std::abs(exact[i].rounded) >= std::ldexp(1.0, traits(contract.format).min_exponent);
    if (is_normal) relative_of_all = std::max(relative_of_all, judgement.relative);
    if (o < lists.open.size() && lists.open[o] == i) {
      ++o;
      continue;
    }
    ASSERT_TRUE(judgement.required) << "result " << i;
    if (!judgement.broken_rule.empty()) ++broken[judgement.broken_rule];
    if (!judgement.numeric) continue;
    ASSERT_TRUE(!known.only_rounded || judgement.correctly_rounded || !judgement.broken_rule.empty()) << "result " << i;
    ++numbers;
    overflows += std::isinf(exact[i].rounded) && std::isinf(computed[i]) ? 1 : 0;
    rounded += judgement.correctly_rounded ? 1 : 0;
    sum += judgement.ulp;
    if (is_normal) relative = std::max(relative, judgement.relative);
    if (judgement.ulp > max) {
      max = judgement.ulp;
      max_at = i;
    }
  }
  EXPECT_EQ(tally.count() + lists.open.size(), computed.size());
  EXPECT_EQ(tally.numbers, numbers);
  EXPECT_EQ(tally.overflows, overflows);
  EXPECT_EQ(tally.correctly_rounded, rounded);
  EXPECT_EQ(tally.broken[static_cast<std::size_t>(LaneRule::finite)], broken["finite"]);
  EXPECT_EQ(tally.broken[static_cast<std::size_t>(LaneRule::number_due)], broken["number_due"]);
  EXPECT_EQ(tally.broken[static_cast<std::size_t>(LaneRule::nan_stays_nan)], broken["nan_stays_nan"]);
  EXPECT_NEAR(tally.sum_ulp, sum, 1e-6 * (sum + static_cast<double>(computed.size())));
  const double ulp = std::ldexp(1, -traits(contract.format).precision);
  EXPECT_GE(tally.max_relative, relative - 0x1p-19 * (ulp + relative));
  EXPECT_LE(tally.max_relative, relative_of_all + 0x1p-19 * (ulp + relative_of_all));
  EXPECT_LE(max, tally.max_ulp * (1 + 0x1p-40)) << "no bound";
  EXPECT_NEAR(tally.max_ulp, max, 0x1p-19 * (1 + max));
  if (max > known.max_ulp && max > 0x1p-15) {
    double best = 0;
    for (const std::uint32_t i : lists.candidates) {
      best = std::max(best, judge(contract.format, exact[i], computed[i]).ulp);
    }
    EXPECT_GE(best, max - 0x1p-20) << "the largest error, at " << max_at << ", is known to the reference no better";
    EXPECT_NEAR(judge(contract.format, exact[tally.max_at], computed[tally.max_at]).ulp, max, 0x1p-19 * (1 + max));
  }
}

/// A block's inputs, their exact results, and what the lanes say of computed ones.
struct JudgedBlock {
  JudgedBlock(const Contract& wanted, const SweepBlock& block) : contract(wanted) {
    batch = swept_batch(contract, origin_of(contract, block));
    function = swept_function(contract, block.target);
    outputs.assign(batch->output.begin(), batch->output.end());
    exact = expect(contract, *batch);
  }
  void judge_as_reference(const std::vector<double>& computed, const SweepKnown& known) const {
    const std::vector<float> as_floats(computed.begin(), computed.end());
    Tally tally;
    SweepLists lists;
    judge_run(function, outputs, as_floats, known, tally, lists);
    expect_tally(contract, exact, computed, known, tally, lists);
  }
  Contract contract;
  std::shared_ptr<const Batch> batch;
  SweptFunction function;
  std::vector<float> outputs;
  std::vector<Expected> exact;
};

}  // namespace lossaudit
