// Time against error: who meets whom, and who is beaten.
#include "reports/pareto.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "property_tests/report_fixture.hpp"
#include "reports/report.hpp"

namespace lossaudit {
namespace {

/// One contract's error.
Accuracy error_of(const std::string& subject, double ulp, const std::string& pass = "forward") {
  Accuracy accuracy = fixture::conforming(subject, "sigmoid");
  accuracy.max_ulp = ulp;
  accuracy.pass = pass;
  return accuracy;
}

const TradePoint& point_of(const TradeGroup& group, const std::string& subject) {
  for (const TradePoint& point : group.points) {
    if (point.speed->subject == subject) return point;
  }
  throw std::out_of_range(subject);
}

/// Times 0.5 (plain), 1 (fast) and 1.5 (guest), in a run of their own, beside these errors.
std::vector<TradeGroup> groups_with(const std::vector<Accuracy>& errors, std::vector<RunRecord>& runs) {
  runs = {RunRecord(), fixture::timed()};
  runs[0].accuracy = errors;
  return trades_in(runs);
}

TEST(Pareto, OneGroupAShape) {
  std::vector<RunRecord> runs;
  const std::vector<TradeGroup> groups = groups_with({error_of("fast", 0.5), error_of("plain", 4)}, runs);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].contract, "sigmoid exact f32 forward");
  EXPECT_EQ(groups[0].shape, "4096");
  EXPECT_EQ(groups[1].shape, "10000000");
  EXPECT_EQ(groups[0].run, 1U);
  EXPECT_EQ(groups[0].limit_ns, 0.25);
  EXPECT_EQ(groups[0].points.size(), 3U);
}

TEST(Pareto, BeatenIsSlowerAndLessAccurate) {
  std::vector<RunRecord> runs;
  const std::vector<TradeGroup> groups =
      groups_with({error_of("plain", 4), error_of("fast", 0.5), error_of("guest", 2)}, runs);
  EXPECT_TRUE(point_of(groups[0], "plain").on_front());
  EXPECT_TRUE(point_of(groups[0], "fast").on_front());
  EXPECT_EQ(point_of(groups[0], "guest").dominated_by, "fast");
}

TEST(Pareto, EqualsDoNotBeatOneAnother) {
  std::vector<RunRecord> runs = {RunRecord()};
  runs[0].accuracy = {error_of("a", 1), error_of("b", 1)};
  for (const char* subject : {"a", "b"}) runs[0].speed.push_back({subject, "sigmoid", "forward", "4096", 1, 0.5});
  const std::vector<TradeGroup> groups = trades_in(runs);
  EXPECT_TRUE(point_of(groups[0], "a").on_front());
  EXPECT_TRUE(point_of(groups[0], "b").on_front());
  runs[0].accuracy[1].max_ulp = 2;
  EXPECT_EQ(point_of(trades_in(runs)[0], "b").dominated_by, "a");
}

TEST(Pareto, WithoutAnErrorNobodyIsJudged) {
  std::vector<RunRecord> runs;
  const std::vector<TradeGroup> groups = groups_with({error_of("guest", 2)}, runs);
  EXPECT_FALSE(point_of(groups[0], "fast").has_error());
  EXPECT_FALSE(point_of(groups[0], "fast").on_front());
  EXPECT_TRUE(point_of(groups[0], "guest").on_front());
}

TEST(Pareto, NotANumberIsTheLargestError) {
  std::vector<RunRecord> runs;
  const std::vector<TradeGroup> groups =
      groups_with({error_of("fast", fixture::not_a_number), error_of("plain", 1e30)}, runs);
  EXPECT_EQ(point_of(groups[0], "fast").max_ulp, fixture::infinity);
  EXPECT_EQ(point_of(groups[0], "fast").dominated_by, "plain");
}

TEST(Pareto, AnErrorIsOfTheSameContract) {
  std::vector<RunRecord> runs;
  Accuracy other = error_of("fast", 3);
  other.options = "reduction=mean";
  EXPECT_FALSE(point_of(groups_with({other}, runs)[0], "fast").has_error());
  other = error_of("fast", 3);
  other.dialect = "keras1";
  EXPECT_FALSE(point_of(groups_with({other}, runs)[0], "fast").has_error());
  other = error_of("fast", 3);
  other.verdict = "crashed";
  EXPECT_FALSE(point_of(groups_with({other}, runs)[0], "fast").has_error());
}

TEST(Pareto, BothPassesNeedBothErrors) {
  RunRecord run = fixture::timed();
  run.speed.resize(1);
  run.speed[0].pass = "forward+gradient";
  run.accuracy = {error_of("fast", 0.5)};
  EXPECT_FALSE(trades_in({run})[0].points[0].has_error());
  run.accuracy.push_back(error_of("fast", 1.5, "gradient"));
  run.accuracy.back().evidence = "proved";
  const std::vector<RunRecord> runs = {run};
  const std::vector<TradeGroup> groups = trades_in(runs);
  EXPECT_EQ(groups[0].points[0].max_ulp, 1.5);
  EXPECT_FALSE(groups[0].points[0].proved) << "the forward pass's is only observed";
}

TEST(Pareto, MarkdownHasErrorsAboveTimes) {
  std::vector<RunRecord> runs = {RunRecord(), fixture::timed()};
  runs[0].subjects = {{"fast", "1", "", true}};
  runs[0].accuracy = {error_of("fast", 0.5000001), error_of("plain", 4), error_of("guest", 2)};
  const fixture::Folder folder;
  write_report(runs, folder.path);
  const std::string text = fixture::text_of(folder.path / "report.md");
  EXPECT_NE(text.find("| contract, shape | limit | fast | plain | guest |"), std::string::npos) << text;
  EXPECT_NE(text.find("| **sigmoid exact f32 forward**, logits N(0, 5): *ulp* |  | 0.501 | 4 | 2 |"),
            std::string::npos);
  EXPECT_NE(text.find("| · 4096 | 0.25 | **1** | **0.5** | 1.5 |"), std::string::npos);
}

}  // namespace
}  // namespace lossaudit
