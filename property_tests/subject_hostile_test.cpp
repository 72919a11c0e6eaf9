// A library may lie about what it is, or never get so far: opening it ends in names fit to print, or in a BadInput that
// says what is wrong and what to do.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "audit/declared_subject.hpp"

namespace lossaudit {
namespace {

using namespace std::chrono_literals;

std::vector<std::unique_ptr<Subject>> open_hostile(const char* fault) {
  setenv("LOSSAUDIT_FAULT", fault, 1);
  return open_library(HOSTILE_LIBRARY, {.call = 10s, .start = std::string(fault) == "hang_at_load" ? 500ms : 20s});
}

/// The complaint of open_library, which must be one printable line.
template <typename Open>
std::string complaint(Open open) {
  try {
    open();
  } catch (const BadInput& why) {
    std::string text = why.what();
    EXPECT_LT(text.size(), 1000U) << text;
    EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; })) << text;
    return text;
  }
  return "";
}

struct Refusal {
  const char* fault;
  std::vector<std::string> parts;  ///< of the message: what is wrong, and the remedy
};
void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.fault; }

// The address sanitizer stands before the throw and ends the process itself.
#ifdef __SANITIZE_ADDRESS__
constexpr const char* thrown_at_load = "while it was loaded";
#else
constexpr const char* thrown_at_load = "SIGABRT while it was loaded";
#endif

class Hostile : public testing::TestWithParam<Refusal> {};
INSTANTIATE_TEST_SUITE_P(
    Subject, Hostile,
    testing::Values(
        Refusal{"wrong_abi", {"hostile.so", "speaks ABI version 7", "this program speaks 1", "build it again"}},
        Refusal{"none", {"hostile.so", "has no subject", "index 0"}},
        Refusal{"endless_subjects", {"over 256 subjects", "NULL past the last"}},
        Refusal{"crash_at_load", {"SIGABRT while it was loaded", "cannot find the device", "debugger"}},
        Refusal{"exit_at_load", {"exited with status 4 while it was loaded"}},
        Refusal{"hang_at_load", {"no answer within 500 ms while it was loaded", "must not wait"}},
        Refusal{"throw_at_load", {thrown_at_load}}, Refusal{"crash_when_asked", {"SIGSEGV while it was loaded"}},
        Refusal{"throw_when_asked", {"exited with status 1 while it was loaded"}},
        Refusal{"wild_pointer", {"SIGSEGV while it was loaded"}}, Refusal{"wild_name", {"SIGSEGV while it was loaded"}},
        Refusal{"null_contracts", {"copy", "field contracts is NULL", "fill it"}},
        Refusal{"null_compute", {"copy", "field compute is NULL", "fill it"}},
        Refusal{"bad_line", {"hostile.so", "copy", "contract line 2", "did you mean sigmoid"}},
        Refusal{"escape_line", {"contract line 1", "not printable ASCII"}},
        Refusal{"long_line", {"contract line 1", "longer than 1000 characters", "split it"}},
        Refusal{"many_lines", {"over 512 contract lines", "NULL"}}),
    [](const auto& info) { return info.param.fault; });

TEST_P(Hostile, IsRefusedWithWhatIsWrongAndTheRemedy) {
  const std::string text = complaint([] { open_hostile(GetParam().fault); });
  for (const std::string& part : GetParam().parts) EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(HostileSubject, NamesAreMadeFitToPrint) {
  EXPECT_EQ(open_hostile("null_name").front()->name(), "unnamed");
  EXPECT_EQ(open_hostile("empty_name").front()->name(), "unnamed");
  EXPECT_EQ(open_hostile("null_version").front()->version(), "");
  EXPECT_EQ(open_hostile("escape_name").front()->name(), "?[2Jgood <script>??");
  const std::string name = open_hostile("long_name").front()->name();
  EXPECT_EQ(name.size(), max_subject_name);
  EXPECT_TRUE(name.ends_with("A..."));
}

TEST(HostileSubject, TwinsGetNamesOfTheirOwn) {
  std::vector<std::string> names, origins;
  for (const auto& subject : open_hostile("twins")) {
    names.push_back(subject->name());
    origins.push_back(subject->origin());
  }
  EXPECT_EQ(names, (std::vector<std::string>{"copy", "copy#2", "copy#3"}));
  EXPECT_EQ(origins[1], std::string(HOSTILE_LIBRARY) + ":copy#2");
  EXPECT_EQ(open_library(origins[1]).front()->name(), "copy#2") << "an origin opens the subject again";
}

TEST(HostileSubject, WithoutLinesItSupportsNothing) {
  EXPECT_FALSE(open_hostile("no_lines").front()->supports(parse_contract("sigmoid exact f32 forward")));
}

TEST(HostileSubject, WhatLoadingDoesToTheFloatingPointEnvironmentStays) {
  // As flush-to-zero of a library linked with -ffast-math does for everybody who loads it.
  const auto subjects = open_hostile("round_up_at_load");
  Batch batch;
  batch.output = {1.0};
  std::vector<double> results(1);
  const Contract contract = parse_contract("sigmoid exact f64 forward");
  ASSERT_EQ(subjects[0]->compute(contract, batch, results).kind, Outcome::Kind::computed);
  EXPECT_EQ(to_hex(Format::f64, results[0]), "0x1.5555555555556p-2");
}

TEST(HostileSubject, ALibraryThatChangesBetweenProcessesIsSeen) {
  const auto subjects = open_hostile("twins");
  setenv("LOSSAUDIT_FAULT", "none", 1);
  Batch batch;
  batch.output = {1.0};
  std::vector<double> results(1);
  const Contract contract = parse_contract("sigmoid exact f32 forward");
  EXPECT_EQ(subjects[0]->compute(contract, batch, results).kind, Outcome::Kind::computed) << "its process is there";
  EXPECT_EQ(subjects[1]->compute(contract, batch, results).kind, Outcome::Kind::failed);
  setenv("LOSSAUDIT_FAULT", "crash_at_load", 1);
  EXPECT_EQ(subjects[1]->compute(contract, batch, results).kind, Outcome::Kind::crashed);
  setenv("LOSSAUDIT_FAULT", "", 1);
  EXPECT_EQ(subjects[1]->compute(contract, batch, results).kind, Outcome::Kind::failed)
      << "one subject is there, not two";
}

TEST(HostileLibrary, WhatIsNoLibraryIsNamed) {
  const std::string missing = complaint([] { open_library("/nowhere/libmine.so"); });
  EXPECT_NE(missing.find("/nowhere/libmine.so: no such file"), std::string::npos) << missing;
  const std::string no_entry = complaint([] { open_library(NO_ENTRY_LIBRARY); });
  EXPECT_NE(no_entry.find("no_entry.so: exports no lossaudit_subject_at"), std::string::npos) << no_entry;

  const std::filesystem::path text = std::filesystem::path(testing::TempDir()) / "lossaudit_not_a_library.so";
  std::ofstream(text) << "hello\n";
  const std::string not_a_library = complaint([&] { open_library(text.string()); });
  EXPECT_NE(not_a_library.find("cannot be loaded"), std::string::npos) << not_a_library;
  EXPECT_NE(not_a_library.find("give a shared library"), std::string::npos) << not_a_library;
  std::filesystem::remove(text);
  EXPECT_NE(complaint([] { open_library(testing::TempDir()); }).find("cannot be loaded"), std::string::npos);
}

TEST(HostileLibrary, AnUnknownSubjectGetsTheNearestNames) {
  const std::string text = complaint([] { open_library(std::string(FAULTS_LIBRARY) + ":segfalt"); });
  EXPECT_NE(text.find("has no subject 'segfalt': did you mean segfault"), std::string::npos) << text;
}

}  // namespace
}  // namespace lossaudit
