// What a SUBJECT argument names: the built-in subject, an adapter, a path; and what is said when it names nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "audit/subject.hpp"
#include "audit/text.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;

std::string complaint(const std::string& argument) {
  try {
    open_subjects(argument);
  } catch (const BadInput& why) {
    return why.what();
  }
  return "";
}

/// A folder of adapters that holds the library of faults under another name.
class AdapterFolder : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_);
    fs::create_symlink(FAULTS_LIBRARY, folder_ / "mine.so");
    setenv("LOSSAUDIT_ADAPTERS", ("/nowhere::" + folder_.string()).c_str(), 1);
  }
  void TearDown() override {
    unsetenv("LOSSAUDIT_ADAPTERS");
    fs::remove_all(folder_);
  }
  fs::path folder_ = fs::path(testing::TempDir()) / ("lossaudit_adapters_" + std::to_string(getpid()));
};

TEST_F(AdapterFolder, IsLookedThrough) {
  const auto subjects = open_subjects("mine:copy");
  ASSERT_EQ(subjects.size(), 1U);
  EXPECT_EQ(subjects[0]->name(), "copy");
  EXPECT_EQ(subjects[0]->origin(), (folder_ / "mine.so").string() + ":copy");
  EXPECT_GT(open_subjects("mine").size(), 30U);

  const std::vector<KnownSubject> known = known_subjects();
  const auto mine = std::ranges::find(known, "mine", &KnownSubject::name);
  ASSERT_NE(mine, known.end());
  EXPECT_TRUE(mine->ready);
  EXPECT_EQ(mine->remedy, "");
  EXPECT_NE(complaint("mini").find("did you mean mine"), std::string::npos);
}

TEST(SubjectNames, FastIsBuiltIn) {
  const auto subjects = open_subjects("fast");
  ASSERT_EQ(subjects.size(), 1U);
  EXPECT_EQ(subjects[0]->name(), "fast");
  EXPECT_EQ(subjects[0]->origin(), "built in");
  EXPECT_EQ(known_subjects().front().name, "fast");
  Batch batch;
  batch.output = {0};
  std::vector<double> results(1);
  const Outcome outcome = subjects[0]->compute(parse_contract("sigmoid exact f32 forward"), batch, results);
  EXPECT_EQ(outcome.kind, Outcome::Kind::computed) << outcome.detail;
  EXPECT_EQ(results[0], 0.5);
}

TEST(SubjectNames, APathIsALibrary) {
  EXPECT_EQ(open_subjects(std::string(FAULTS_LIBRARY) + ":copy").front()->name(), "copy");
  EXPECT_NE(complaint("./nowhere/mine").find("./nowhere/mine: no such file"), std::string::npos);
  EXPECT_NE(complaint("libmine.so").find("libmine.so: no such file"), std::string::npos);
  EXPECT_NE(complaint("libmine.so:one").find("libmine.so: no such file"), std::string::npos);
}

TEST(SubjectNames, TheUnknownGetsTheNearestNames) {
  const std::string text = complaint("egen");
  EXPECT_NE(text.find("unknown subject 'egen': did you mean eigen"), std::string::npos) << text;
  EXPECT_NE(text.find("lossaudit list subjects"), std::string::npos) << text;
  EXPECT_EQ(complaint("x\x1b[2J\n").find('\x1b'), std::string::npos);
  EXPECT_NE(complaint("").find("unknown subject ''"), std::string::npos);
}

TEST(SubjectNames, AnAdapterThatIsNotReadySaysHow) {
  for (const KnownSubject& known : known_subjects()) {
    EXPECT_EQ(known.remedy.empty(), known.ready) << known.name;
    if (known.ready) continue;
    EXPECT_EQ(complaint(known.name), "subject " + known.name + " is not ready: " + known.remedy);
  }
}

TEST(PrintableText, IsOneLineOfPlainAscii) {
  EXPECT_EQ(printable("  a \r\n\t b  ", 20), "a b");
  EXPECT_EQ(printable(std::string_view("\x1b[31m\0\x7f\xc3\xa9", 9), 20), "?[31m????");
  EXPECT_EQ(printable("abcdefghij", 10), "abcdefghij");
  EXPECT_EQ(printable("abcdefghijk", 10), "abcdefg...");
  EXPECT_EQ(printable("", 10), "");
  EXPECT_EQ(last_line("one\ntwo\n\n \n", 10), "two");
  EXPECT_EQ(last_line("\n \n", 10), "");
  EXPECT_EQ(last_line("only", 10), "only");
}

}  // namespace
}  // namespace lossaudit
