// What sweeps settle in lanes is what the reference says.
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
#include "property_tests/swept_blocks.hpp"
#include "property_tests/swept_contracts.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {
namespace {

TEST(SweepJudge, SettlesNothingThatTheReferenceJudgesOtherwise) {
  std::mt19937_64 random(7);
  for (const Contract& contract : swept_contracts()) {
    const SweepPlan plan(contract);
    for (int trial = 0; trial < 12; ++trial) {
      // A few hundred encodings somewhere, and those around 1, 0 and the ends of the range.
      SweepBlock block = plan.block(random() % plan.blocks());
      const std::uint64_t edges[] = {encode(contract.format, 1), 0, encode(contract.format, largest(contract.format))};
      const bool edge = trial < 3;
      block.first = edge ? edges[trial] - std::min<std::uint64_t>(edges[trial], 150) : block.first + random() % 1000;
      block.count = 300;
      SCOPED_TRACE(origin_of(contract, block) + " of " + to_string(contract));
      const JudgedBlock trial_of(contract, block);
      const bool all_nan = std::ranges::all_of(trial_of.exact, [](auto& e) { return e.kind == Expected::Kind::nan; });
      if (all_nan) continue;
      const std::vector<double> computed = made_up(contract, trial_of.exact, random);
      trial_of.judge_as_reference(computed, {static_cast<double>(random() % 4), trial % 4 == 3});
    }
  }
}

TEST(SweepJudge, SettlesOnlyWhatTheEnclosureDecides) {
  constexpr double ulp = 0x1p-23, infinity = std::numeric_limits<double>::infinity();
  const double top = largest(Format::f32);
  const struct {
    const char* what;
    double value, radius, computed;
    bool settled, rounded;
  } cases[] = {
      {"well within half an ulp", 1.5 + 0.3 * ulp, 0x1p-50, 1.5, true, true},
      {"the other neighbour", 1.5 + 0.3 * ulp, 0x1p-50, 1.5 + ulp, true, false},
      {"far off", 1.5 + 0.3 * ulp, 0x1p-50, 100, true, false},
      {"perhaps beyond half an ulp", 1.5 + 0.4 * ulp, 0.2 * ulp, 1.5, false, false},
      {"perhaps within", 1.5 + 0.6 * ulp, 0.2 * ulp, 1.5, false, false},
      {"perhaps below a power of two, where an ulp is half as large", 1, 0.3 * ulp, 1, false, false},
      {"the same, of another result", 1, 0x1p-50, 1 + ulp, false, false},
      {"the same, certainly right", 1, 0x1p-50, 1, true, true},
      {"certainly above the power", 1 + 0x1p-50, 0x1p-50, 1 + ulp, true, false},
      {"perhaps above one", 2 - 0.1 * ulp, 0.2 * ulp, 2 - ulp, false, false},
      {"certainly below one", 2 - 0x1p-50, 0x1p-50, 2 - 2 * ulp, true, false},
      {"a power of two itself", 1, 0, 1, true, true},
      {"a subnormal", 0x1.3p-140, 0x1p-200, 0x1.3p-140, true, true},
      {"the largest subnormal", 0x1p-126 - 0x1p-149, 0x1p-180, 0x1p-126, true, false},
      {"perhaps beyond the largest", top, 0x1p80, top, false, false},
      {"an overflow", 0x1.8p128, 0x1p80, infinity, true, true},
      {"an overflow the other way", -0x1.8p128, 0x1p80, infinity, false, false},
      {"perhaps an overflow", 0x1p128, 0x1p80, infinity, false, false},
      {"nothing known", 1.5, infinity, 1.5, false, false},
      {"not even that", 1.5, std::nan(""), 1.5, false, false},
  };
  for (const auto& c : cases) {
    // Alike, and with another one among them.
    for (const bool mixed : {false, true}) {
      SCOPED_TRACE(std::string(c.what) + (mixed ? ", one by one" : ", at once"));
      std::vector<float> computed(64, static_cast<float>(c.computed));
      if (mixed) computed.back() = 77;
      Tally tally;
      SweepLists lists;
      judge_enclosed(Format::f32, c.value, c.radius, computed, {1e30, false}, tally, lists);
      const auto of_these = [](std::uint64_t count) { return count > 62; };
      EXPECT_EQ(of_these(tally.numbers), c.settled);
      EXPECT_EQ(of_these(lists.open.size()), !c.settled);
      EXPECT_EQ(of_these(tally.correctly_rounded), c.rounded);
      Tally only_rounded;
      SweepLists others;
      judge_enclosed(Format::f32, c.value, c.radius, computed, {1e30, true}, only_rounded, others);
      EXPECT_EQ(of_these(only_rounded.numbers), c.rounded);
    }
  }
  // What is none is counted by the rule that it breaks; one of each is left open, to be shown.
  for (const double wrong : {infinity, std::nan("")}) {
    Tally tally;
    SweepLists lists;
    const std::vector<float> computed(64, static_cast<float>(wrong));
    judge_enclosed(Format::f32, 1.5, 0x1p-50, computed, {1e30, false}, tally, lists);
    EXPECT_EQ(tally.broken[static_cast<std::size_t>(std::isnan(wrong) ? LaneRule::number_due : LaneRule::finite)], 63U);
    EXPECT_EQ(tally.numbers, std::isnan(wrong) ? 0U : 63U);
    EXPECT_EQ(lists.open, std::vector<std::uint32_t>{0});
  }
}

/// Most of all floats lie where a function hardly changes: a chunk there is settled by its ends.
TEST(SweepJudge, SettlesEqualResultsAsTheReferenceDoes) {
  for (const Contract& contract : swept_contracts()) {
    if (contract.format != Format::f32) continue;
    for (const float first :
         {0x1p-60F, -0x1p-47F, 0x1p-42F, -0x1p-30F, 0x1p+30F, -0x1p+8F, 0.25F, 0.9999F, 0x1p+6F, -0x1p+6F}) {
      const bool is_far = std::abs(first) >= 64;  // where hard targets are told from soft ones
      const double target = !contract.options.from_logits ? 1 : !is_far ? 0.25 : first == 0x1p+6F ? 0 : 1;
      const SweepBlock block{0, target, std::bit_cast<std::uint32_t>(first), 2048};
      SCOPED_TRACE(origin_of(contract, block) + " of " + to_string(contract));
      const JudgedBlock trial(contract, block);
      if (trial.exact.front().kind != Expected::Kind::number) continue;
      std::vector<double> computed;
      for (const Expected& e : trial.exact) computed.push_back(e.rounded);
      trial.judge_as_reference(computed, {});
      // One value for all: right, a little off, far off, none.
      const auto value = static_cast<float>(computed.front());
      for (const float wrong : {value, std::nextafter(value, INFINITY), std::nextafter(value, -INFINITY), 2 * value,
                                0.0F, INFINITY, std::numeric_limits<float>::quiet_NaN()}) {
        trial.judge_as_reference(std::vector<double>(computed.size(), wrong), {});
      }
    }
  }
}

TEST(SweepJudge, LeavesLittleToTheReference) {
  for (const Contract& contract : swept_contracts()) {
    if (contract.format != Format::f32) continue;
    SCOPED_TRACE(to_string(contract));
    const JudgedBlock trial(contract, {0, contract.options.from_logits ? 0.5 : 0.0, 0x3e900000, 20000});
    std::vector<float> computed;
    for (const Expected& e : trial.exact) computed.push_back(static_cast<float>(e.rounded));
    Tally tally;
    SweepLists lists;
    judge_run(trial.function, trial.outputs, computed, {}, tally, lists);
    EXPECT_LT(lists.open.size() + lists.candidates.size(), trial.exact.size() / 1000);
  }
}

TEST(SweepJudge, SettlesDifferencesThatCancel) {
  // sigmoid(x) - 1/2 near 0, and at the end of what a series gives.
  std::mt19937_64 random(5);
  const Contract contract = contract_of(Function::binary_crossentropy, Format::f32, Pass::gradient, true);
  for (const float first : {0x1p-149F, 0x1p-126F, 0x1p-60F, -0x1p-30F, 0x1p-12F, 0x1p-8F, -0x1p-4F, 0x1.fffp-4F}) {
    const JudgedBlock trial(contract, {0, 0.5, std::bit_cast<std::uint32_t>(first), 4096});
    SCOPED_TRACE(trial.batch->origin);
    trial.judge_as_reference(made_up(contract, trial.exact, random), {});
    std::vector<float> rounded;
    for (const Expected& e : trial.exact) rounded.push_back(static_cast<float>(e.rounded));
    Tally tally;
    SweepLists lists;
    judge_run(trial.function, trial.outputs, rounded, {}, tally, lists);
    // Of the subnormal results a quarter are ties, or nearly.
    if (std::abs(first) >= 0x1p-100F) {
      EXPECT_LT(lists.open.size(), 16U);
    }
  }
}

/// binary_crossentropy from logits at x = 2^7 m, where the tail is below 2^-180 of it: (1 − t) x alone, to be had as near
/// to a tie or a power of two as a double's t allows.
std::pair<Tally, SweepLists> judge_linear(double t, const std::vector<float>& x, const std::vector<float>& computed) {
  const Contract contract = contract_of(Function::binary_crossentropy, Format::f32, Pass::forward, true);
  std::pair<Tally, SweepLists> judged;
  judge_run(swept_function(contract, t), x, computed, {100, false}, judged.first, judged.second);
  return judged;
}

TEST(SweepJudge, DecidesNothingWithinTheRadius) {
  // Between 2^7 and 2^7 4/3, 3/4 x has half the ulp of x, 2^-17, and is halfway between two floats where x is odd.
  std::vector<float> x, below;
  for (int k = 0; k < 64; ++k) {
    x.push_back(0x1p7F * (1 + 0x1p-23F * static_cast<float>((1 << 21) + 2 * k + 1)));
    const double exact = 0.75 * static_cast<double>(x.back());
    below.push_back(static_cast<float>(exact - 0x1p-18));
    ASSERT_EQ(static_cast<double>(below.back()) + 0x1p-18, exact) << "a tie";
  }
  EXPECT_EQ(judge_linear(0.25, x, below).second.open.size(), x.size()) << "ties";
  EXPECT_EQ(judge_linear(0.25 + 0x1p-51, x, below).second.open.size(), x.size()) << "2^-27 ulp below the tie";
  EXPECT_EQ(judge_linear(0.25 - 0x1p-51, x, below).second.open.size(), x.size()) << "2^-27 ulp above the tie";
  const auto [right, right_lists] = judge_linear(0.25 + 0x1p-42, x, below);
  EXPECT_EQ(right.correctly_rounded, x.size()) << "2^-18 ulp below the tie";
  const auto [wrong, wrong_lists] = judge_linear(0.25 - 0x1p-42, x, below);
  EXPECT_EQ(wrong.numbers, x.size()) << "2^-18 ulp above the tie";
  EXPECT_EQ(wrong.correctly_rounded, 0U);
}

TEST(SweepJudge, KnowsNoUlpBesideAPowerOfTwo) {
  const std::vector<float> x(16, 0x1p10F);
  for (const double t : {0.5 - 0x1p-53, 0.5, 0.5 + 0x1p-53}) {
    const auto [tally, lists] = judge_linear(t, x, std::vector<float>(16, 0x1p9F));
    EXPECT_EQ(tally.correctly_rounded, 16U) << "the power itself is right on either side";
    for (const float off : {-4.0F, -2.0F, -1.0F, 2.0F, 4.0F}) {
      const std::vector<float> computed(16, 0x1p9F + off * 0x1p-15F);
      EXPECT_EQ(judge_linear(t, x, computed).second.open.size(), 16U) << off << " ulp, or half of that";
    }
  }
}

}  // namespace
}  // namespace lossaudit
