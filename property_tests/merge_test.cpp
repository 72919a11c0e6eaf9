// n shards merged are the one run, field for field; what cannot be merged is refused in a line that says why.
#include "audit/merge.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>

#include "audit/auditor.hpp"

namespace lossaudit {
namespace {

using nlohmann::json;

const char* const lines[] = {"relu,sigmoid exact f32,f16 forward", "softmax exact f32 forward axis",
                             "mean_squared_error exact f32 forward reduction", nullptr};

/// Right to a few ulps, with rules broken, NaNs of a payload and refusals: something for every field, and nothing that
/// depends on what was asked before.
int compute(const lossaudit_contract* contract, const lossaudit_tensors* t) {
  const std::size_t count = t->outer * t->classes * t->inner;
  const std::string_view function(contract->function);
  if (std::string_view(contract->format) == "f16") {
    if (count > 300) return LOSSAUDIT_UNSUPPORTED;
    std::fill_n(static_cast<std::uint16_t*>(t->result), count, std::uint16_t{0});
    return LOSSAUDIT_OK;
  }
  const auto* const x = static_cast<const float*>(t->output);
  auto* const y = static_cast<float*>(t->result);
  if (function == "mean_squared_error") return LOSSAUDIT_OK;  // the result is left unwritten
  if (function == "softmax") {
    for (std::size_t row = 0; row < t->outer * t->inner; ++row) {
      const std::size_t start = row / t->inner * t->classes * t->inner + row % t->inner;
      float sum = 0;
      for (std::size_t i = 0; i < t->classes; ++i) sum += std::exp(x[start + i * t->inner]);
      for (std::size_t i = 0; i < t->classes; ++i) {
        y[start + i * t->inner] = std::exp(x[start + i * t->inner]) / sum;
      }
    }
    return LOSSAUDIT_OK;
  }
  for (std::size_t i = 0; i < count; ++i) {
    y[i] = function == "relu" ? std::fmax(x[i], 0.0F) : 1 / (1 + std::exp(-x[i]));
  }
  return LOSSAUDIT_OK;
}

/// Fails on what is far out, so that the generators differ in whether it does.
int failing(const lossaudit_contract* contract, const lossaudit_tensors* t) {
  const std::size_t count = t->outer * t->classes * t->inner;
  for (std::size_t i = 0; i < count; ++i) {
    if (static_cast<const float*>(t->output)[i] == -1) return LOSSAUDIT_FAILED;
  }
  return compute(contract, t);
}

AuditRequest request(const char* version = "1",
                     int (*subject)(const lossaudit_contract*, const lossaudit_tensors*) = compute) {
  AuditRequest request;
  request.subjects.push_back(
      {make_builtin({LOSSAUDIT_ABI_VERSION, "mine", version, lines, subject}), "mine", "mine", true});
  request.filter.functions = {Function::relu, Function::sigmoid, Function::softmax, Function::mean_squared_error,
                              Function::logsumexp};
  request.filter.formats = {Format::f32, Format::f16};
  request.profile = &profile_named("faithful");
  request.elements = 300;
  return request;
}

/// Less of it, where it only matters that there is something.
AuditRequest little(const char* version = "1") {
  AuditRequest little = request(version);
  little.filter.functions = {Function::sigmoid, Function::relu};
  little.elements = 20;
  return little;
}

/// As a file holds it: what does not survive that cannot be merged.
RunRecord stored(const RunRecord& record) { return parse_record(json::parse(to_json(record).dump()), "stored"); }

NamedRecord shard(std::uint64_t index, std::uint64_t count, AuditRequest of = request()) {
  of.shard = Shard{index, count};
  return {"shard" + std::to_string(index + 1) + ".json", stored(run_audit(of))};
}

std::vector<NamedRecord> shards(
    std::uint64_t count, AuditRequest (*of)() = [] { return request(); }) {
  std::vector<NamedRecord> all;
  for (std::uint64_t i = 0; i < count; ++i) all.push_back(shard(i, count, of()));
  return all;
}

std::string differences(const RunRecord& one, const RunRecord& other) {
  return json::diff(to_json(one), to_json(other)).dump();
}

/// The same without the time that hunting took.
RunRecord timeless(RunRecord record) {
  for (Accuracy& accuracy : record.accuracy) accuracy.hunt.seconds = 0;
  return record;
}

std::string why_refused(const std::vector<NamedRecord>& records) {
  try {
    merge(records);
  } catch (const BadInput& error) {
    return error.what();
  }
  return "";
}

TEST(Merge, AnyNumberOfShardsGivesTheRecordOfOneRun) {
  AuditRequest at_once = request();
  const RunRecord whole = run_audit(at_once);
  std::uint64_t broken = 0, unsupported = 0;
  for (const Accuracy& accuracy : whole.accuracy) {
    for (const RuleResult& rule : accuracy.rules) broken += rule.broken;
    unsupported += accuracy.verdict == "unsupported" ? 1 : 0;
  }
  ASSERT_GT(broken, 0U) << "nothing here would show a lost rule";
  ASSERT_GT(unsupported, 0U) << "nothing here would show a lost line";
  for (const std::uint64_t count : {1, 2, 8, 50}) {
    EXPECT_EQ(differences(timeless(whole), timeless(merge(shards(count)))), "[]") << count << " shards";
  }
}

TEST(Merge, TheTableOfBudgetsIsTheAudits) {
  const auto of = [](std::optional<Shard> shard) {
    AuditRequest tolerant = request();
    tolerant.profile = &profile_named("benchdnn");
    tolerant.shard = shard;
    return run_audit(tolerant);
  };
  const RunRecord merged = merge({{"a", stored(of(Shard{1, 2}))}, {"b", stored(of(Shard{0, 2}))}});
  EXPECT_TRUE(std::ranges::any_of(merged.accuracy, [](const Accuracy& a) { return a.budget_share > 1; }));
  EXPECT_EQ(differences(timeless(of(std::nullopt)), timeless(merged)), "[]");
}

TEST(Merge, InAnyOrderAndGroupsIsTheSame) {
  std::vector<NamedRecord> parts = shards(5);
  const RunRecord whole = merge(parts);
  std::mt19937 random(3);
  for (int trial = 0; trial < 6; ++trial) {
    std::vector<NamedRecord> left = parts;
    while (left.size() > 1) {
      std::ranges::shuffle(left, random);
      const RunRecord two = merge({left[0], left[1]});
      const bool incomplete = left.size() > 2;
      EXPECT_EQ(two.shards.count, incomplete ? 5U : 0U);
      EXPECT_EQ(what_it_lacks(two).empty(), !incomplete) << what_it_lacks(two);
      left.erase(left.begin());
      left[0] = {"merged", stored(two)};
    }
    EXPECT_EQ(differences(whole, left[0].record), "[]");
  }
}

TEST(Merge, APartSaysWhichItIs) {
  const std::vector<NamedRecord> parts = shards(8, [] { return little(); });
  const RunRecord some = merge({parts[6], parts[0], parts[1], parts[4], parts[2]});
  EXPECT_EQ(what_it_lacks(some), "shards 1-3, 5, 7 of 8 alone");
  EXPECT_EQ(what_it_lacks(parts[3].record), "shard 4 of 8 alone");
  EXPECT_EQ(some.shards.held, (std::vector<std::uint64_t>{1, 2, 3, 5, 7}));
}

TEST(Merge, ShowsTheFirstFailureOfAll) {
  AuditRequest at_once = request("1", failing);
  at_once.filter.formats = {Format::f32};
  const RunRecord whole = run_audit(at_once);
  std::vector<NamedRecord> parts;
  for (std::uint64_t i = 0; i < 3; ++i) {
    AuditRequest part = request("1", failing);
    part.filter.formats = {Format::f32};
    parts.push_back(shard(i, 3, std::move(part)));
  }
  std::ranges::reverse(parts);
  const RunRecord merged = merge(parts);
  ASSERT_EQ(whole.accuracy.size(), merged.accuracy.size());
  bool any = false;
  for (std::size_t i = 0; i < whole.accuracy.size(); ++i) {
    EXPECT_EQ(whole.accuracy[i].verdict, merged.accuracy[i].verdict);
    if (whole.accuracy[i].verdict != "crashed") continue;
    any = true;
    EXPECT_EQ(whole.accuracy[i].worst, merged.accuracy[i].worst);
  }
  EXPECT_TRUE(any);
}

TEST(Merge, TheMachinesAreASet) {
  std::vector<NamedRecord> parts = shards(3, [] { return little(); });
  parts[0].record.machine["cpu"] = parts[2].record.machine["cpu"] = "Z80";
  parts[1].record.machine["cpu"] = "6502";
  parts[1].record.started = "2026-01-01T00:00:00Z";
  for (std::size_t i = 0; i < 3; ++i) {
    parts[i].record.command = "lossaudit audit mine --shard " + std::to_string(i + 1) + "/3 -o 'a b" +
                              std::to_string(i) + "' --resume --function 'relu'";
  }
  parts[0].record.started = parts[2].record.started = "2026-01-02T00:00:00Z";
  const RunRecord left = merge({{"two", stored(merge({parts[0], parts[1]}))}, parts[2]});
  const RunRecord right = merge({parts[2], {"two", stored(merge({parts[1], parts[0]}))}});
  EXPECT_EQ(left.machine.at("cpu"), "6502 | Z80");
  EXPECT_EQ(left.started, "2026-01-01T00:00:00Z");
  EXPECT_EQ(left.command, "lossaudit audit mine --function 'relu'");
  EXPECT_EQ(differences(left, right), "[]");
}

TEST(Merge, RefusesWhatIsNotOfOneAudit) {
  const NamedRecord first = shard(0, 3, little());
  const auto refused = [&](const NamedRecord& other) {
    std::string why = why_refused({first, other});
    EXPECT_EQ(why.find('\n'), std::string::npos);
    EXPECT_EQ(why_refused({other, first}).empty(), why.empty()) << "in the other order";
    return why;
  };
  EXPECT_EQ(refused(shard(1, 3, little())), "");
  EXPECT_EQ(refused(shard(0, 3, little())),
            "shard1.json: holds shard 1 of 3, as shard1.json does: leave one of the two out");
  EXPECT_NE(refused({"of two", stored(merge({shard(0, 3, little()), shard(1, 3, little())}))}).find("shard 1 of 3"),
            std::string::npos);
  AuditRequest at_once = little();
  EXPECT_NE(refused({"whole", run_audit(at_once)}).find("--shard"), std::string::npos);
  EXPECT_NE(refused(shard(1, 4, little())).find("number of shards"), std::string::npos);
  EXPECT_NE(refused(shard(1, 3, little("2"))).find("version of mine"), std::string::npos);

  std::map<std::string, AuditRequest> others;
  for (const char* what : {"seed", "profile", "number of inputs", "set of contracts", "--time", "set of subjects"}) {
    others[what] = little();
  }
  others["seed"].seed = 2;
  others["profile"].profile = &profile_named("onnx");
  others["number of inputs"].elements = 21;
  others["set of contracts"].filter.functions.pop_back();
  others["--time"].time = std::chrono::milliseconds(100);
  others["set of subjects"].subjects[0].name = "theirs";
  for (auto& [what, other] : others) {
    const std::string why = refused(shard(1, 3, std::move(other)));
    EXPECT_NE(why.find("another " + what), std::string::npos) << why;
  }
  NamedRecord revised = shard(1, 3, little());
  revised.record.tool_revision += "+";
  EXPECT_NE(refused(revised).find("version of lossaudit"), std::string::npos);
}

TEST(Merge, RefusesWhatIsDamaged) {
  const NamedRecord other = shard(1, 2);
  const json good = to_json(shard(0, 2).record);
  const std::string trial = "/shards/trials/mine/sigmoid exact f32 forward";
  const std::vector<std::pair<std::string, json>> damages = {
      {"/shards/count", 0},
      {"/shards/count", 5000},
      {"/shards/held", json::array()},
      {"/shards/held", {2, 1}},
      {"/shards/held", {1, 1}},
      {"/shards/held", {3}},
      {"/shards/request", 7},
      {"/shards/trials", 7},
      {"/shards/trials", {{"theirs", json::object()}}},
      {"/shards/trials/mine", {{"sigmoid exactly", json::object()}}},
      {trial, json::object()},
      {trial + "/sightings", json::array()},
      {trial + "/sightings/0/size", "much"},
      {trial + "/trial/generators", {1U << 20U}},
      {trial + "/trial/sweeps", {json::object()}},
      {trial + "/trial/results/sum_ulp/exactly", "-1"},
      {trial + "/trial/results/curve", {{"one", json::object()}}},
  };
  for (const auto& [place, damage] : damages) {
    json damaged = good;
    const json::json_pointer pointer(place);
    ASSERT_TRUE(damaged.contains(pointer)) << place;
    damaged[pointer] = damage;
    std::string why;
    try {
      merge({{"damaged.json", parse_record(damaged, "damaged.json")}, other});
    } catch (const BadInput& error) {
      why = error.what();
    }
    EXPECT_TRUE(why.starts_with("damaged.json")) << place << ": " << why;
    EXPECT_EQ(why.find('\n'), std::string::npos);
  }
  json strange = good;
  strange["shards"]["trials"]["mine"]["sigmoid exact f32 forward"]["trial"]["results"]["worst"]["batch"] = "///0x";
  EXPECT_EQ(why_refused({{"strange", parse_record(strange, "strange")}, other}), "") << "an origin is only a name";
}

}  // namespace
}  // namespace lossaudit
