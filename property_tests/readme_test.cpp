// The README's listing is what a newcomer types: it must compile as it stands there, and find what it says it finds.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "audit/record.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// What stands in `text` between the first `begin` and the next `end`.
std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const std::size_t at = text.find(begin);
  if (at == std::string::npos) return "";
  const std::size_t first = at + begin.size();
  return text.substr(first, text.find(end, first) - first);
}

class Readme : public testing::Test {
 protected:
  Readme() : folder_(fs::path(testing::TempDir()) / ("lossaudit_readme_" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~Readme() override { fs::remove_all(folder_); }

  [[nodiscard]] int run(const std::string& command) const {
    const int status = std::system(("cd '" + folder_.string() + "' && " + command + " >log 2>&1").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  /// Writes the README's listing in that language, and audits it with the README's own command, which has to end with a
  /// finding. How often the subject exceeded its budget, for each function.
  std::map<std::string, int> findings(const std::string& language, const std::string& file,
                                      const std::string& subject) {
    const std::string listing = between(readme_, "```" + language + "\n", "```");
    const std::string command = "\n    build/release/bin/lossaudit audit " + subject;
    EXPECT_NE(readme_.find(command), std::string::npos) << command;
    std::ofstream(folder_ / file) << listing;
    if (const std::string compile = between(readme_, "\n    cc ", "\n"); language == "c") {
      EXPECT_EQ(run(std::string(C_COMPILER) + " -std=c99 -Wall -Wextra -Werror " + compile), 0) << log();
    }
    EXPECT_EQ(run(std::string(LOSSAUDIT) + " audit " + subject + between(readme_, command, "\n")), 1) << log();
    std::map<std::string, int> exceeding;
    for (const Accuracy& accuracy : load_record(folder_ / "mine-report" / "run.json").accuracy) {
      if (accuracy.verdict == "unsupported") continue;
      EXPECT_EQ(accuracy.subject, "mine");
      exceeding[accuracy.function] += accuracy.verdict == "exceeds" ? 1 : 0;
    }
    return exceeding;
  }

  [[nodiscard]] std::string log() const { return text_of(folder_ / "log"); }

  fs::path folder_;
  const std::string readme_ = text_of(fs::path(SOURCES) / "README.md");
};

TEST_F(Readme, ListingCompilesAndItsAuditFindsWhatIsWrong) {
  fs::create_directory_symlink(fs::path(SOURCES) / "audit", folder_ / "audit");
  const std::map<std::string, int> textbook = {{"sigmoid", 1}, {"softplus", 1}};
  EXPECT_EQ(findings("c", "mine.c", "./mine.so"), textbook);
}

TEST_F(Readme, PythonListingRunsAndItsAuditFindsWhatIsWrong) {
  fs::copy_file(fs::path(SOURCES) / "adapters" / "python" / "lossaudit_pipe.py", folder_ / "lossaudit_pipe.py");
  const std::map<std::string, int> textbook = {{"sigmoid", 2}, {"binary_crossentropy", 2}};
  EXPECT_EQ(findings("python", "mine.py", "'cmd:/usr/bin/python3 mine.py'"), textbook);
  // Every finding's command works when it is pasted.
  for (const Accuracy& accuracy : load_record(folder_ / "mine-report" / "run.json").accuracy) {
    if (accuracy.verdict == "unsupported") continue;
    ASSERT_EQ(accuracy.worst.replay.find("lossaudit audit 'cmd:/usr/bin/python3 mine.py' --contract"), 0U);
    EXPECT_EQ(run(LOSSAUDIT + accuracy.worst.replay.substr(9)), 1) << accuracy.worst.replay << log();
  }
}

TEST_F(Readme, JavaScriptListingRunsAndItsAuditFindsWhatIsWrong) {
  if (run("node --version") != 0) GTEST_SKIP() << "Node is not installed (Debian: nodejs)";
  fs::copy_file(fs::path(SOURCES) / "adapters" / "javascript" / "lossaudit_pipe.mjs", folder_ / "lossaudit_pipe.mjs");
  // JavaScript computes in binary64: only there does the formula lose digits.
  const std::map<std::string, int> textbook = {{"sigmoid", 1}};
  EXPECT_EQ(findings("js", "mine.mjs", "'cmd:node mine.mjs'"), textbook);
}

}  // namespace
}  // namespace lossaudit
