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
#include "property_tests/swept_contracts.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {
namespace {

/// Results around the exact ones: right, a few ulps off, and what is none.
std::vector<double> made_up(const Contract& contract, const std::vector<Expected>& exact, std::mt19937_64& random) {
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
void expect_tally(const Contract& contract, const std::vector<Expected>& exact, const std::vector<double>& computed,
                  const SweepKnown& known, const Tally& tally, SweepLists lists) {
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
struct Trial {
  Trial(const Contract& wanted, const SweepBlock& block) : contract(wanted) {
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
      const Trial trial_of(contract, block);
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
      const Trial trial(contract, block);
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
    const Trial trial(contract, {0, contract.options.from_logits ? 0.5 : 0.0, 0x3e900000, 20000});
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
    const Trial trial(contract, {0, 0.5, std::bit_cast<std::uint32_t>(first), 4096});
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
        const Trial trial(contract, block);
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
    const Trial trial(contract, {0, target, std::bit_cast<std::uint32_t>(1.5F), 304});
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
