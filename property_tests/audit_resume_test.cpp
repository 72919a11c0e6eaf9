// An audit that is stopped keeps what it has done, and goes on as if nothing had been.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "audit/auditor.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;

const char* const lines[] = {"relu,sigmoid exact f32,f16 forward", "mean_squared_error exact f32 forward reduction",
                             nullptr};

/// The exact result's neighbours, NaNs with a payload, a rule broken and a refusal: something for every field.
int compute(const lossaudit_contract* contract, const lossaudit_tensors* tensors) {
  const std::size_t count = tensors->outer * tensors->classes * tensors->inner;
  if (std::string_view(contract->format) == "f16") {
    if (std::string_view(contract->function) == "sigmoid") return LOSSAUDIT_FAILED;
    if (count > 60) return LOSSAUDIT_UNSUPPORTED;
    std::fill_n(static_cast<std::uint16_t*>(tensors->result), count, std::uint16_t{0});
    return LOSSAUDIT_OK;
  }
  if (std::string_view(contract->function) == "mean_squared_error")
    return LOSSAUDIT_OK;  // the result is left unwritten
  for (std::size_t i = 0; i < count; ++i) {
    const float x = static_cast<const float*>(tensors->output)[i];
    static_cast<float*>(tensors->result)[i] =
        std::string_view(contract->function) == "relu" ? std::fmax(x, 0.0F) : 1 / (1 + std::exp(-x));
  }
  return LOSSAUDIT_OK;
}

class Resume : public testing::Test {
 protected:
  Resume() : folder_(fs::path(testing::TempDir()) / ("lossaudit_resume_" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~Resume() override { fs::remove_all(folder_); }

  [[nodiscard]] AuditRequest request(std::uint64_t seed = 1) const {
    const lossaudit_subject subject = {LOSSAUDIT_ABI_VERSION, "mine", "1", lines, compute};
    AuditRequest request;
    request.subjects.push_back({make_builtin(subject), "mine", "mine", true});
    request.filter.functions = {Function::relu, Function::sigmoid, Function::mean_squared_error};
    request.profile = &profile_named("faithful");
    request.elements = 500;
    request.seed = seed;
    request.checkpoint = file();
    request.resume = true;
    return request;
  }

  /// Stops at the first question after `questions` of them.
  [[nodiscard]] RunRecord stopped_after(int questions) const {
    AuditRequest stopped = request();
    stopped.stop = [questions]() mutable { return questions-- <= 0; };
    return run_audit(stopped);
  }

  [[nodiscard]] std::string why_refused(AuditRequest request) const {
    try {
      run_audit(request);
    } catch (const BadInput& error) {
      return error.what();
    }
    return "";
  }

  [[nodiscard]] fs::path file() const { return folder_ / "checkpoint.json"; }

  fs::path folder_;
};

/// All but the time that it took.
nlohmann::json accuracy_of(const RunRecord& record) {
  nlohmann::json all = to_json(record)["accuracy"];
  for (auto& accuracy : all) {
    if (accuracy.contains("hunt")) accuracy["hunt"].erase("seconds");
  }
  return all;
}

TEST_F(Resume, GivesTheRecordOfOneRunHoweverOftenItStopped) {
  AuditRequest at_once = request();
  at_once.checkpoint.clear();
  const nlohmann::json whole = accuracy_of(run_audit(at_once));
  for (const int tasks : {1, 2, 3, 5}) ASSERT_TRUE(stopped_after(tasks).interrupted);
  bool any_refused = false;
  for (const auto& accuracy : whole) {
    any_refused = any_refused || accuracy["detail"].get<std::string>().find("refused") != std::string::npos;
  }
  EXPECT_TRUE(any_refused) << "nothing here would show a lost count of refusals";
  AuditRequest rest = request();
  EXPECT_EQ(nlohmann::json::diff(whole, accuracy_of(run_audit(rest))).dump(), "[]");
  EXPECT_FALSE(fs::exists(file())) << "nothing is left to go on from";
}

TEST_F(Resume, KeepsWhatABudgetOfAnotherKindWasJudgedBy) {
  AuditRequest at_once = request();
  at_once.checkpoint.clear();
  at_once.profile = &profile_named("benchdnn");
  const RunRecord whole = run_audit(at_once);
  ASSERT_TRUE(std::ranges::any_of(whole.accuracy, [](const Accuracy& a) { return a.budget_share > 0; }));
  for (const int tasks : {2, 4}) {
    AuditRequest stopped = request();
    stopped.profile = &profile_named("benchdnn");
    stopped.stop = [questions = tasks]() mutable { return questions-- <= 0; };
    ASSERT_TRUE(run_audit(stopped).interrupted);
  }
  AuditRequest rest = request();
  rest.profile = &profile_named("benchdnn");
  EXPECT_EQ(nlohmann::json::diff(accuracy_of(whole), accuracy_of(run_audit(rest))).dump(), "[]");
}

TEST_F(Resume, AnInterruptedRecordHoldsWhatWasTriedAndNothingElse) {
  const RunRecord record = stopped_after(2);
  EXPECT_TRUE(record.interrupted);
  EXPECT_TRUE(fs::exists(file()));
  EXPECT_FALSE(record.accuracy.empty());
  for (const Accuracy& accuracy : record.accuracy) EXPECT_NE(accuracy.function, "mean_squared_error");
  EXPECT_TRUE(parse_record(to_json(record), "record").interrupted);
}

TEST_F(Resume, WithoutACheckpointItBegins) { EXPECT_FALSE(stopped_after(1000000).interrupted); }

TEST_F(Resume, OfAnotherRequestIsRefusedByWhatDiffers) {
  ASSERT_TRUE(stopped_after(3).interrupted);
  EXPECT_NE(why_refused(request(2)).find("another seed"), std::string::npos) << why_refused(request(2));
  AuditRequest fewer = request();
  fewer.filter.functions.pop_back();
  EXPECT_NE(why_refused(std::move(fewer)).find("another set of contracts"), std::string::npos);
  EXPECT_TRUE(fs::exists(file())) << "nothing is lost";
}

TEST_F(Resume, OfADamagedFileIsRefusedInALine) {
  ASSERT_TRUE(stopped_after(6).interrupted);
  std::ifstream in(file());
  const nlohmann::json good = nlohmann::json::parse(in);
  const auto refusal = [&](const nlohmann::json& damaged) {
    std::ofstream(file()) << damaged.dump();
    std::string why = why_refused(request());
    EXPECT_EQ(why.find('\n'), std::string::npos);
    return why;
  };
  const std::string trial = "mine: relu exact f32 forward";
  ASSERT_TRUE(good["trials"].contains(trial)) << good["trials"].dump();
  const std::string results = "/trials/" + trial + "/results";
  const std::vector<std::pair<std::string, nlohmann::json>> damages = {
      {"/position/next", -1},
      {"/position/hangs", nlohmann::json::array()},
      {"/trials", nlohmann::json::object()},
      {"/trials/" + trial + "/generators", {1U << 20U}},
      {"/trials/" + trial + "/failure/kind", 7},
      {results + "/broken", {1, 2, 3}},
      {results + "/curve", {{"one", nlohmann::json::object()}}},
      {results + "/worst/batch", "no_such_generator/0/0"},
      {results + "/worst/batch", "log_grid/0/1000000"},
      {results + "/worst/result", 1000000000},
      {results + "/worst/computed", "much"},
  };
  for (const auto& [place, damage] : damages) {
    nlohmann::json damaged = good;
    const nlohmann::json::json_pointer pointer(place);
    ASSERT_TRUE(damaged.contains(pointer)) << place;
    damaged[pointer] = damage;
    EXPECT_NE(refusal(damaged), "") << place;
  }
  std::ofstream(file()) << "{";
  EXPECT_NE(why_refused(request()).find("not a checkpoint of lossaudit"), std::string::npos);
  EXPECT_EQ(refusal(good), "");
}

}  // namespace
}  // namespace lossaudit
