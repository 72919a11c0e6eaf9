// Where sweeps settle what lies beside a tie, a pole or a bound that rounding took away.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "property_tests/swept_blocks.hpp"
#include "property_tests/swept_contracts.hpp"

namespace lossaudit {
namespace {

/// Sums of short numbers lie half way between results of 16 bits, and what is added to them tells which is nearer.
TEST(SweepJudge, TellsWhichSideOfATie) {
  std::mt19937_64 random(13);
  for (const Format format : {Format::f16, Format::bf16}) {
    for (const Pass pass : {Pass::forward, Pass::gradient}) {
      const Contract contract = contract_of(Function::binary_crossentropy, format, pass, true);
      const int precision = traits(format).precision;
      std::size_t ties = 0, open = 0;
      for (int i = 0; i < 120; ++i) {
        // 1 - t, or 1/2 - t, with one bit more than there is room for; and any t.
        const double odd = static_cast<double>(2 * (random() % 64) + 1);
        const double sign = random() % 2 == 0 ? 1 : -1;
        const double half_ulp = std::ldexp(1.0, -precision - static_cast<int>(random() % 3));
        const double tie = sign * odd * half_ulp;
        const double target = i % 3 == 2 ? decode(format, random() % 0x7000) : tie;
        if (!std::isfinite(target) || round_to(format, target) != target) continue;
        const double firsts[] = {64, -64, 9, 0x1p-60, -0x1p-70, 0x1p-3};
        const SweepBlock block{0, target, encode(format, firsts[random() % 6]), 128};
        SCOPED_TRACE(origin_of(contract, block) + " of " + to_string(contract));
        const JudgedBlock trial(contract, block);
        std::vector<double> computed = made_up(contract, trial.exact, random);
        trial.judge_as_reference(computed, {});
        // Right, or the neighbour on the other side of the exact result.
        for (std::size_t k = 0; k < computed.size(); ++k) {
          const Expected& e = trial.exact[k];
          const bool is_tie = std::abs(e.offset) > 0.5 - 0x1p-18;
          ties += is_tie ? 1 : 0;
          const double step = std::ldexp(e.offset > 0 ? 1.0 : -1.0, e.ulp_exponent);
          computed[k] = k % 2 == 0 ? e.rounded : round_to(format, e.rounded + step);
        }
        trial.judge_as_reference(computed, {});
        const std::vector<float> as_floats(computed.begin(), computed.end());
        Tally tally;
        SweepLists lists;
        judge_run(trial.function, trial.outputs, as_floats, {}, tally, lists);
        if (target == tie) open += lists.open.size();
      }
      EXPECT_GT(ties, 50U) << to_string(contract);
      EXPECT_LT(open, ties / 10) << to_string(contract);
    }
  }
}

/// A middle that is met exactly is a tie, which the even result wins: no enclosure tells that.
TEST(SweepJudge, LeavesTiesToTheReference) {
  constexpr double ulp = 0x1p-7, edge = 0x1p-40, least = 0x1p-133;
  const struct {
    const char* what;
    double value, radius, computed;
    bool settled, rounded;
  } cases[] = {{"below the middle", 1.5 + ulp / 2 - edge, edge, 1.5, true, true},
               {"above it", 1.5 + ulp / 2 + edge, edge, 1.5, true, false},
               {"perhaps not below", 1.5 + ulp / 2 - edge, 1.0001 * edge, 1.5, false, false},
               {"perhaps not above", 1.5 + ulp / 2 + edge, 1.0001 * edge, 1.5, false, false},
               {"a tie", 1.5 + ulp / 2, 0, 1.5, false, false},
               {"near a power of two, whose ulp is half as large below", 1 - ulp / 4 + edge, edge, 1, true, true},
               {"the difference rounds away from the middle", (0.5 - 3 * 0x1p-54) * least, 3.5 * 0x1p-54 * least, least,
                false, false}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    Tally tally;
    SweepLists lists;
    const std::vector<float> computed(64, static_cast<float>(c.computed));
    judge_enclosed(Format::bf16, c.value, c.radius, computed, {1e30, false}, tally, lists);
    EXPECT_EQ(tally.numbers, c.settled ? 64U : 0U);
    EXPECT_EQ(tally.correctly_rounded, c.rounded ? 64U : 0U);
    EXPECT_EQ(lists.open.size(), c.settled ? 0U : 64U);
    // The same one by one.
    std::vector<float> mixed = computed;
    mixed.back() = 77;
    Tally other;
    SweepLists others;
    judge_enclosed(Format::bf16, c.value, c.radius, mixed, {1e30, false}, other, others);
    EXPECT_EQ(other.correctly_rounded, c.rounded ? 63U : 0U);
    EXPECT_EQ(others.open.size(), c.settled ? 0U : 63U);
  }
}

TEST(SweepJudge, CountsPoles) {
  constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  Tally tally;
  SweepLists lists;
  const std::vector<float> computed = {infinity, nan, infinity, -infinity, 5, nan, 3e38F, infinity, -nan};
  judge_poles(computed, infinity, tally, lists);
  EXPECT_EQ(tally.poles, 3U);
  EXPECT_EQ(lists.open, (std::vector<std::uint32_t>{1, 3})) << "the first of each kind";
  EXPECT_EQ(tally.broken[static_cast<std::size_t>(LaneRule::pole)], 2U);
  EXPECT_EQ(tally.broken[static_cast<std::size_t>(LaneRule::number_due)], 2U);
  EXPECT_EQ(tally.count() + lists.open.size(), computed.size());
}

/// Where rounding leaves a clip no bound, all outputs beyond 1 share its result: a pole, or a 0 at a target of 1.
TEST(SweepJudge, SettlesWhatIsNotClipped) {
  Contract contract = contract_of(Function::binary_crossentropy, Format::f32);
  contract.dialect = Dialect::keras1;
  contract.options.epsilon = 1e-9;
  std::mt19937_64 random(17);
  for (const double target : {1.0, 0.0, 0.5}) {
    const JudgedBlock trial(contract, {0, target, std::bit_cast<std::uint32_t>(1.5F), 304});
    if (target == 1) {
      trial.judge_as_reference(made_up(contract, trial.exact, random), {});
      trial.judge_as_reference(std::vector<double>(trial.exact.size(), 0), {});
    }
    Tally tally;
    SweepLists lists;
    judge_run(trial.function, trial.outputs, std::vector<float>(trial.exact.size(), 0), {}, tally, lists);
    EXPECT_EQ(lists.open.empty(), target == 1) << target;
  }
}

}  // namespace
}  // namespace lossaudit
