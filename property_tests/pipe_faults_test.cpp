// A program may do anything when it is called: each fault ends in its Outcome, in time, and the next call works.
#include <linux/magic.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "property_tests/faults/calls.hpp"

namespace lossaudit {
namespace {

using namespace faults;
using namespace std::chrono_literals;
using Kind = Outcome::Kind;

std::string command(const std::string& fault) {
  return std::string(PYTHON) + " -I -S '" + FAULTS_FOLDER + "/pipe_faults.py' " + fault;
}
std::unique_ptr<Subject> faulty(const std::string& fault, const SubjectLimits& limits = {.call = 20s}) {
  return open_program(command(fault), limits);
}

struct Fault {
  const char* name;
  Kind kind;
  const char* detail;  ///< part of it
};
void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }

constexpr Fault ends[] = {
    {"crash", Kind::crashed, "SIGABRT; its last words: assertion failed: ?[31mx > 0"},
    {"segfault", Kind::crashed, "SIGSEGV"},
    {"early_exit", Kind::crashed, "exited with status 0"},
    {"exit_3", Kind::crashed, "exited with status 3"},
    {"garbage", Kind::failed, "no message: '?????"},
    {"chatter", Kind::failed, "no message: 'Loading model ?[2J..."},
    {"half_message", Kind::crashed, "exited with status 0 ("},
    {"closes_stdout", Kind::crashed, "closed its stdout"},
    {"wrong_type", Kind::failed, "values of type F32 where F64 is due"},
    {"wrong_shape", Kind::failed, "in the shape [4] where [3] is due"},
    {"wrong_rank", Kind::failed, "in the shape [1, 3] where [3] is due"},
    {"no_result", Kind::failed, "without a tensor 'result'"},
    {"two_results", Kind::failed, "2 tensors where 'result' alone is due"},
    {"huge_header", Kind::failed, "header of 4611686018427387904 bytes, where at most 1048576 are allowed"},
    {"huge_result", Kind::failed, "values of type U8 where F64 is due"},
    {"far_offsets", Kind::failed, "a hole before the data of 'result'"},
    {"no_json", Kind::failed, "no JSON at its byte"},
    {"deep_json", Kind::failed, "no message: "},
    {"twice_the_name", Kind::failed, "'__metadata__' twice"},
    {"answers_twice", Kind::failed, "without being asked: '"},
    {"says_more", Kind::failed, "without being asked: 'done.'"},
    {"unsupported", Kind::unsupported, "answers: unsupported: not on ?[1mTuesdays"},
    {"error", Kind::failed, "an error: no luck ?[2Jtoday yyy"},
    {"grandchild_then_crash", Kind::crashed, "SIGABRT"},
    {"stderr_flood", Kind::computed, ""},
    {"nan_flood", Kind::computed, ""},
    {"grandchild", Kind::computed, ""},
    {"shared_as_agreed", Kind::computed, ""},
    {"shared_but_sent", Kind::computed, ""},
    {"shared_truncated", Kind::computed, ""},
    {"shared_unwritten", Kind::computed, ""},
    {"shared_elsewhere", Kind::failed, "of the shared file where"},
    {"shared_before", Kind::failed, "wrote before the beginning of result"},
    {"shared_spoiled", Kind::failed, "wrote before the beginning of result"},
    {"not_shared", Kind::failed, "in shared memory though the call was not"},
};

class PipeFaults : public testing::TestWithParam<Fault> {};
INSTANTIATE_TEST_SUITE_P(Program, PipeFaults, testing::ValuesIn(ends),
                         [](const auto& info) { return info.param.name; });

TEST_P(PipeFaults, EndInTheirOutcomeAndTheNextCallWorks) {
  const std::unique_ptr<Subject> subject = faulty(GetParam().name);
  expect_works(*subject);
  for (int round = 0; round < 2; ++round) {
    const Outcome outcome = misbehave(*subject);
    EXPECT_EQ(outcome.kind, GetParam().kind) << outcome.detail;
    EXPECT_NE(outcome.detail.find(GetParam().detail), std::string::npos) << outcome.detail;
    EXPECT_EQ(outcome.detail.empty(), outcome.kind == Kind::computed) << outcome.detail;
    EXPECT_LE(outcome.detail.size(), 400U);
    EXPECT_TRUE(std::ranges::all_of(outcome.detail, [](char c) { return c >= ' ' && c <= '~'; })) << outcome.detail;
    expect_works(*subject);
  }
}

constexpr Fault hangs[] = {
    {"hang", Kind::hung, "no answer within 400 ms"},
    {"stop", Kind::hung, "no answer within 400 ms"},
    {"stubborn", Kind::hung, "no answer within 400 ms"},
    {"short_chatter", Kind::hung, "(3 bytes of an answer had come, beginning 'hi')"},
    {"half_header", Kind::hung, "(20 bytes of an answer had come"},
    {"slow_trickle", Kind::hung, "bytes of an answer had come"},
    {"stderr_for_ever", Kind::hung, "; its last words: still here"},
};
class PipeHangs : public testing::TestWithParam<Fault> {};
INSTANTIATE_TEST_SUITE_P(Program, PipeHangs, testing::ValuesIn(hangs),
                         [](const auto& info) { return info.param.name; });

TEST_P(PipeHangs, EndAtTheTimeLimitAndTheNextCallWorks) {
  const std::unique_ptr<Subject> subject = faulty(GetParam().name, {.call = 400ms});
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome = misbehave(*subject);
  EXPECT_EQ(outcome.kind, Kind::hung) << outcome.detail;
  EXPECT_NE(outcome.detail.find(GetParam().detail), std::string::npos) << outcome.detail;
  EXPECT_GE(std::chrono::steady_clock::now() - start, 400ms);
  expect_works(*subject);
}

TEST(PipeFaults, ABatchLargerThanAnyPipeReachesAProgramThatAnswersFirst) {
  const std::unique_ptr<Subject> subject = faulty("answers_before_it_reads");
  std::vector<double> results;
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(call(*subject, std::vector<double>(1 << 20, 1), results).kind, Kind::computed);
    EXPECT_EQ(results, std::vector<double>(1 << 20, 0.5));
  }
}

TEST(PipeFaults, WhatIsComputedIsWhatCame) {
  std::vector<double> results;
  EXPECT_EQ(call(*faulty("nan_flood"), {1, 2}, results).kind, Kind::computed);
  for (const double result : results) EXPECT_TRUE(std::isnan(result));
  EXPECT_EQ(call(*faulty("shared_unwritten"), {1, 2}, results).kind, Kind::computed);
  for (const double result : results) EXPECT_EQ(to_hex(Format::f64, result), "nan:0x7ff4badc0ffee000");
  for (const char* name : {"shared_as_agreed", "shared_but_sent", "shared_truncated"}) {
    EXPECT_EQ(call(*faulty(name), {1, 2}, results).kind, Kind::computed);
    EXPECT_EQ(results, std::vector<double>(2, 1)) << name;
  }
}

TEST(PipeFaults, ProgramAndGrandchildrenGoWithTheSubject) {
  std::unique_ptr<Subject> subject = faulty("grandchild");
  std::vector<double> pid;
  ASSERT_EQ(call(*subject, {1}, pid).kind, Kind::computed);
  EXPECT_FALSE(is_gone(static_cast<int>(pid[0])));
  subject.reset();
  EXPECT_TRUE(goes_soon(static_cast<int>(pid[0])));
}

TEST(PipeFaults, ACrashIsSeenThoughAGrandchildKeepsEveryPipeOpen) {
  const std::unique_ptr<Subject> subject = faulty("grandchild_then_crash");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(misbehave(*subject).kind, Kind::crashed);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s) << "of 20 s";
}

TEST(PipeFaults, ACrashBetweenCallsIsThePrograms) {
  const std::unique_ptr<Subject> subject = faulty("crash_later");
  std::vector<double> results;
  ASSERT_EQ(misbehave(*subject).kind, Kind::computed);
  std::this_thread::sleep_for(300ms);
  const Outcome outcome = call(*subject, {0, 0, 0}, results);
  EXPECT_EQ(outcome.kind, Kind::crashed);
  EXPECT_EQ(outcome.detail.find("SIGABRT after its last call had returned"), 0U) << outcome.detail;
  expect_works(*subject);
}

TEST(PipeFaults, AProgramThatNoLongerReadsMayAnswer) {
  const std::unique_ptr<Subject> subject = faulty("closes_stdin", {.call = 1s});
  EXPECT_EQ(misbehave(*subject).kind, Kind::computed);
  EXPECT_NE(misbehave(*subject).kind, Kind::computed);
  expect_works(*subject);
}

TEST(PipeFaults, TheProgramInheritsNoDescriptorsOfOurs) {
  const std::ofstream ours("/dev/null");  // not close-on-exec
  std::vector<double> results;
  ASSERT_EQ(call(*faulty("counts_descriptors"), {1}, results).kind, Kind::computed);
  EXPECT_EQ(results[0], 3) << "stdin, stdout, stderr";
}

TEST(PipeFaults, TheProgramDiesWithTheAudit) {
  expect_the_child_dies_with_the_audit([] { misbehave(*faulty("stubborn", {.call = 60s})); });
}

TEST(PipeFaults, NothingIsLeftBehind) {
  expect_nothing_is_left_behind([] {
    for (const char* name : {"crash", "early_exit", "grandchild", "stubborn", "chatter", "answers_twice", "error"}) {
      misbehave(*faulty(name, {.call = 300ms}));
    }
    EXPECT_THROW(faulty("hello_exit"), BadInput);
  });
}

constexpr ResourceLimits little = {.memory = 256 << 20, .file = 32 << 20, .written = 64 << 20};

TEST(PipeFaults, MemoryHasALimit) {
  const std::unique_ptr<Subject> subject = faulty("takes_memory", {.call = 20s, .resources = little});
  for (int round = 0; round < 2; ++round) {
    const Outcome outcome = misbehave(*subject);
    EXPECT_EQ(outcome.kind, Kind::crashed);
    EXPECT_EQ(outcome.detail.find("stopped by its limits: it took "), 0U) << outcome.detail;
    EXPECT_NE(outcome.detail.find(" GiB of memory where 0.25 GiB are allowed"), std::string::npos) << outcome.detail;
    expect_works(*subject);
  }
}

TEST(PipeFaults, FilesHaveALimit) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / ("lossaudit_files_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const auto writing = [&](const std::string& fault) {
    const std::string fill = "FILL='" + (folder / fault).string() + "' ";
    const std::unique_ptr<Subject> subject = open_program(fill + command(fault), {.call = 20s, .resources = little});
    Outcome outcome = misbehave(*subject);
    EXPECT_EQ(outcome.kind, Kind::crashed);
    expect_works(*subject);
    return outcome.detail;
  };
  EXPECT_NE(writing("fills_the_disk").find("its last words: OSError: [Errno 27] File too large"), std::string::npos);
  EXPECT_EQ(std::filesystem::file_size(folder / "fills_the_disk"), little.file);
  EXPECT_EQ(writing("fills_the_disk_boldly"), "stopped by its limits: it wrote more than 0.04 GiB to one file");
  struct statfs system {};
  statfs(folder.c_str(), &system);
  if (system.f_type != TMPFS_MAGIC) {  // which has no disk to fill
    const std::string detail = writing("fills_the_disk_with_files");
    EXPECT_EQ(detail.find("stopped by its limits: it wrote "), 0U) << detail;
    EXPECT_NE(detail.find(" GiB to files where 0.07 GiB are allowed"), std::string::npos) << detail;
  }
  std::filesystem::remove_all(folder);
}

// ---- programs that are none

std::string complaint(const std::string& command, const SubjectLimits& limits = {}) {
  try {
    open_program(command, limits);
  } catch (const BadInput& why) {
    std::string text = why.what();
    EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; })) << text;
    return text;
  }
  return "";
}

struct Refused {
  const char* fault;
  const char* complaint;
};
constexpr Refused refused[] = {
    {"no_protocol", "no 'protocol' in its __metadata__: see adapters/protocol.md"},
    {"other_protocol", "speaks protocol version '2' where this program speaks 1: take the helper"},
    {"no_name", "no 'name'"},
    {"bad_line", "contract line 2: unknown function 'sigmod': did you mean sigmoid"},
    {"many_lines", "over 512 contract lines"},
    {"hello_tensors", "has tensors: answer with __metadata__ alone"},
    {"hello_chatter", "no message: 'Welcome to my program!"},
    {"hello_error", "it says: no GPU ?[2J"},
    {"hello_exit", "exited with status 0: make it answer the hello"},
    {"hello_words", "exited with status 1; its last words: ModuleNotFoundError: No module named 'numpy'"},
};

TEST(PipeSubject, WhatDoesNotIntroduceItselfIsRefused) {
  for (const Refused& row : refused) {
    const std::string text = complaint(command(row.fault));
    EXPECT_NE(text.find(row.complaint), std::string::npos) << row.fault << ": " << text;
  }
  EXPECT_NE(complaint(command("mute"), {.start = 300ms}).find("no answer within 300 ms"), std::string::npos);
  EXPECT_NE(complaint("/no/such/program")
                .find("exited with status 127; its last words: cannot run /no/such/program: No such file"),
            std::string::npos)
      << complaint("/no/such/program");
  EXPECT_NE(complaint("cat").find("no 'name'"), std::string::npos) << complaint("cat");
  EXPECT_NE(complaint("echo hello").find("exited with status 0 (6 bytes of an answer had come, beginning 'hello')"),
            std::string::npos)
      << complaint("echo hello");
  EXPECT_NE(complaint(" ").find("names no program"), std::string::npos);
}

TEST(PipeSubject, IsWhatItSays) {
  const std::unique_ptr<Subject> subject = faulty("hostile_name");
  EXPECT_EQ(subject->name().find("?[2J<script> yyy"), 0U) << subject->name();
  EXPECT_EQ(subject->name().size(), 64U);
  EXPECT_EQ(subject->version(), "???");
  EXPECT_EQ(subject->origin(), "cmd:" + command("hostile_name"));
  EXPECT_TRUE(subject->supports(sigmoid()));
  EXPECT_EQ(subject->note(sigmoid()), "misbehaves");
  EXPECT_FALSE(subject->supports(parse_contract("sigmoid exact f32 forward")));
  expect_works(*subject);
}

TEST(PipeSubject, CommandsAreWhatAShellTakes) {
  const std::string quoted = "X=1; test \"$X\" = 1 && " + command("'grandchild'") + " 2>/dev/null";
  expect_works(*open_program(quoted));
  expect_works(*open_program("WITH=a\\ variable " + command("\"grandchild\"")));
  const Outcome outcome = misbehave(*open_program("true; " + command("crash")));
  EXPECT_EQ(outcome.detail.find("exited with status 134 (128 + SIGABRT)"), 0U) << outcome.detail;
}

}  // namespace
}  // namespace lossaudit
