// What an audit finds does not depend on how many threads work at it, and a subject that hangs costs few of its time limits.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "audit/auditor.hpp"

namespace lossaudit {
namespace {

AuditRequest request_of(std::unique_ptr<Subject> subject, std::size_t threads) {
  AuditRequest request;
  request.subjects.push_back({std::move(subject), "mine", "mine", true});
  request.filter.formats = {Format::f32};
  request.filter.dialects = {Dialect::exact};
  request.profile = &profile_named("faithful");
  request.elements = 500;
  request.threads = threads;
  return request;
}

/// Wrong in the usual ways, a rule broken and a refusal: something for every field.
int compute(const lossaudit_contract* contract, const lossaudit_tensors* tensors) {
  const auto* const x = static_cast<const float*>(tensors->output);
  auto* const y = static_cast<float*>(tensors->result);
  if (std::string_view(contract->function) == "sigmoid") {
    if (tensors->result_count > 400) return LOSSAUDIT_UNSUPPORTED;
    for (std::size_t i = 0; i < tensors->result_count; ++i) y[i] = 1 / (1 + std::exp(-x[i]));
    return LOSSAUDIT_OK;
  }
  for (std::size_t row = 0; row < tensors->outer; ++row) {
    float sum = 0;
    for (std::size_t c = 0; c < tensors->classes; ++c) sum += std::exp(x[row * tensors->classes + c]);
    for (std::size_t c = 0; c < tensors->classes; ++c) {
      y[row * tensors->classes + c] = std::exp(x[row * tensors->classes + c]) / sum;
    }
  }
  return LOSSAUDIT_OK;
}

TEST(Threads, AnyNumberOfThemGivesTheSameRecord) {
  static const char* const lines[] = {"sigmoid,softmax exact f32 forward", nullptr};
  std::vector<nlohmann::json> records;
  for (const std::size_t threads : {1, 2, 7}) {
    AuditRequest request = request_of(make_builtin({LOSSAUDIT_ABI_VERSION, "mine", "1", lines, compute}), threads);
    nlohmann::json accuracy = to_json(run_audit(request))["accuracy"];
    for (auto& each : accuracy) {
      if (each.contains("hunt")) each["hunt"].erase("seconds");
    }
    records.push_back(std::move(accuracy));
    EXPECT_EQ(nlohmann::json::diff(records.front(), records.back()).dump(), "[]") << threads;
  }
  const auto any = [&](const auto& shows) { return std::ranges::any_of(records.front(), shows); };
  EXPECT_TRUE(any([](const auto& each) { return each.contains("hunt"); }));
  EXPECT_TRUE(any([](const auto& each) { return each["detail"].dump().find("refused") != std::string::npos; }));
  EXPECT_TRUE(any([](const auto& each) { return each["detail"].dump().find("rule") != std::string::npos; }));
}

/// Hangs whatever it is asked, without the wait.
class Hanging final : public Subject {
 public:
  explicit Hanging(std::atomic<int>& calls) : calls_(calls) {}
  [[nodiscard]] std::string name() const override { return "hanging"; }
  [[nodiscard]] std::string version() const override { return "1"; }
  [[nodiscard]] std::string origin() const override { return "here"; }
  [[nodiscard]] bool supports(const Contract& contract) const override {
    return contract.pass == Pass::forward && traits(contract.function).layout == Layout::elementwise;
  }
  [[nodiscard]] std::string note(const Contract& /*contract*/) const override { return ""; }
  Outcome compute(const Contract& /*contract*/, const Batch& /*batch*/, std::span<double> /*results*/) override {
    ++calls_;
    return {Outcome::Kind::hung, "no answer"};
  }

 private:
  std::atomic<int>& calls_;
};

TEST(Threads, ASubjectThatHangsIsSoonAskedNoMore) {
  for (const int threads : {1, 4}) {
    std::atomic<int> calls = 0;
    AuditRequest request = request_of(std::make_unique<Hanging>(calls), static_cast<std::size_t>(threads));
    const RunRecord record = run_audit(request);
    // Each thread may be at a call of its own when the third contract hangs.
    EXPECT_LE(calls, 3 + threads - 1);
    EXPECT_GE(std::ranges::count(record.accuracy, "hung", &Accuracy::verdict), 5);
    const auto untried = std::ranges::count_if(record.accuracy, [](const Accuracy& accuracy) {
      return accuracy.detail.find("not tried: it hung under 3 contracts before") != std::string::npos;
    });
    EXPECT_GE(untried, 2);
  }
}

}  // namespace
}  // namespace lossaudit
