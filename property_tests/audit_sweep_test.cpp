// Sweeps: every encoding is tried once, and what is planted is found.
#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "audit/accumulator.hpp"
#include "audit/auditor.hpp"
#include "audit/marshal.hpp"
#include "audit/schedule.hpp"
#include "audit/sweep_trial.hpp"
#include "property_tests/swept_contracts.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {
namespace {

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

/// What is due of an output, as SweepDomain tells it, where it tells all.
SweepDue due_of(const Expected& exact) {
  if (exact.kind == Expected::Kind::nan) return SweepDue::nan;
  if (exact.kind == Expected::Kind::number || exact.recommended) return SweepDue::number;
  return exact.rounded > 0 ? SweepDue::plus_pole : SweepDue::minus_pole;
}

TEST(Sweep, KnowsWhereThereAreNoNumbers) {
  std::mt19937_64 random(11);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::uint64_t poles = 0;
  for (const Contract& contract : swept_contracts()) {
    const bool takes_target = traits(contract.function).target == TargetKind::dense;
    SweepDomains domains;
    for (const double about :
         {-3e4, -0x1p-7, 0.0, -0.0, 0.25, 0.75, 1.0, 1.5, 6e4, infinity, -infinity, std::nan("")}) {
      const double target = takes_target ? round_to(contract.format, about) : 0;
      const SweepDomain& domain = domains.of(contract, target);
      for (int i = 0; i < 150; ++i) {
        const double edges[] = {0, smallest(contract.format), 1, -0.0, infinity, -infinity};
        const std::uint64_t bits =
            i < 6 ? encode(contract.format, edges[i]) : random() >> (64 - 8 * traits(contract.format).bytes);
        const std::size_t binade = bits >> binade_shift(contract.format);
        const bool is_first = bits == binade << binade_shift(contract.format);
        const auto batch = swept_batch(contract, origin_of(contract, {0, target, bits, 1}));
        const SweepDue due = due_of(expect(contract, *batch)[0]);
        SCOPED_TRACE(to_string(contract) + " at " + batch->origin);
        if (is_first && domain.first(binade) == SweepDue::number) {
          EXPECT_NE(due, SweepDue::nan) << "a pole among numbers is the lanes' to leave open";
        } else {
          EXPECT_EQ(is_first ? domain.first(binade) : domain.rest(binade), due);
        }
        poles += due == SweepDue::plus_pole || due == SweepDue::minus_pole ? 1 : 0;
      }
      if (!takes_target) break;
    }
  }
  EXPECT_GT(poles, 1000U);
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

TEST(Sweep, QuickOnesAreOfOneArgumentAndOfLogits) {
  AuditRequest request;
  request.subjects.push_back({std::move(open_subjects("fast").front()), "fast", "fast", true});
  request.filter.contracts = swept_contracts();
  request.exhaustive = request.quick_sweeps = true;
  const Schedule schedule(request);
  ASSERT_EQ(schedule.contracts().size(), swept_contracts().size());
  for (std::size_t p = 0; p < schedule.contracts().size(); ++p) {
    const Contract& contract = schedule.contracts()[p].contract;
    const bool is_binary = contract.function == Function::binary_crossentropy;
    const bool is_quick = !is_binary || (contract.format == Format::f32 && contract.options.from_logits);
    EXPECT_EQ(schedule.sweeps(p).blocks() > 0, is_quick) << to_string(contract);
  }
}

TEST(Sweep, NamesItsBatches) {
  for (const Contract& contract : swept_contracts()) {
    const SweepBlock block{0, 1, 4711, 3};
    const auto batch = swept_batch(contract, origin_of(contract, block));
    ASSERT_NE(batch, nullptr);
    EXPECT_EQ(batch->output[2], decode(contract.format, 4713));
    EXPECT_EQ(batch->target.empty(), traits(contract.function).target != TargetKind::dense);
    // As the inputs that are not swept: of a loss, the gradient that training asks for.
    const bool is_loss = traits(contract.function).is_loss;
    EXPECT_EQ(batch->upstream.empty(), contract.pass == Pass::forward || is_loss);
    for (const std::string bad : {"", "every_input", "every_input/0/0/0", "every_input/0/9999999999/1",
                                  "every_input/1/2", "every_input/1/2/3/4", "every_input/x/2/3", "log_grid/0/0"}) {
      EXPECT_EQ(swept_batch(contract, bad), nullptr) << bad;
    }
  }
}

// ---- a subject that keeps what it was asked

struct Asked {
  std::vector<std::byte> output, target, upstream;
} asked;

int keeps(const lossaudit_contract* contract, const lossaudit_tensors* t) {
  const std::size_t size = t->result_count * (std::string_view(contract->format) == "f32" ? 4 : 2);
  const auto bytes = [size](const void* tensor) {
    const auto* const from = static_cast<const std::byte*>(tensor);
    return tensor == nullptr ? std::vector<std::byte>() : std::vector<std::byte>(from, from + size);
  };
  asked = {bytes(t->output), bytes(t->target), bytes(t->upstream)};
  std::memset(t->result, 0, size);
  return LOSSAUDIT_OK;
}

const char* const swept_lines[] = {"relu,sigmoid,log_sigmoid,softplus,logit exact f32 forward,gradient",
                                   "binary_crossentropy exact,keras1 f32,f16,bf16 forward,gradient from_logits epsilon",
                                   nullptr};

TEST(Sweep, AsksWhatItsBatchesSay) {
  const auto subject = make_builtin({LOSSAUDIT_ABI_VERSION, "keeps", "1", swept_lines, keeps});
  SweepDesk desk;  // one for all, as in an audit: what a contract leaves behind is not the next one's
  for (const Contract& contract : swept_contracts()) {
    SCOPED_TRACE(to_string(contract));
    const SweepBlock block{0, 0.25, 4711, 300};
    SweepDomains domains;
    desk.lay_out(contract, block);
    ASSERT_EQ(desk.ask(*subject, contract, domains.of(contract, block.target), {}).outcome.kind,
              Outcome::Kind::computed);
    const auto stored = [&contract](const std::vector<double>& values) {
      std::vector<std::byte> bytes(values.size() * static_cast<std::size_t>(traits(contract.format).bytes));
      store_values(contract.format, values, bytes.data());
      return bytes;
    };
    const auto batch = swept_batch(contract, origin_of(contract, block));
    ASSERT_NE(batch, nullptr);
    EXPECT_EQ(asked.output, stored(batch->output));
    EXPECT_EQ(asked.target, stored(batch->target));
    EXPECT_EQ(asked.upstream, stored(batch->upstream));
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
