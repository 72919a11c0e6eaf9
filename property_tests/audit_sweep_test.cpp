// Sweeps: every encoding is tried once, what is settled in lanes is what the reference says, and what is planted is found.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "audit/accumulator.hpp"
#include "audit/auditor.hpp"
#include "audit/measure.hpp"
#include "audit/sweep_trial.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {
namespace {

Contract contract_of(Function function, Format format, Pass pass = Pass::forward, bool from_logits = false) {
  Contract contract{function, Dialect::exact, format, pass, {}};
  contract.options.from_logits = from_logits;
  return contract;
}

std::vector<Contract> swept_contracts() {
  std::vector<Contract> all;
  for (const Pass pass : {Pass::forward, Pass::gradient}) {
    for (const Function f :
         {Function::relu, Function::sigmoid, Function::log_sigmoid, Function::softplus, Function::logit}) {
      all.push_back(contract_of(f, Format::f32, pass));
    }
    for (const Format format : {Format::f32, Format::f16, Format::bf16}) {
      for (const bool from_logits : {false, true}) {
        all.push_back(contract_of(Function::binary_crossentropy, format, pass, from_logits));
      }
    }
    for (const std::optional<double> epsilon : {std::optional<double>(), std::optional(1e-4)}) {
      Contract clipped = contract_of(Function::binary_crossentropy, Format::f32, pass);
      clipped.dialect = Dialect::keras1;
      clipped.options.epsilon = epsilon;
      all.push_back(clipped);
    }
  }
  return all;
}

TEST(Sweep, TriesEveryEncodingOnce) {
  for (const Contract& contract : swept_contracts()) {
    SCOPED_TRACE(to_string(contract));
    const SweepPlan plan(contract);
    ASSERT_GT(plan.blocks(), 0u);
    const std::uint64_t all = std::uint64_t{1} << (8 * traits(contract.format).bytes);
    std::uint64_t next = 0, results = 0;
    for (std::size_t b = 0; b < plan.blocks(); ++b) {
      const SweepBlock block = plan.block(b);
      ASSERT_EQ(block.first, next % all);
      if (b > 0 && block.first != 0) {
        ASSERT_EQ(block.target, plan.block(b - 1).target);
      }
      ASSERT_LT(block.sweep, plan.sweeps());
      if (plan.tries_pairs()) {
        ASSERT_EQ(encode(contract.format, block.target), b) << "every target once";
      }
      next = block.first + block.count;
      results += block.count;
    }
    EXPECT_EQ(next, all);
    EXPECT_EQ(results, plan.sweeps() * plan.results_each());
  }
}

TEST(Sweep, KnowsWhereNothingIsDefined) {
  std::mt19937_64 random(11);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const Contract& contract : swept_contracts()) {
    if (contract.format == Format::f32) continue;
    SweepDomains domains;
    for (const double about :
         {-3e4, -0x1p-7, 0.0, -0.0, 0.25, 0.75, 1.0, 1.5, 6e4, infinity, -infinity, std::nan("")}) {
      const double target = round_to(contract.format, about);
      const SweepDomain& domain = domains.of(contract, target);
      for (int i = 0; i < 300; ++i) {
        const std::uint64_t bits = i < 4 ? encode(contract.format, i < 2    ? i
                                                                   : i == 2 ? infinity
                                                                            : -infinity)
                                         : random() % (std::uint64_t{1} << 16);
        const std::size_t binade = bits >> binade_shift(contract.format);
        const bool is_first = bits == binade << binade_shift(contract.format);
        const auto batch = swept_batch(contract, origin_of(contract, {0, target, bits, 1}));
        const bool is_nan = expect(contract, *batch)[0].kind == Expected::Kind::nan;
        EXPECT_EQ(is_first ? domain.first_is_nan(binade) : domain.rest_is_nan(binade), is_nan)
            << to_string(contract) << " at output " << batch->output[0] << ", target " << target;
      }
    }
  }
}

TEST(Sweep, IsOfWhatHasOneArgumentAndNoWeights) {
  EXPECT_EQ(SweepPlan(contract_of(Function::sigmoid, Format::f64)).blocks(), 0u);
  EXPECT_EQ(SweepPlan(contract_of(Function::softmax, Format::f32)).blocks(), 0u);
  EXPECT_EQ(SweepPlan(contract_of(Function::sigmoid, Format::f16)).blocks(), 0u) << "a generator has all of them";
  Contract weighted = contract_of(Function::binary_crossentropy, Format::f32, Pass::forward, true);
  weighted.options.pos_weight = 2;
  EXPECT_EQ(SweepPlan(weighted).blocks(), 0u);
  EXPECT_FALSE(SweepPlan(contract_of(Function::binary_crossentropy, Format::f32)).covers())
      << "a few targets are not all";
  EXPECT_TRUE(SweepPlan(contract_of(Function::binary_crossentropy, Format::bf16)).covers());
}

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

TEST(Sweep, SettlesNothingThatTheReferenceJudgesOtherwise) {
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

TEST(Sweep, SettlesOnlyWhatTheEnclosureDecides) {
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
TEST(Sweep, SettlesEqualResultsAsTheReferenceDoes) {
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

TEST(Sweep, LeavesLittleToTheReference) {
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

TEST(Sweep, SettlesDifferencesThatCancel) {
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

TEST(Sweep, DecidesNothingWithinTheRadius) {
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

TEST(Sweep, KnowsNoUlpBesideAPowerOfTwo) {
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

TEST(Sweep, NamesItsBatches) {
  for (const Contract& contract : swept_contracts()) {
    const SweepBlock block{0, 1, 4711, 3};
    const auto batch = swept_batch(contract, origin_of(contract, block));
    ASSERT_NE(batch, nullptr);
    EXPECT_EQ(batch->output[2], decode(contract.format, 4713));
    EXPECT_EQ(batch->target.empty(), traits(contract.function).target != TargetKind::dense);
    for (const std::string bad : {"", "every_input", "every_input/0/0/0", "every_input/0/9999999999/1",
                                  "every_input/1/2", "every_input/1/2/3/4", "every_input/x/2/3", "log_grid/0/0"}) {
      EXPECT_EQ(swept_batch(contract, bad), nullptr) << bad;
    }
  }
}

// ---- a subject that is wrong at three floats

constexpr float off = 0x1.234566p-3F, infinite = -0x1.8p+2F, nan_at = 0x1.4p-20F;

int almost_sigmoid(const lossaudit_contract* /*contract*/, const lossaudit_tensors* t) {
  for (std::size_t i = 0; i < t->outer * t->classes * t->inner; ++i) {
    const float x = static_cast<const float*>(t->output)[i];
    auto y = static_cast<float>(1 / (1 + std::exp(-static_cast<double>(x))));
    if (x == off) y *= 1 + 0x1p-21F;
    if (x == infinite) y = std::numeric_limits<float>::infinity();
    if (x == nan_at) y = std::numeric_limits<float>::quiet_NaN();
    static_cast<float*>(t->result)[i] = y;
  }
  return LOSSAUDIT_OK;
}

const char* const lines[] = {"sigmoid exact f32 forward", nullptr};

TEST(Sweep, FindsOneFloatAmongAll) {
  const auto subject = make_builtin({LOSSAUDIT_ABI_VERSION, "almost", "1", lines, almost_sigmoid});
  const Contract contract = contract_of(Function::sigmoid, Format::f32);
  const SweepPlan plan(contract);
  Accumulator results(contract, ulp_budget(4, "a test"));
  SweepState state;
  SweepDesk desk;
  SweepDomains domains;
  std::uint64_t tried = 0;
  for (const float x : {off, infinite, nan_at, 1.0F, -200.0F, std::numeric_limits<float>::quiet_NaN()}) {
    const std::uint64_t bits = std::bit_cast<std::uint32_t>(x);
    const SweepBlock block = plan.block(bits * plan.blocks() >> 32);
    desk.lay_out(contract, block);
    const SweepFindings findings = desk.ask(*subject, contract, domains.of(contract, 0), {state.max_ulp, false});
    ASSERT_EQ(findings.outcome.kind, Outcome::Kind::computed);
    add_findings(contract, block, findings, results, state);
    tried += block.count;
  }
  EXPECT_EQ(results.count(), tried);
  EXPECT_EQ(state.results, tried);
  ASSERT_NE(results.worst().batch, nullptr);
  // The infinity counts as 2^128; the sweep's own maximum says the same.
  EXPECT_EQ(results.worst().batch->output.front(), infinite);
  EXPECT_EQ(state.worst, std::bit_cast<std::uint32_t>(infinite));
  EXPECT_EQ(state.max_ulp, results.worst().size);
  std::uint64_t broken = 0;
  for (std::size_t rule = 0; rule < rules().size(); ++rule) broken += results.broken(rule);
  EXPECT_EQ(broken, 2u) << "an infinity and a NaN";
}

TEST(Sweep, GoesOnWhereItStopped) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(testing::TempDir()) / ("lossaudit_sweep_" + std::to_string(getpid()));
  fs::create_directories(folder);
  const auto stopped_after = [&](int questions, const char* checkpoint, bool resume) {
    AuditRequest request;
    request.subjects.push_back(
        {make_builtin({LOSSAUDIT_ABI_VERSION, "almost", "1", lines, almost_sigmoid}), "almost", "almost", true});
    request.filter = {{Function::sigmoid}, {Dialect::exact}, {Format::f32}, {Pass::forward}};
    request.profile = &profile_named("faithful");
    request.elements = 100;
    request.exhaustive = true;
    request.checkpoint = folder / checkpoint;
    request.resume = resume;
    request.stop = [questions]() mutable { return questions-- <= 0; };
    return run_audit(request);
  };
  const auto shown = [](const RunRecord& record) {
    nlohmann::json json = to_json(record)["accuracy"];
    return json.dump();
  };
  stopped_after(9, "twice", false);
  const std::string twice = shown(stopped_after(4, "twice", true));
  const std::string once = shown(stopped_after(13, "once", false));
  EXPECT_EQ(twice, once);
  EXPECT_NE(once.find(sweep_generator), std::string::npos) << "no block was tried";
  fs::remove_all(folder);
}

}  // namespace
}  // namespace lossaudit
