// index.html in a browser: tables and charts are drawn, and nothing in a record runs.
#include <gtest/gtest.h>

#include <cstdio>

#include "property_tests/report_fixture.hpp"
#include "reports/report.hpp"

namespace lossaudit {
namespace {

/// The page as headless Chromium has it after its scripts ran, in HTML.
std::string opened(const std::filesystem::path& page, const std::filesystem::path& profile) {
  const std::string command =
      "timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
      "--disable-background-networking "
      "--disable-component-update --disable-sync --user-data-dir='" +
      profile.string() + "' --window-size=1400,2400 --virtual-time-budget=10000 --dump-dom 'file://" + page.string() +
      "#check' 2>'" + profile.string() + ".log'";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("no shell to start chromium with");
  std::string dom;
  char buffer[65536];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) dom.append(buffer, n);
  const int status = pclose(pipe);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
    throw std::runtime_error("chromium not found: install the Debian package chromium (make test does)");
  }
  if (status != 0 || dom.empty()) {
    throw std::runtime_error("chromium failed with status " + std::to_string(status) + ":\n" +
                             fixture::text_of(profile.string() + ".log"));
  }
  return dom;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

/// What lies between two texts.
std::string between(const std::string& text, const std::string& from, const std::string& to) {
  const std::size_t start = text.find(from);
  if (start == std::string::npos) return "";
  return text.substr(start, text.find(to, start) - start);
}

TEST(Page, DrawsTablesAndCharts) {
  const fixture::Folder folder;
  write_report(fixture::record(), folder.path);
  const std::string dom = opened(folder.path / "index.html", folder.path / "browser");

  EXPECT_NE(dom.find("data-errors=\"\""), std::string::npos) << between(dom, "<html", ">");
  EXPECT_NE(dom.find("<h1 id=\"headline\">fast conforms; plain, "), std::string::npos);

  const std::string table = between(dom, "id=\"verdict-table\"", "</table>");
  EXPECT_EQ(count(table, "<tbody"), 4U) << "functions";
  EXPECT_EQ(count(table, "<th scope=\"col\""), 5U) << "subjects and the corner";
  EXPECT_EQ(count(table, "class=\"cell conforms\""), 3U);
  EXPECT_EQ(count(table, "class=\"cell advised\""), 1U);
  EXPECT_EQ(count(table, "class=\"cell exceeds\""), 2U);
  EXPECT_EQ(count(table, "class=\"cell breaks-rule\""), 2U);
  EXPECT_EQ(count(table, "class=\"cell crashed\""), 1U);
  EXPECT_EQ(count(table, "class=\"none\""), 7U) << "not offered, or refused";
  EXPECT_NE(table.find("✗ 8.39e6"), std::string::npos);
  EXPECT_NE(table.find("✗ inf"), std::string::npos);
  EXPECT_NE(table.find("✓ 0.501"), std::string::npos);

  EXPECT_EQ(count(between(dom, "id=\"input-chart-grid\"", "</section>"), "data-drawn=\"true\""), 2U);
  EXPECT_EQ(count(between(dom, "id=\"class-chart-grid\"", "</section>"), "data-drawn=\"true\""), 1U);
  EXPECT_EQ(count(between(dom, "id=\"trade-grid\"", "</section>"), "data-drawn=\"true\""), 1U);
  EXPECT_EQ(count(dom, "<canvas"), 4U);

  EXPECT_EQ(count(between(dom, "id=\"finding-list\"", "</section>"), "<article"), 9U);
  EXPECT_EQ(count(between(dom, "id=\"contract-table\"", "</table>"), "class=\"choose\""), 10U);
  EXPECT_EQ(count(between(dom, "id=\"speed-table\"", "</table>"), "<tr"), 4U);
  EXPECT_EQ(count(between(dom, "id=\"subject-table\"", "</table>"), "<tr"), 5U);
  EXPECT_NE(between(dom, "id=\"machines\"", "</section>").find("18446744073709551615"), std::string::npos);
}

TEST(Page, ShowsBudgetsChangesAndKnownFindings) {
  RunRecord record = fixture::record();
  record.profile = "torch";
  for (Accuracy& accuracy : record.accuracy) accuracy.budget_zero_passes = 1.0001e-5;
  Accuracy& exceeds = record.accuracy[3];
  exceeds.excused = "expected: issue 12 <img src=x onerror=document.documentElement.dataset.attacked=1>";
  record.accuracy[0].worse = "0.51 ulp, 0.5 in the baseline";
  record.accuracy[1].verdict = "unjudged";
  record.baseline = "then.json";
  record.changes = {{"worse", "fast", "sigmoid exact f32 forward", "0.51 ulp, 0.5 in the baseline"}};
  record.no_longer_occurs = {"known.txt:3: plain | relu | crashes"};
  const fixture::Folder folder;
  write_report(record, folder.path);
  const std::string dom = opened(folder.path / "index.html", folder.path / "browser");
  EXPECT_NE(dom.find("data-errors=\"\""), std::string::npos) << between(dom, "<html", ">");
  EXPECT_EQ(dom.find("data-attacked"), std::string::npos);
  const std::string table = between(dom, "id=\"verdict-table\"", "</table>");
  EXPECT_EQ(count(table, "class=\"cell known\""), 1U);
  EXPECT_EQ(count(table, "class=\"cell worse\""), 1U);
  EXPECT_EQ(count(table, "class=\"cell unjudged\""), 1U);
  EXPECT_NE(between(dom, "id=\"runs\"", "</div>").find("f32 up to 1.01e-5"), std::string::npos);
  EXPECT_EQ(count(between(dom, "id=\"change-table\"", "</table>"), "<tr"), 3U);
  EXPECT_NE(between(dom, "id=\"budget-table\"", "</table>").find("up to 1.01e-5"), std::string::npos);
  EXPECT_NE(between(dom, "id=\"finding-list\"", "</section>").find("expected: issue 12"), std::string::npos);
}

TEST(Page, SpeedsOfAnotherRunMeetTheErrorsOfThisOne) {
  RunRecord audit = fixture::record();
  audit.speed.clear();
  const fixture::Folder folder;
  write_report({audit, fixture::timed()}, folder.path);
  const std::string dom = opened(folder.path / "index.html", folder.path / "browser");
  EXPECT_NE(dom.find("data-errors=\"\""), std::string::npos) << between(dom, "<html", ">");
  const std::string grid = between(dom, "id=\"trade-grid\"", "</section>");
  EXPECT_EQ(count(grid, "data-drawn=\"true\""), 1U) << "one contract";
  EXPECT_EQ(count(grid, "<option"), 2U) << "at two shapes";
  EXPECT_NE(grid.find("On the front: plain, fast."), std::string::npos);
  EXPECT_EQ(count(between(dom, "id=\"verdict-table\"", "</table>"), "<th scope=\"col\""), 5U)
      << "a run that only timed adds none";
}

TEST(Page, SpeedsAloneHaveAPage) {
  const fixture::Folder folder;
  write_report(fixture::timed(), folder.path);
  const std::string dom = opened(folder.path / "index.html", folder.path / "browser");
  EXPECT_NE(dom.find("data-errors=\"\""), std::string::npos) << between(dom, "<html", ">");
  EXPECT_NE(dom.find("The speed of fast, plain and guest"), std::string::npos);
  EXPECT_EQ(count(between(dom, "id=\"speed-table\"", "</table>"), "<tr"), 7U);
  const std::string sweeps = between(dom, "id=\"sweep-speed-table\"", "</table>");
  EXPECT_EQ(count(sweeps, "<tr"), 3U);
  EXPECT_NE(sweeps.find("at most 8"), std::string::npos);
  EXPECT_NE(sweeps.find("1799.9"), std::string::npos) << "rounded down where much is good";
  EXPECT_NE(dom.find("<section id=\"verdicts\" hidden=\"\">"), std::string::npos);
}

TEST(Page, DrawsErrorsAgainstLength) {
  const fixture::Folder folder;
  write_report(fixture::lengths(), folder.path);
  const std::string dom = opened(folder.path / "index.html", folder.path / "browser");
  EXPECT_NE(dom.find("data-errors=\"\""), std::string::npos) << between(dom, "<html", ">");
  EXPECT_EQ(dom.find("data-attacked"), std::string::npos);
  EXPECT_EQ(count(between(dom, "id=\"length-chart-grid\"", "</section>"), "data-drawn=\"true\""), 2U);
  EXPECT_EQ(count(between(dom, "id=\"lengths-table\"", "</table>"), "<tr"), 4U);
  EXPECT_NE(dom.find("alone differs: result 3 is 0x1p+0 or 0x1.000002p+0"), std::string::npos);
}

TEST(Page, NothingInARecordRuns) {
  const fixture::Folder folder;
  write_report(fixture::record(), folder.path);
  const std::string dom = opened(folder.path / "index.html", folder.path / "browser");
  EXPECT_EQ(dom.find("data-attacked"), std::string::npos);
  EXPECT_EQ(count(dom, "<script"), 3U) << "the data, Chart.js and the page's own";
  EXPECT_NE(between(dom, "id=\"subject-table\"", "</table>").find("&lt;/script&gt;&lt;script&gt;"), std::string::npos);
  EXPECT_NE(between(dom, "id=\"subject-table\"", "</table>").find("⟨U+202E⟩"), std::string::npos);
}

TEST(Page, ItsPolicyRunsNoOtherScript) {
  const fixture::Folder folder;
  write_report(fixture::record(), folder.path);
  std::string page = fixture::text_of(folder.path / "index.html");
  const std::size_t at = page.rfind("drawTop();");
  ASSERT_NE(at, std::string::npos);
  save_text(folder.path / "changed.html", page.insert(at, " "));
  const std::string dom = opened(folder.path / "changed.html", folder.path / "browser");
  EXPECT_NE(dom.find("<h1 id=\"headline\">lossaudit</h1>"), std::string::npos);
}

TEST(Page, AnEmptyRecordHasAPage) {
  const fixture::Folder folder;
  write_report(RunRecord(), folder.path);
  const std::string dom = opened(folder.path / "index.html", folder.path / "browser");
  EXPECT_NE(dom.find("data-errors=\"\""), std::string::npos) << between(dom, "<html", ">");
  EXPECT_NE(dom.find("No subject was audited"), std::string::npos);
}

}  // namespace
}  // namespace lossaudit
