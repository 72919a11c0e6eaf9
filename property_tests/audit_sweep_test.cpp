// Sweeps: every encoding is tried once, what is settled in lanes is what the reference says, and what is planted is found.
#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "audit/accumulator.hpp"
#include "audit/auditor.hpp"
#include "audit/measure.hpp"
#include "audit/sweep.hpp"
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
      next = block.first + block.count;
      results += block.count;
    }
    EXPECT_EQ(next, all);
    EXPECT_EQ(results, plan.sweeps() * plan.results_each());
  }
}

TEST(Sweep, IsOfWhatHasOneArgumentAndNoOptions) {
  EXPECT_EQ(SweepPlan(contract_of(Function::sigmoid, Format::f64)).blocks(), 0u);
  EXPECT_EQ(SweepPlan(contract_of(Function::softmax, Format::f32)).blocks(), 0u);
  EXPECT_EQ(SweepPlan(contract_of(Function::sigmoid, Format::f16)).blocks(), 0u) << "a generator has all of them";
  Contract weighted = contract_of(Function::binary_crossentropy, Format::f32, Pass::forward, true);
  weighted.options.pos_weight = 2;
  EXPECT_EQ(SweepPlan(weighted).blocks(), 0u);
  EXPECT_FALSE(SweepPlan(contract_of(Function::binary_crossentropy, Format::f32)).covers())
      << "a few targets are not all";
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
    if (random() % 500 == 0) value = random() % 2 == 0 ? std::numeric_limits<double>::infinity() : std::nan("");
    computed.push_back(value);
  }
  return computed;
}

TEST(Sweep, SettlesNothingThatTheReferenceJudgesOtherwise) {
  std::mt19937_64 random(7);
  for (const Contract& contract : swept_contracts()) {
    SCOPED_TRACE(to_string(contract));
    const SweepPlan plan(contract);
    for (int trial = 0; trial < 12; ++trial) {
      // A few hundred encodings somewhere, and those around 1, 0 and the ends of the range.
      SweepBlock block = plan.block(random() % plan.blocks());
      const std::uint64_t edges[] = {encode(contract.format, 1), 0, encode(contract.format, largest(contract.format))};
      const bool edge = trial < 3;
      block.first = edge ? edges[trial] - std::min<std::uint64_t>(edges[trial], 150) : block.first + random() % 1000;
      block.count = 300;
      PreparedBlock prepared;
      prepare_block(contract, block, prepared);
      if (prepared.nans_due) continue;
      const std::vector<Expected> exact = expect(contract, prepared.batch);
      const std::vector<double> computed = made_up(contract, exact, random);
      const std::vector<float> as_floats(computed.begin(), computed.end());
      const double limit = 0.25 + static_cast<double>(random() % 4);
      std::vector<std::uint32_t> open;
      const Tally tally = judge_run(contract.format, as_floats, prepared.exact, limit, open);
      std::uint64_t rounded = 0, numbers = 0, above = 0;
      double sum = 0, max = 0;
      for (std::size_t i = 0, o = 0; i < computed.size(); ++i) {
        if (o < open.size() && open[o] == i) {
          ++o;
          continue;
        }
        const Judgement judgement = judge(contract.format, exact[i], computed[i]);
        ASSERT_TRUE(judgement.numeric && judgement.required && judgement.broken_rule.empty()) << "result " << i;
        ASSERT_TRUE(judgement.correctly_rounded || judgement.ulp != limit) << "result " << i;
        above += judgement.ulp > limit ? 1 : 0;
        ++numbers;
        rounded += judgement.correctly_rounded ? 1 : 0;
        sum += judgement.ulp;
        max = std::max(max, judgement.ulp);
      }
      EXPECT_EQ(tally.numbers, numbers);
      EXPECT_EQ(tally.correctly_rounded, rounded);
      EXPECT_NEAR(tally.sum_ulp, sum, 1e-3);
      EXPECT_NEAR(tally.max_ulp, max, 1e-5);
      EXPECT_EQ(tally.max_ulp > limit, above > 0);
    }
  }
}

TEST(Sweep, SettlesOnlyWhatTheEnclosureDecides) {
  constexpr double ulp = 0x1p-23, infinity = std::numeric_limits<double>::infinity();
  const double top = largest(Format::f32);
  const struct {
    const char* what;
    double value, radius, computed, worst;
    bool settled, rounded;
  } cases[] = {
      {"well within half an ulp", 1.5 + 0.3 * ulp, 0x1p-50, 1.5, 0, true, true},
      {"the other neighbour, no worse than what was seen", 1.5 + 0.3 * ulp, 0x1p-50, 1.5 + ulp, 1, true, false},
      {"the other neighbour, worse than what was seen", 1.5 + 0.3 * ulp, 0x1p-50, 1.5 + ulp, 0.6, false, false},
      {"perhaps worse than what was seen", 1.5 + 0.3 * ulp, 0.1 * ulp, 1.5 + ulp, 0.75, false, false},
      {"perhaps beyond half an ulp", 1.5 + 0.4 * ulp, 0.2 * ulp, 1.5, 5, false, false},
      {"perhaps below a power of two, where an ulp is half as large", 1, 0.3 * ulp, 1, 5, false, false},
      {"perhaps above one", 2 - 0.1 * ulp, 0.2 * ulp, 2 - ulp, 5, false, false},
      {"a power of two itself", 1, 0, 1, 0, true, true},
      {"a subnormal", 0x1.3p-140, 0x1p-200, 0x1.3p-140, 0, true, true},
      {"perhaps beyond the largest", top, 0x1p80, top, 5, false, false},
      {"an infinity", 1.5, 0x1p-50, infinity, infinity, false, false},
      {"a NaN", 1.5, 0x1p-50, std::nan(""), infinity, false, false},
      {"nothing known", 1.5, infinity, 1.5, infinity, false, false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    constexpr std::size_t n = 64;  // whole vectors
    bulk::Enclosures exact;
    exact.value.assign(n, c.value);
    exact.radius.assign(n, c.radius);
    std::vector<std::uint32_t> open;
    const Tally tally =
        judge_run(Format::f32, std::vector<float>(n, static_cast<float>(c.computed)), exact, c.worst, open);
    EXPECT_EQ(tally.numbers, c.settled ? n : 0);
    EXPECT_EQ(open.size(), c.settled ? 0 : n);
    EXPECT_EQ(tally.correctly_rounded, c.rounded ? n : 0);
  }
}

TEST(Sweep, LeavesLittleToTheReference) {
  for (const Contract& contract : swept_contracts()) {
    if (contract.format != Format::f32) continue;
    SCOPED_TRACE(to_string(contract));
    SweepBlock block{0, contract.options.from_logits ? 0.5 : 0.0, 0x3e900000, 20000};
    PreparedBlock prepared;
    prepare_block(contract, block, prepared);
    std::vector<float> computed;
    for (const Expected& e : expect(contract, prepared.batch)) computed.push_back(static_cast<float>(e.rounded));
    std::vector<std::uint32_t> open;
    judge_run(contract.format, computed, prepared.exact, 0, open);
    EXPECT_LT(open.size(), block.count / 1000);
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
  SweepTrial trial;
  PreparedBlock prepared;
  std::uint64_t tried = 0;
  for (const float x : {off, infinite, nan_at, 1.0F, -200.0F, std::numeric_limits<float>::quiet_NaN()}) {
    const std::uint64_t bits = std::bit_cast<std::uint32_t>(x);
    const std::size_t index = bits * plan.blocks() >> 32;
    prepare_block(contract, plan.block(index), prepared);
    ASSERT_EQ(trial.run(*subject, contract, prepared, results, state).kind, Outcome::Kind::computed);
    tried += prepared.block.count;
  }
  EXPECT_EQ(results.count(), tried);
  EXPECT_EQ(state.results, tried);
  ASSERT_NE(results.worst().batch, nullptr);
  // The infinity counts as 2^128; the sweep's own maximum says the same.
  EXPECT_EQ(results.worst().batch->output.front(), infinite);
  EXPECT_EQ(state.worst, infinite);
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
