// `lossaudit bench`: what is timed, where, and beside which limit. No test asserts a time.
#include "audit/speed_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "audit/bandwidth.hpp"
#include "audit/call_times.hpp"
#include "audit/fast_subject.hpp"
#include "audit/speed_courses.hpp"

namespace lossaudit {
namespace {

SpeedRequest request_for(const std::vector<Function>& functions, const std::vector<Shape>& shapes) {
  SpeedRequest request;
  request.filter.functions = functions;
  request.shapes = shapes;
  request.repetitions = 3;
  request.seconds = 0;
  return request;
}

void add(SpeedRequest& request, std::unique_ptr<Subject> subject) {
  AuditedSubject audited;
  audited.name = subject->name();
  audited.subject = std::move(subject);
  request.subjects.push_back(std::move(audited));
}

/// A subject whose calls cannot be timed where they are made, as those of a program.
class Elsewhere final : public Subject {
 public:
  [[nodiscard]] std::string name() const override { return "elsewhere"; }
  [[nodiscard]] std::string version() const override { return "1"; }
  [[nodiscard]] std::string origin() const override { return "here"; }
  [[nodiscard]] bool supports(const Contract& contract) const override {
    return contract.function == Function::sigmoid && contract.dialect == Dialect::exact;
  }
  [[nodiscard]] std::string note(const Contract& /*contract*/) const override { return "slowly"; }
  Outcome compute(const Contract& /*contract*/, const Batch& /*batch*/, std::span<double> /*results*/) override {
    ++calls;
    return {};
  }
  Outcome compute_stored(const Contract& /*contract*/, const Shape& /*shape*/, const StoredTensors& /*inputs*/,
                         std::span<std::byte> /*result*/) override {
    return {};
  }
  int calls = 0;
};

TEST(CallTimes, CallsAsOftenAsAsked) {
  int calls = 0;
  CallTimes times{.seconds = 0, .repetitions = 5};
  time_calls(times, [&calls] { ++calls; });
  EXPECT_EQ(times.timed, 5U);
  EXPECT_EQ(calls, 1 + 1 + 5) << "to warm up, to see how long one takes, and one in each repetition";
  times.repetitions = 1000;
  time_calls(times, [] {});
  EXPECT_EQ(times.timed, CallTimes::most);
}

TEST(CallTimes, FillsTheTimeAskedFor) {
  std::uint64_t calls = 0;
  CallTimes times{.seconds = 1e-3, .repetitions = 1};
  time_calls(times, [&calls] { ++calls; });
  EXPECT_GT(calls, 1000U) << "an increment takes less than a microsecond";
  EXPECT_GE(times.nanoseconds[0], 0);
}

TEST(Bandwidth, MoversMove) {
  constexpr std::size_t n = 1000;
  const auto floats = [](std::uint32_t first) {
    std::vector<float> values(n + 64);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::uint32_t bits = first + static_cast<std::uint32_t>(i);
      std::memcpy(&values[i], &bits, sizeof bits);
    }
    return values;
  };
  const std::vector<float> a = floats(0x3f800000), b = floats(0x40000000);
  const std::unique_ptr<float, void (*)(void*)> result(
      static_cast<float*>(std::aligned_alloc(64, (n + 64) / 16 * 16 * sizeof(float))), std::free);
  for (const Mover& mover : movers()) {
    std::memset(result.get(), 0, n * sizeof(float));
    mover.move(a.data(), b.data(), result.get(), n);
    if (mover.traffic == Traffic::read || mover.traffic == Traffic::read2) continue;
    for (std::size_t i = 0; i < n - 64; ++i) {
      std::uint32_t moved = 0, of_a = 0, of_b = 0;
      std::memcpy(&moved, result.get() + i, sizeof moved);
      std::memcpy(&of_a, &a[i], sizeof of_a);
      std::memcpy(&of_b, &b[i], sizeof of_b);
      ASSERT_EQ(moved, mover.traffic == Traffic::read_write ? of_a : of_a ^ of_b) << mover.name << " at " << i;
    }
  }
}

TEST(SpeedRun, TimesEachContractAtEachShape) {
  SpeedRequest request = request_for({Function::sigmoid, Function::binary_crossentropy}, {{1, 64, 1}, {4, 16, 1}});
  request.filter.dialects = {Dialect::exact};
  request.filter.passes = {Pass::forward, Pass::gradient};
  add(request, make_builtin(fast_subject()));
  const RunRecord record = run_speed(request);
  const auto is_of = [&](std::string_view function, std::string_view options, std::string_view shape) {
    return std::ranges::count_if(record.speed, [&](const Speed& speed) {
      return speed.function == function && speed.options == options && speed.shape == shape && speed.pass == "forward";
    });
  };
  EXPECT_EQ(is_of("sigmoid", "", "64"), 1);
  EXPECT_EQ(is_of("sigmoid", "", "4x16"), 1);
  EXPECT_EQ(is_of("binary_crossentropy", "reduction=mean", "64"), 1);
  EXPECT_EQ(is_of("binary_crossentropy", "from_logits reduction=mean", "4x16"), 1);
  EXPECT_GT(std::ranges::count(record.speed, "gradient", &Speed::pass), 0);
  for (const Speed& speed : record.speed) {
    EXPECT_EQ(speed.subject, "fast");
    EXPECT_EQ(speed.repetitions, 3U);
    EXPECT_LE(speed.least_ns_per_element, speed.ns_per_element);
    EXPECT_LE(speed.ns_per_element, speed.most_ns_per_element);
    EXPECT_GE(speed.limit_ns_per_element, 0);
    EXPECT_EQ(speed.note, "");
  }
  EXPECT_FALSE(record.machine.empty());
}

TEST(SpeedRun, SaysWhatWasTimedFromHere) {
  SpeedRequest request = request_for({Function::sigmoid}, {{1, 64, 1}});
  auto elsewhere = std::make_unique<Elsewhere>();
  const Elsewhere& subject = *elsewhere;
  add(request, std::move(elsewhere));
  const RunRecord record = run_speed(request);
  ASSERT_EQ(record.speed.size(), 1U);
  EXPECT_TRUE(record.speed[0].note.starts_with("over the pipe")) << record.speed[0].note;
  EXPECT_TRUE(record.speed[0].note.ends_with("slowly"));
  EXPECT_GE(subject.calls, 3);
}

TEST(SpeedRun, ACrashEndsNothing) {
  SpeedRequest request = request_for({Function::sigmoid}, {{1, 64, 1}});
  request.filter.formats = {Format::f32, Format::f64};
  add(request, make_builtin(fast_subject()));
  add(request, std::move(open_library(std::string(FAULTS_LIBRARY) + ":segfault").front()));
  std::vector<std::string> remarks;
  request.remark = [&remarks](const std::string& text) { remarks.push_back(text); };
  const RunRecord record = run_speed(request);
  EXPECT_GE(record.speed.size(), 1U);
  EXPECT_EQ(std::ranges::count(record.speed, "segfault", &Speed::subject), 0);
  ASSERT_FALSE(remarks.empty());
  EXPECT_NE(remarks[0].find("not timed: SIGSEGV"), std::string::npos) << remarks[0];
}

TEST(SpeedRun, NothingToTimeIsRefused) {
  SpeedRequest request = request_for({Function::softmax}, {{1, 64, 1}});
  add(request, std::make_unique<Elsewhere>());
  EXPECT_THROW(run_speed(request), BadInput);
}

TEST(ParseShape, LengthsAndRows) {
  EXPECT_EQ(parse_shape("4096"), (Shape{1, 4096, 1}));
  EXPECT_EQ(parse_shape("256x32000"), (Shape{256, 32000, 1}));
  for (const char* wrong :
       {"", "x", "4096x", "x3", "0", "3x0", "-3", "3x4x5", "a", "4 ", "99999999999999999999", "65536x65536"}) {
    EXPECT_THROW(parse_shape(wrong), BadInput) << wrong;
  }
}

}  // namespace
}  // namespace lossaudit
