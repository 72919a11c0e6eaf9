// What the program finds, and whom it fails: exit statuses, replays, baselines, expected findings, profiles.
#include <fstream>
#include <string>

#include "audit/record.hpp"
#include "property_tests/program_fixture.hpp"

namespace lossaudit::program {
namespace {

TEST_F(Program, FindingsExitWith1AndReplay) {
  const fs::path report = folder_ / "report";
  const Finished result = run("audit plain --function sigmoid,softmax --format f32 -o " + report.string());
  EXPECT_EQ(result.status, 1) << result.err;
  EXPECT_EQ(run("audit fast plain --gate fast --function sigmoid --format f32").status, 0);
  const RunRecord record = load_record(report / "run.json");
  std::size_t replayed = 0;
  const auto expect_finding = [&](const std::string& replay) {
    ASSERT_EQ(replay.substr(0, 10), "lossaudit ");
    const Finished again = run(replay.substr(10));
    EXPECT_EQ(again.status, 1) << replay << "\n" << again.out << again.err;
    EXPECT_NE(again.out.find("finding"), std::string::npos);
    ++replayed;
  };
  for (const Accuracy& accuracy : record.accuracy) {
    if (accuracy.max_ulp > accuracy.budget_ulp) expect_finding(accuracy.worst.replay);
    for (const RuleResult& rule : accuracy.rules) {
      if (rule.broken > 0 && rule.required) expect_finding(rule.worst.replay);
    }
  }
  EXPECT_GE(replayed, 3U);
}

TEST_F(Program, ABaselineFailsOnlyOnWhatGotWorse) {
  const std::string audit = "audit plain --function sigmoid --format f32 ";
  const std::string baseline = (folder_ / "then" / "run.json").string();
  EXPECT_EQ(run(audit + "--seed 7 -o " + (folder_ / "then").string()).status, 1);
  const Finished same = run(audit + "--baseline " + baseline + " -o " + (folder_ / "now").string());
  EXPECT_EQ(same.status, 0) << same.out << same.err;
  EXPECT_NE(same.out.find("known: plain sigmoid exact f32 forward: off by"), std::string::npos) << same.out;
  EXPECT_NE(same.out.find("as in the baseline " + baseline), std::string::npos) << same.out;
  EXPECT_EQ(load_record(folder_ / "now" / "run.json").seed, 7U) << "the baseline's, so that the inputs are the same";

  RunRecord better = load_record(baseline);
  for (Accuracy& accuracy : better.accuracy) accuracy.max_ulp /= 4;
  save_record(better, folder_ / "better.json");
  const Finished worse = run(audit + "--baseline " + (folder_ / "better.json").string());
  EXPECT_EQ(worse.status, 1) << worse.out;
  EXPECT_NE(worse.out.find("worse: plain sigmoid exact f32 forward: "), std::string::npos) << worse.out;
  EXPECT_NE(worse.out.find("in the baseline: 4 times as large\n"), std::string::npos) << worse.out;

  expect_mistake(audit + "--profile torch --baseline " + baseline, "a baseline of profile faithful");
  expect_mistake(audit + "--baseline " + (folder_ / "none.json").string(), "none.json");
  std::ofstream(folder_ / "no.json") << "{\"schema\": 3}";
  expect_mistake(audit + "--baseline " + (folder_ / "no.json").string(), "not a run record");
}

TEST_F(Program, ExpectedFindingsFailNobodyAndGoWhenTheyAreGone) {
  const std::string file = (folder_ / "known.txt").string();
  const std::string audit = "audit plain --function sigmoid --format f32 --expected " + file;
  const auto expecting = [&](const std::string& lines) {
    std::ofstream(file) << lines;
    return run(audit + " -o " + (folder_ / "report").string());
  };
  const std::string line = "plain | sigmoid exact f32 forward | exceeds 3e6 ulp | e^-x overflows below -88";
  const Finished known = expecting("# known\n" + line + "\n");
  EXPECT_EQ(known.status, 0) << known.out << known.err;
  EXPECT_NE(known.out.find("expected: e^-x overflows below -88"), std::string::npos) << known.out;
  for (const char* name : {"report.md", "index.html", "junit.xml"}) {
    EXPECT_NE(text_of(folder_ / "report" / name).find("overflows below -88"), std::string::npos) << name;
  }
  const Finished worse = expecting("plain | sigmoid | exceeds 1e6 ulp | e^-x overflows below -88");
  EXPECT_EQ(worse.status, 1);
  EXPECT_NE(worse.out.find(file + ":1 expects up to 1e+06"), std::string::npos) << worse.out;
  const Finished gone =
      expecting(line + "\nplain | sigmoid | breaks finite | since 1.0\nother | relu | crashes | rows\n");
  EXPECT_EQ(gone.status, 1);
  EXPECT_NE(gone.out.find("no longer occurs: remove the line " + file + ":2: plain | sigmoid | breaks finite\n"),
            std::string::npos)
      << gone.out;
  EXPECT_EQ(gone.err, "lossaudit: " + file + ": 1 of 3 lines concern nothing that was audited\n");

  std::ofstream(file) << line << "\nplain | sigmod | crashes | rows\n";
  expect_mistake(audit, file + ":2: unknown function 'sigmod': did you mean sigmoid");
  std::ofstream(file) << line.substr(0, line.rfind('|'));
  expect_mistake(audit, file + ":1: expected SUBJECT |");
  expect_mistake(audit + "x", "cannot be read");
  expect_mistake("audit plain --expected " + file + " --contract 'sigmoid exact f32 forward' --case output=1",
                 "--expected");
}

TEST_F(Program, AProfileIsNamedAndShownWithWhatItLetsPass) {
  const Finished list = run("list profiles");
  for (const char* part : {"webnn: ", "benchdnn: ", "3 ulp + 3 ulp a class", "any from 682 on", "1e-07 + 0.001 |exact|",
                           "1e-05 + 1.3e-06 |exact|"}) {
    EXPECT_NE(list.out.find(part), std::string::npos) << part << " in\n" << list.out;
  }
  const Finished result =
      run("audit plain --function sigmoid --format f32 --profile onnx -o " + (folder_ / "onnx").string());
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_NE(result.out.find("a computed 0 passes for exact results: f32 up to 1.01e-7"), std::string::npos)
      << result.out;
  const Accuracy accuracy = load_record(folder_ / "onnx" / "run.json").accuracy.at(0);
  EXPECT_GT(accuracy.max_ulp, 1e6) << "which is within a tolerance that is absolute";
  EXPECT_NE(text_of(folder_ / "onnx" / "report.md").find("up to 1.01e-7"), std::string::npos);
  const std::string replay = "audit plain --profile torch --contract 'sigmoid exact f32 forward' --case output=";
  EXPECT_EQ(run(replay + "-90").status, 0);
  EXPECT_EQ(run(replay + "-90 --profile faithful").status, 2) << "one profile";
}

TEST_F(Program, AReplayShowsComputedExactAndError) {
  const Finished good = run("audit fast --contract 'sigmoid exact f32 forward' --case output=0,1");
  EXPECT_EQ(good.status, 0) << good.out << good.err;
  EXPECT_NE(good.out.find("0.73105857863000487925"), std::string::npos) << good.out;
  const Finished bad = run("audit plain --contract 'softmax exact f32 forward' --case output=1000,0");
  EXPECT_EQ(bad.status, 1);
  EXPECT_NE(bad.out.find("breaks rule number_due"), std::string::npos) << bad.out;
  std::ofstream(folder_ / "one.case") << "output=1000,0\n";
  EXPECT_EQ(run("audit plain --contract 'softmax exact f32 forward' --case @" + (folder_ / "one.case").string()).out,
            bad.out);
}

}  // namespace
}  // namespace lossaudit::program
