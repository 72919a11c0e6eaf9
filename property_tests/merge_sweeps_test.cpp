// Sweeps whose blocks lie in several records, merged.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "audit/merge.hpp"
#include "audit/sweep_trial.hpp"
#include "audit/trial_parts.hpp"

namespace lossaudit {
namespace {

using nlohmann::json;

int sigmoid(const lossaudit_contract* /*contract*/, const lossaudit_tensors* t) {
  for (std::size_t i = 0; i < t->outer * t->classes * t->inner; ++i) {
    static_cast<float*>(t->result)[i] = 1 / (1 + std::exp(-static_cast<const float*>(t->output)[i]));
  }
  return LOSSAUDIT_OK;
}

/// The record of these blocks of a sweep, tried in this order.
RunRecord swept(const std::vector<float>& blocks, std::uint64_t held) {
  const char* const declared[] = {"sigmoid exact f32 forward", nullptr};
  const auto subject = make_builtin({LOSSAUDIT_ABI_VERSION, "mine", "1", declared, sigmoid});
  const Contract contract = parse_contract("sigmoid exact f32 forward");
  const SweepPlan plan(contract);
  Trial trial(contract, budget(profile_named("faithful"), contract));
  trial.sweeps.resize(plan.sweeps());
  SweepDesk desk;
  SweepDomains domains;
  for (const float x : blocks) {
    const SweepBlock block = plan.block(std::bit_cast<std::uint32_t>(x) * plan.blocks() >> 32);
    SweepState& state = trial.sweeps[0];
    desk.lay_out(contract, block);
    const SweepFindings findings =
        desk.ask(*subject, contract, domains.of(contract, 0), {state.max_ulp, trial.results.only_rounded()});
    add_findings(contract, block, findings, trial.results, state);
  }
  const Conclusion conclusion{*subject, "lossaudit audit mine", "faithful", 1, "", [] { return true; }};
  TrialParts parts;
  parts["mine"].emplace(to_string(contract), TrialPart{trial, exhibits_of(trial, conclusion)});
  RunRecord record;
  record.profile = "faithful";
  record.subjects = {{"mine", "1", "here", true}};
  record.shards = {4, {held}, {}, std::make_shared<const json>(to_json(parts))};
  return parse_record(json::parse(to_json(record).dump()), "stored");
}

TEST(MergeSweeps, AreTheSameHoweverTheirBlocksWereParted) {
  // Here lie errors of every kind; the last one, where results are 0 or 1, has many that are the same.
  const std::vector<float> blocks = {-0x1p-3F, 0x1.4p+2F, -0x1.5cp+6F, -0x1.8p+6F, 0x1p-20F, 0x1.2p+4F};
  const RunRecord one = merge({{"one", swept(blocks, 1)}, {"none", swept({}, 2)}, {"nothing", swept({}, 3)}});
  ASSERT_GT(one.accuracy.at(0).max_ulp, 1);
  const RunRecord parted = merge({{"b", swept({blocks[1], blocks[5]}, 2)},
                                  {"c", swept({blocks[3], blocks[0]}, 3)},
                                  {"a", swept({blocks[4], blocks[2]}, 1)}});
  EXPECT_EQ(to_json(one), to_json(parted)) << json::diff(to_json(one), to_json(parted)).dump();
}

}  // namespace
}  // namespace lossaudit
