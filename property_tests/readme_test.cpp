// The README's listing is what a newcomer types: it must compile as it stands there, and find what it says it finds.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
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

TEST(Readme, ListingCompilesAndItsAuditFindsWhatIsWrong) {
  const std::string readme = text_of(fs::path(SOURCES) / "README.md");
  const std::string listing = between(readme, "```c\n", "```");
  const std::string compile = between(readme, "\n    cc ", "\n");
  const std::string audit = between(readme, "\n    build/release/bin/lossaudit audit ./mine.so", "\n");
  ASSERT_FALSE(listing.empty() || compile.empty() || audit.empty());

  const fs::path folder = fs::path(testing::TempDir()) / ("lossaudit_readme_" + std::to_string(getpid()));
  fs::create_directories(folder);
  fs::create_directory_symlink(fs::path(SOURCES) / "audit", folder / "audit");
  std::ofstream(folder / "mine.c") << listing;
  const auto run = [&](const std::string& command) {
    const int status = std::system(("cd '" + folder.string() + "' && " + command + " >log 2>&1").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  EXPECT_EQ(run(std::string(C_COMPILER) + " -std=c99 -Wall -Wextra -Werror " + compile), 0) << text_of(folder / "log");
  EXPECT_EQ(run(std::string(LOSSAUDIT) + " audit ./mine.so" + audit), 1) << text_of(folder / "log");

  const RunRecord record = load_record(folder / "mine-report" / "run.json");
  int exceeding = 0;
  for (const Accuracy& accuracy : record.accuracy) {
    if (accuracy.verdict == "unsupported") continue;
    EXPECT_EQ(accuracy.subject, "mine");
    EXPECT_TRUE(accuracy.function == "sigmoid" || accuracy.function == "softplus") << accuracy.function;
    exceeding += accuracy.verdict == "exceeds" ? 1 : 0;
  }
  EXPECT_EQ(exceeding, 2) << "both textbook formulas lose digits";
  fs::remove_all(folder);
}

}  // namespace
}  // namespace lossaudit
