// reports/published/: what was committed there can still be read, and says what it must.
#include <gtest/gtest.h>

#include "property_tests/report_fixture.hpp"
#include "reports/report.hpp"
#include "reports/round_up.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;

const fs::path published = LOSSAUDIT_PUBLISHED;

std::vector<fs::path> runs() {
  std::vector<fs::path> folders;
  for (const fs::directory_entry& entry : fs::directory_iterator(published)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  return folders;
}

TEST(Published, EveryRecordIsRead) {
  const std::string readme = fixture::text_of(published / "README.md");
  ASSERT_FALSE(readme.empty()) << published;
  for (const fs::path& folder : runs()) {
    const RunRecord speed = load_record(folder / "speed.json"), audit = load_record(folder / "audit.json");
    for (const RunRecord* record : {&speed, &audit}) {
      EXPECT_FALSE(record->started.empty()) << folder;
      EXPECT_TRUE(record->machine.contains("cpu")) << folder;
      EXPECT_FALSE(record->command.empty()) << folder;
    }
    EXPECT_FALSE(speed.speed.empty()) << folder;
    EXPECT_FALSE(audit.accuracy.empty()) << folder;
    const std::string date = folder.filename().string();
    std::string link = "[";
    link.append(date).append("](").append(date).append("/report.md)");
    EXPECT_NE(readme.find(link), std::string::npos) << "README.md lacks " << date;
  }
}

TEST(Published, TheReportIsThatOfTheRecords) {
  for (const fs::path& folder : runs()) {
    const fixture::Folder made;
    write_report({load_record(folder / "audit.json"), load_record(folder / "speed.json")}, made.path);
    const std::string text = fixture::text_of(folder / "report.md");
    // Wording may change; who was timed and how many findings there are may not.
    const std::string now = fixture::text_of(made.path / "report.md");
    EXPECT_EQ(text.substr(0, text.find('\n')), now.substr(0, now.find('\n'))) << folder;
  }
}

TEST(Published, SweepsAndLengthsSayWhatTheirRecordsSay) {
  for (const fs::path& folder : runs()) {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      const std::string name = entry.path().stem().string();
      const bool proved = name.starts_with("proved");
      if (entry.path().extension() != ".json" || (!proved && name != "lengths")) continue;
      SCOPED_TRACE(entry.path());
      const RunRecord record = load_record(entry.path());
      EXPECT_TRUE(record.machine.contains("cpu"));
      const std::string text = fixture::text_of(folder / (name + ".md"));
      EXPECT_EQ(text.empty(), record.lengths.empty() && record.accuracy.empty());
      for (const Accuracy& accuracy : record.accuracy) {
        for (const Sweep& sweep : accuracy.sweeps) {
          EXPECT_NE(text.find(sweep.inputs + " | " + round_up(sweep.max_ulp)), std::string::npos) << accuracy.subject;
        }
      }
      EXPECT_EQ(proved, text.find("### Proved: every value tried") != std::string::npos);
      EXPECT_EQ(!proved, text.find("### Error against length") != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace lossaudit
