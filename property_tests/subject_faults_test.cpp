// A library's subject may do anything when it is called: each fault ends in its Outcome, in time, and the next call
// works.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cfenv>
#include <chrono>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "audit/subject.hpp"
#include "property_tests/faults/calls.hpp"

namespace lossaudit {
namespace {

using namespace std::chrono_literals;
using namespace faults;
using Kind = Outcome::Kind;

std::unique_ptr<Subject> faulty(const std::string& name, std::chrono::milliseconds limit = 10s) {
  return std::move(open_library(std::string(FAULTS_LIBRARY) + ":" + name, {.call = limit}).front());
}

struct Fault {
  const char* subject;
  Kind kind;
  const char* detail;  ///< part of it
};
void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.subject; }

class Faults : public testing::TestWithParam<Fault> {};

constexpr Fault ends[] = {
    {"segfault", Kind::crashed, "SIGSEGV at a null pointer"},
    {"abort", Kind::crashed, "SIGABRT; its last words: assertion failed: ?[31mx > 0"},
    {"exit_0", Kind::crashed, "exited with status 0"},
    {"exit_3", Kind::crashed, "exited with status 3"},
    {"sigfpe", Kind::crashed, "SIGFPE"},
    {"sigill", Kind::crashed, "SIG"},
    {"deep", Kind::crashed, "SIGSEGV"},
    {"writes_past", Kind::crashed, "SIGSEGV just past the end of result"},
    {"writes_far_past", Kind::crashed, "SIGSEGV just past the end of result"},
    {"reads_past", Kind::crashed, "SIGSEGV just past the end of output"},
    {"writes_input", Kind::crashed, "SIGSEGV writing to its input output"},
    {"writes_before", Kind::failed, "wrote before the beginning of result"},
    {"closes_descriptors", Kind::crashed, "exited with status"},
    {"writes_descriptors", Kind::crashed, "descriptor"},
    {"forges_reply", Kind::crashed, "descriptor"},
    {"grandchild_then_crash", Kind::crashed, "SIGSEGV"},
    {"status_77", Kind::failed, "answers 77, which is no status"},
    {"fails", Kind::failed, "LOSSAUDIT_FAILED"},
    {"refuses", Kind::unsupported, "LOSSAUDIT_UNSUPPORTED"},
    {"throws", Kind::failed, "threw an exception: no luck ?[2Jtoday yyy"},
    {"throws_int", Kind::failed, "threw an exception"},
    {"out_of_memory", Kind::failed, "threw an exception: std::bad_alloc"},
    {"chatter", Kind::computed, ""},
    {"asks_stdin", Kind::computed, ""},
    {"truncates_memory", Kind::computed, ""},
    {"grandchild", Kind::computed, ""},
    {"unwritten", Kind::computed, ""},
};
INSTANTIATE_TEST_SUITE_P(Subject, Faults, testing::ValuesIn(ends), [](const auto& info) { return info.param.subject; });

TEST_P(Faults, EndInTheirOutcomeAndTheNextCallWorks) {
  const std::unique_ptr<Subject> subject = faulty(GetParam().subject);
  for (int round = 0; round < 2; ++round) {
    const Outcome outcome = misbehave(*subject);
    EXPECT_EQ(outcome.kind, GetParam().kind) << outcome.detail;
    EXPECT_NE(outcome.detail.find(GetParam().detail), std::string::npos) << outcome.detail;
    EXPECT_EQ(outcome.detail.empty(), outcome.kind == Kind::computed) << outcome.detail;
    EXPECT_LE(outcome.detail.size(), 300U);
    EXPECT_TRUE(std::ranges::all_of(outcome.detail, [](char c) { return c >= ' ' && c <= '~'; })) << outcome.detail;
    expect_works(*subject);
  }
}

class Hangs : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Subject, Hangs, testing::Values("hang", "spin", "stop", "stubborn", "chatter_for_ever"),
                         [](const auto& info) { return info.param; });

TEST_P(Hangs, EndAtTheTimeLimitAndTheNextCallWorks) {
  const std::unique_ptr<Subject> subject = faulty(GetParam(), 500ms);
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome = misbehave(*subject);
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(outcome.kind, Kind::hung) << outcome.detail;
  EXPECT_NE(outcome.detail.find("no answer within 500 ms"), std::string::npos) << outcome.detail;
  EXPECT_GE(took, 500ms);
  EXPECT_LT(took, 10s);
  expect_works(*subject);
}

TEST(SubjectFaults, MemoryAndFilesHaveALimit) {
  const SubjectLimits little = {.resources = {.memory = 256 << 20, .file = 32 << 20, .written = 64 << 20}};
  const auto detail = [&](const std::string& name) {
    const std::unique_ptr<Subject> subject =
        std::move(open_library(std::string(FAULTS_LIBRARY) + ":" + name, little).front());
    Outcome outcome = misbehave(*subject);
    EXPECT_EQ(outcome.kind, Kind::crashed);
    expect_works(*subject);
    return outcome.detail;
  };
  const std::string memory = detail("takes_memory");
  EXPECT_EQ(memory.find("stopped by its limits: it took "), 0U) << memory;
  EXPECT_NE(memory.find(" GiB of memory where 0.25 GiB are allowed"), std::string::npos) << memory;
  EXPECT_EQ(detail("fills_a_file"), "stopped by its limits: it wrote more than 0.04 GiB to one file");
}

TEST(SubjectFaults, ACrashIsSeenAtOnceThoughAGrandchildKeepsEveryPipeOpen) {
  const std::unique_ptr<Subject> subject = faulty("grandchild_then_crash", 10s);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(misbehave(*subject).kind, Kind::crashed);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST(SubjectFaults, ChildAndGrandchildrenGoWithTheSubject) {
  std::unique_ptr<Subject> subject = faulty("grandchild");
  std::vector<double> pids;
  ASSERT_EQ(call(*subject, {1, 2}, pids).kind, Kind::computed);
  for (const double pid : pids) EXPECT_FALSE(is_gone(static_cast<int>(pid)));
  subject.reset();
  for (const double pid : pids) EXPECT_TRUE(goes_soon(static_cast<int>(pid)));
}

TEST(SubjectFaults, UnwrittenResultsAreNaN) {
  const std::unique_ptr<Subject> subject = faulty("unwritten");
  std::vector<double> results;
  ASSERT_EQ(call(*subject, {1, 2}, results).kind, Kind::computed);
  for (const double result : results) EXPECT_EQ(to_hex(Format::f64, result), "nan:0x7ff4badc0ffee000");
  // Nor are the results of a call before mistaken for new ones.
  expect_works(*subject);
  ASSERT_EQ(call(*subject, {1, 2, 3}, results).kind, Kind::computed);
  for (const double result : results) EXPECT_TRUE(std::isnan(result));
}

TEST(SubjectFaults, TheFloatingPointEnvironmentIsNotCarriedIntoTheNextCallNorOut) {
  const std::unique_ptr<Subject> subject = faulty("environment");
  for (int round = 0; round < 3; ++round) {
    std::vector<double> results;
    ASSERT_EQ(call(*subject, {1, 2}, results).kind, Kind::computed);
    EXPECT_EQ(to_hex(Format::f64, results[0]), "0x1.5555555555555p-2");
    EXPECT_EQ(results[1], 0x1p-1023);
  }
  volatile double tiny = 0x1p-1022;
  EXPECT_EQ(tiny / 2, 0x1p-1023);
  EXPECT_EQ(std::fegetround(), FE_TONEAREST);
}

TEST(SubjectFaults, ACrashBetweenCallsIsTheSubjectsToo) {
  const std::unique_ptr<Subject> subject = faulty("crash_later");
  std::vector<double> results;
  ASSERT_EQ(misbehave(*subject).kind, Kind::computed);
  std::this_thread::sleep_for(300ms);
  const Outcome outcome = call(*subject, {0, 0, 0}, results);
  EXPECT_EQ(outcome.kind, Kind::crashed);
  EXPECT_EQ(outcome.detail.find("SIGABRT after its last call had returned"), 0U) << outcome.detail;
  expect_works(*subject);
}

TEST(SubjectFaults, TheChildInheritsNoDescriptorsOfOurs) {
  const std::ofstream ours("/dev/null");  // not close-on-exec
  const std::unique_ptr<Subject> subject = faulty("counts_descriptors");
  std::vector<double> results;
  ASSERT_EQ(call(*subject, {1}, results).kind, Kind::computed);
  EXPECT_EQ(results[0], 2) << "the channel and the tensors' memory";
}

/// Written by an exit handler of ours, if a child runs it. Shared with the children.
struct Shared {
  pid_t owner;
  bool handler_ran_in_a_child;
}* shared = nullptr;

TEST(SubjectFaults, AnExitInTheChildRunsNothingOfOurs) {
  shared =
      static_cast<Shared*>(mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(shared, MAP_FAILED);
  shared->owner = getpid();
  std::atexit([] { shared->handler_ran_in_a_child |= getpid() != shared->owner; });
  const std::unique_ptr<Subject> subject = faulty("exit_3");
  EXPECT_EQ(misbehave(*subject).kind, Kind::crashed);
  EXPECT_FALSE(shared->handler_ran_in_a_child);
}

TEST(SubjectFaults, AFloodOnTheChannelHarmsItsWriterAlone) {
  const std::unique_ptr<Subject> subject = faulty("floods_descriptors", 2s);
  EXPECT_EQ(misbehave(*subject).kind, Kind::crashed);
  expect_works(*subject);
}

TEST(SubjectFaults, EachSubjectHasAProcessOfItsOwn) {
  const std::unique_ptr<Subject> one = faulty("own_pid");
  const std::unique_ptr<Subject> other = faulty("own_pid");
  std::vector<double> first, again, second;
  ASSERT_EQ(call(*one, {1}, first).kind, Kind::computed);
  ASSERT_EQ(call(*other, {1}, second).kind, Kind::computed);
  ASSERT_EQ(call(*one, {1}, again).kind, Kind::computed);
  EXPECT_EQ(first, again) << "one process for all calls";
  EXPECT_NE(first, second);
  EXPECT_NE(first[0], getpid());
}

TEST(SubjectFaults, ASubjectOutlivesTheThreadThatOpenedIt) {
  std::unique_ptr<Subject> subject;
  std::thread([&] {
    subject = faulty("own_pid");
    expect_works(*subject);
  }).join();
  std::this_thread::sleep_for(50ms);
  expect_works(*subject);
}

TEST(SubjectFaults, TheChildDiesWithTheAudit) {
  expect_the_child_dies_with_the_audit([] { misbehave(*faulty("spin", 60s)); });
}

TEST(SubjectFaults, NothingIsLeftBehind) {
  expect_nothing_is_left_behind([] {
    for (int round = 0; round < 3; ++round) {
      for (const char* name : {"segfault", "exit_0", "grandchild", "stubborn", "throws"}) {
        const std::unique_ptr<Subject> subject = faulty(name, 500ms);
        misbehave(*subject);
      }
      EXPECT_THROW(faulty("no such subject"), BadInput);
    }
  });
  std::ifstream maps("/proc/self/maps");
  const std::string text((std::istreambuf_iterator<char>(maps)), std::istreambuf_iterator<char>());
  EXPECT_EQ(text.find("lossaudit-tensors"), std::string::npos) << "shared memory is left";
}

}  // namespace
}  // namespace lossaudit
