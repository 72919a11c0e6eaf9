// report.md and junit.xml: what they say, and that nothing in a record can make them say something else.
#include <gtest/gtest.h>

#include <boost/property_tree/xml_parser.hpp>
#include <nlohmann/json.hpp>

#include "property_tests/report_fixture.hpp"
#include "reference/contract.hpp"
#include "reports/hunts.hpp"
#include "reports/overview.hpp"
#include "reports/report.hpp"
#include "reports/writers.hpp"

namespace lossaudit {
namespace {

using boost::property_tree::ptree;

ptree junit_of(const RunRecord& record) {
  const fixture::Folder folder;
  write_report(record, folder.path);
  ptree document;
  read_xml((folder.path / "junit.xml").string(), document);
  return document.get_child("testsuites");
}

/// The testsuite of that name.
ptree suite_named(const ptree& suites, const std::string& name) {
  for (const auto& [tag, suite] : suites) {
    if (tag == "testsuite" && suite.get<std::string>("<xmlattr>.name") == name) return suite;
  }
  ADD_FAILURE() << "no testsuite " << name;
  return {};
}

/// The testcase whose name starts so.
ptree case_named(const ptree& suite, const std::string& start) {
  for (const auto& [tag, testcase] : suite) {
    if (tag == "testcase" && testcase.get<std::string>("<xmlattr>.name").starts_with(start)) return testcase;
  }
  ADD_FAILURE() << "no testcase " << start;
  return {};
}

TEST(Overview, SortsFindingsBySeverity) {
  const Overview overview({fixture::record()});
  ASSERT_EQ(overview.findings.size(), 9U);
  EXPECT_EQ(overview.findings[0].standing, Standing::crashed);
  EXPECT_EQ(overview.findings[1].standing, Standing::breaks_rule);
  EXPECT_EQ(overview.findings[2].standing, Standing::breaks_rule);
  EXPECT_EQ(overview.findings[3].standing, Standing::exceeds);
  EXPECT_EQ(overview.findings[3].entry->accuracy->max_ulp, fixture::infinity);
  EXPECT_EQ(overview.findings.back().standing, Standing::advised);
}

TEST(Overview, JoinsTheSameFaultOfSeveralContracts) {
  RunRecord record = fixture::record();
  Accuracy other = record.accuracy[3];
  other.format = "f16";
  other.max_ulp *= 2;
  record.accuracy.push_back(other);
  const Overview overview({record});
  const auto found = std::find_if(overview.findings.begin(), overview.findings.end(), [&](const Finding& finding) {
    return finding.standing == Standing::exceeds && finding.entry->accuracy->subject == "plain" &&
           finding.entry->accuracy->function == "sigmoid";
  });
  ASSERT_NE(found, overview.findings.end());
  EXPECT_EQ(found->entry->accuracy->format, "f16") << "the larger error speaks for both";
  ASSERT_EQ(found->others.size(), 1U);
  EXPECT_EQ(found->others[0]->accuracy->format, "f32");
}

TEST(Overview, KeepsSubjectsOfOneNameInTwoRunsApart) {
  const Overview overview({fixture::record(), fixture::record()});
  EXPECT_EQ(overview.columns.size(), 8U);
  EXPECT_EQ(overview.columns[0].label, "fast (run 1)");
  EXPECT_EQ(overview.columns[4].label, "fast (run 2)");
  EXPECT_EQ(overview.columns[4].contracts, 3U);
}

TEST(Overview, SubjectsOutsideTheListHaveAColumn) {
  RunRecord record = fixture::record();
  record.subjects.clear();
  EXPECT_EQ(Overview({record}).columns.size(), 4U);
  EXPECT_EQ(Overview(std::vector<RunRecord>{RunRecord()}).headline(), "No subject was audited");
}

TEST(Junit, FailsWhereTheAuditFails) {
  const ptree suites = junit_of(fixture::record());
  const ptree fast = suite_named(suites, "fast");
  EXPECT_EQ(fast.get<int>("<xmlattr>.tests"), 3);
  EXPECT_EQ(fast.get<int>("<xmlattr>.failures"), 0);
  EXPECT_EQ(case_named(fast, "sigmoid").count("failure"), 0U);
  const ptree remark = case_named(fast, "logsumexp");
  EXPECT_EQ(remark.count("failure"), 0U) << "a recommended rule fails nobody";
  EXPECT_NE(remark.get<std::string>("system-out").find("limit at an infinite input"), std::string::npos);

  const ptree plain = suite_named(suites, "plain");
  EXPECT_EQ(plain.get<int>("<xmlattr>.failures"), 2);
  EXPECT_EQ(plain.get<int>("<xmlattr>.errors"), 1);
  const ptree exceeds = case_named(plain, "sigmoid exact f32 forward");
  EXPECT_EQ(exceeds.get<std::string>("failure.<xmlattr>.message"), "off by 8.39e6 ulp, budget 4");
  const auto text = exceeds.get<std::string>("failure");
  EXPECT_NE(text.find("-0x1.9p+6 (-100)"), std::string::npos);
  EXPECT_NE(text.find("lossaudit audit plain --contract 'sigmoid exact f32 forward' --case 'output=-0x1.9p+6'"),
            std::string::npos);
  EXPECT_EQ(case_named(plain, "softmax").get<std::string>("failure.<xmlattr>.type"), "breaks-rule");
  EXPECT_EQ(case_named(plain, "logsumexp").get<std::string>("error.<xmlattr>.message"),
            "crashed: signal 11 (segmentation fault)");

  const ptree guest = suite_named(suites, "guest");
  EXPECT_EQ(guest.get<int>("<xmlattr>.failures"), 0) << "not gated";
  EXPECT_EQ(guest.get<int>("<xmlattr>.skipped"), 2);
  EXPECT_EQ(case_named(guest, "sigmoid").get<std::string>("skipped.<xmlattr>.message"),
            "not gated: off by 8.39e6 ulp, budget 4");
  EXPECT_EQ(case_named(guest, "softmax").get<std::string>("skipped.<xmlattr>.message"), "not supported");
}

TEST(Junit, EveryCharacterIsAllowedInXml) {
  RunRecord record = fixture::record();
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  record.subjects[0].version = all + "\uffff]]>";
  const fixture::Folder folder;
  write_report(record, folder.path);
  for (const char c : fixture::text_of(folder.path / "junit.xml")) {
    ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n') << static_cast<int>(c);
  }
  const std::string name = suite_named(junit_of(record), "plain").get<std::string>("<xmlattr>.name");
  EXPECT_EQ(name, "plain");
}

TEST(Markdown, SaysWhatWasFound) {
  const std::string text = markdown_report(Overview({fixture::record()}));
  EXPECT_TRUE(text.starts_with("## fast conforms; plain, ")) << text.substr(0, 80);
  EXPECT_NE(text.find("| sigmoid | ✓ 0.501 | **✗ 8.39e6** |"), std::string::npos);
  EXPECT_NE(text.find("| softmax | ✓ 0.501 ● | **✗ inf and breaks a rule** |"), std::string::npos);
  EXPECT_NE(text.find("| logsumexp | ✓\\* 0.501 | **✖ crashed** |"), std::string::npos);
  EXPECT_NE(text.find("replay    lossaudit audit plain --contract"), std::string::npos);
  EXPECT_NE(text.find("| fast | sigmoid exact f32 forward | every f32 | 0.501 | -0x1.e6p-17 | 0.03 | 99.9% | 9.81 |"),
            std::string::npos);
  EXPECT_NE(page_report(Overview({fixture::record()})).find("every f32: 0.501 ulp at "), std::string::npos);
}

TEST(Markdown, SaysWhereASweepProvesNothing) {
  RunRecord record = fixture::record();
  record.accuracy[0].sweeps[0].beside_ulp = 4.325e6;
  const std::vector<RunRecord> read = {parse_record(to_json(record), "a test")};
  const Overview overview(read);
  EXPECT_NE(markdown_report(overview).find("| every f32 | 0.501, but 4.33e6 beside other inputs | -0x1.e6p-17 |"),
            std::string::npos);
  EXPECT_NE(page_report(overview).find(", but 4.33e6 beside other inputs; mean"), std::string::npos);
}

TEST(Markdown, HoldsSweepsAgainstTheirGoals) {
  const std::string text = markdown_report(Overview({fixture::timed()}));
  EXPECT_NE(text.find("| a sweep of fast's sigmoid | 0.5 | its kernel alone | 0.25 | 2.0 | at most 8 |"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("| 900 | a sweep | 0.5 | 1799.9 | at least 300 |"), std::string::npos) << "rounded down";
  EXPECT_EQ(text.find("<script>"), std::string::npos);
  RunRecord alone;
  alone.sweep_speed = fixture::timed().sweep_speed;
  EXPECT_EQ(Overview({alone}).headline(), "The speed of sweeps");
}

TEST(Markdown, HasErrorsAgainstLengthInOneLineAContract) {
  const std::string text = markdown_report(Overview({fixture::lengths()}));
  const std::size_t table = text.find("### Error against length");
  ASSERT_NE(table, std::string::npos);
  EXPECT_NE(
      text.find("| softmax exact f32 forward | 0.296 at 1.05e6, n^0.00, double | 1.04e5 at 1.05e6, n^0.92, float |"),
      std::string::npos)
      << text.substr(table);
  EXPECT_NE(text.find("differs: result 3"), std::string::npos);
  EXPECT_EQ(text.find("<script>"), std::string::npos);
  RunRecord same = fixture::lengths();
  same.lengths.resize(1);
  EXPECT_NE(markdown_report(Overview({same})).find("Every result compared is the same to the bit"), std::string::npos);
}

/// A contract with a hunt that found an error where random cases have another.
Accuracy hunted(const std::string& function, const std::string& format, double hunt, double random,
                std::uint64_t lost = 0) {
  Accuracy accuracy = fixture::conforming("fast", function);
  accuracy.format = format;
  accuracy.hunt.cases = 1000;
  accuracy.hunt.max_ulp = accuracy.hunt.worst_ulp = hunt;
  accuracy.hunt.random_cases = random == 0 ? 0 : 1000;
  accuracy.hunt.random_kept_ulp = random;
  accuracy.hunt.lost_results = lost;
  return accuracy;
}

TEST(Hunts, AreToldMostSevereFirst) {
  RunRecord record = fixture::record();
  record.accuracy = {hunted("softmax", "f32", 64, 32),
                     hunted("logsumexp", "f32", 4096, 16),
                     hunted("softmax", "f32", 128, 32),
                     hunted("sigmoid", "f64", 4096, 16),
                     hunted("categorical_crossentropy", "f32", 2, 1, 7),
                     hunted("softmax", "f64", 3, 0)};
  const Overview overview({record});
  std::string order;
  for (const HuntGroup& group : grouped_hunts(hunts_to_tell(overview.entries, 100))) {
    order += group.worst->accuracy->function + " " + group.worst->accuracy->format + "+" +
             std::to_string(group.others) + " ";
  }
  // What lost a result; 8 of 20 bits, 8 of 49; 2 of 19; 3 ulp are within the budget of 4.
  EXPECT_EQ(order, "categorical_crossentropy f32+0 logsumexp f32+0 sigmoid f64+0 softmax f32+1 softmax f64+0 ");
  EXPECT_EQ(hunts_to_tell(overview.entries, 3).size(), 5U) << "of many, not those within the budget";
}

TEST(Markdown, FoldsHuntsBeyondTheFirst) {
  RunRecord record = fixture::record();
  record.accuracy.clear();
  for (int i = 0; i < 100; ++i) record.accuracy.push_back(hunted("f" + std::to_string(i), "f32", 1000 + i, 1));
  const std::string text = markdown_report(Overview({record}));
  const std::size_t fold = text.find("<details><summary>48 more</summary>");
  ASSERT_NE(fold, std::string::npos);
  EXPECT_LT(text.find("| f99 exact"), fold) << "the largest first";
  EXPECT_GT(text.find("| f50 exact"), fold);
  EXPECT_EQ(text.find("| f5 exact"), std::string::npos);
  EXPECT_NE(text.find("… and 40 more in the record."), std::string::npos);
}

TEST(Markdown, TextStaysText) {
  const std::string text = markdown_report(Overview({fixture::record()}));
  bool inside_code = false;
  std::size_t rows = 0, due = 0;  // bars of the table's first line
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("```")) inside_code = !inside_code;
    if (inside_code) continue;
    EXPECT_EQ(line.find("<script"), std::string::npos) << line;
    EXPECT_EQ(line.find("<img"), std::string::npos) << line;
    EXPECT_EQ(line.find("<!--"), std::string::npos) << line;
    if (!line.starts_with("|")) {
      due = 0;
      continue;
    }
    ++rows;
    std::size_t bars = 0;
    for (std::size_t i = 0; i < line.size(); ++i) bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\') ? 1 : 0;
    if (due == 0) due = bars;
    EXPECT_EQ(bars, due) << line;
  }
  EXPECT_GT(rows, 7U);
  EXPECT_FALSE(inside_code);
}

TEST(Markdown, FitsAJobSummary) {
  RunRecord record;
  for (int i = 0; i < 300; ++i) {
    record.accuracy.push_back(fixture::conforming("s", std::to_string(i) + std::string(3000, 'f')));
    record.accuracy.back().curve.clear();
    record.accuracy.back().verdict = "exceeds";
    record.accuracy.back().worst.replay = std::string(100'000, 'r');
  }
  EXPECT_LT(markdown_report(Overview({record})).size(), 1'048'576U);
}

TEST(Report, FoldersThatCannotBeMadeAreNamed) {
  const fixture::Folder folder;
  save_text(folder.path / "file", "");
  try {
    write_report(fixture::record(), folder.path / "file" / "report");
    ADD_FAILURE();
  } catch (const BadInput& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with((folder.path / "file" / "report").string())) << error.what();
  }
}

}  // namespace
}  // namespace lossaudit
