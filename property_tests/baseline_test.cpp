// --baseline: what got worse fails, what did not does not, and every change is told.
#include "audit/baseline.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "property_tests/planted_subjects.hpp"
#include "property_tests/report_fixture.hpp"
#include "reference/contract.hpp"
#include "reports/overview.hpp"
#include "reports/writers.hpp"

namespace lossaudit {
namespace {

using planted::accuracy_of;
using planted::audited;
using planted::compute;

RunRecord against(const RunRecord& baseline, RunRecord record) {
  compare_with_baseline(baseline, record);
  record.baseline = "run.json";
  return record;
}

/// The changes of a kind, a line each.
std::string changes(const RunRecord& record, const std::string& kind) {
  std::string text;
  for (const Change& change : record.changes) {
    if (change.kind == kind) text += change.subject + " " + change.contract + ": " + change.text + "\n";
  }
  return text;
}

TEST(Baseline, TheSameAuditChangesNothing) {
  for (const planted::Compute subject : {compute<planted::right>, compute<planted::nan_and_off>, planted::fails}) {
    const RunRecord once = audited(subject);
    const RunRecord record = against(once, audited(subject));
    EXPECT_TRUE(record.changes.empty()) << record.changes.at(0).text;
    EXPECT_TRUE(conforms(record)) << "what was found before fails nobody";
  }
}

TEST(Baseline, KnownFindingsAreShownAndFailNobody) {
  const RunRecord once = audited(compute<planted::nan_and_off>);
  ASSERT_FALSE(conforms(once));
  const Overview overview({against(once, audited(compute<planted::nan_and_off>))});
  EXPECT_EQ(overview.headline(), "planted conforms but for known findings");
  ASSERT_EQ(overview.findings.size(), 3U);
  EXPECT_EQ(overview.findings[2].standing, Standing::advised) << "a recommended rule needs no excuse";
  for (const Finding& finding : {overview.findings[0], overview.findings[1]}) {
    EXPECT_EQ(finding.standing, Standing::known);
    EXPECT_NE(finding_text(finding).find("known: in the baseline too"), std::string::npos) << finding_text(finding);
  }
  EXPECT_EQ(junit_report(overview).find("<failure"), std::string::npos);
  EXPECT_NE(junit_report(overview).find("<skipped message="), std::string::npos);
  EXPECT_NE(markdown_report(overview).find("Nothing changed."), std::string::npos);
}

struct Step {
  const char* what;
  planted::Compute then, now;
  const char *worse, *better;  ///< parts of the texts; "": nothing
};

TEST(Baseline, WhatGotWorseFailsByHowMuch) {
  const Step steps[] = {
      {"within the budget", compute<planted::right>, compute<planted::off_by_a_little>, "in the baseline: ", ""},
      {"beyond the budget", compute<planted::right>, compute<planted::off_by_20_ulp>,
       "exceeds, conforms in the baseline", ""},
      {"farther beyond", compute<planted::off_by_20_ulp>, compute<planted::off_by_200_ulp>, "times as large", ""},
      {"a rule", compute<planted::off_by_20_ulp>, compute<planted::nan_and_off>,
       "breaks rule number_due, which it kept", ""},
      {"a crash", compute<planted::off_by_20_ulp>, planted::fails, "crashed, exceeds in the baseline", ""},
  };
  for (const Step& step : steps) {
    const RunRecord then = audited(step.then), now = audited(step.now);
    const RunRecord worse = against(then, now);
    EXPECT_FALSE(conforms(worse)) << step.what;
    EXPECT_NE(changes(worse, "worse").find(step.worse), std::string::npos)
        << step.what << ": " << changes(worse, "worse");
    EXPECT_EQ(changes(worse, "worse").find("relu"), std::string::npos) << "the other function is as it was";
    EXPECT_NE(junit_report(Overview({worse})).find(step.now == planted::fails ? "<error" : "<failure"),
              std::string::npos)
        << step.what;
    EXPECT_TRUE(Overview({worse}).columns[0].failing == 1) << step.what;
    // The other way round it is better, told, and no failure whatever is left.
    const RunRecord better = against(now, then);
    EXPECT_TRUE(conforms(better)) << step.what << ": " << changes(better, "worse");
    EXPECT_NE(changes(better, "better"), "") << step.what;
    EXPECT_EQ(changes(better, "worse"), "") << step.what;
  }
}

TEST(Baseline, OverOtherInputsAMaximumIsASample) {
  const auto other = [](planted::Compute then, planted::Compute now, const char* profile = "faithful") {
    return against(audited(then, 1, profile), audited(now, 2, profile));
  };
  EXPECT_TRUE(conforms(other(compute<planted::right>, compute<planted::right>)));
  const RunRecord doubled = other(compute<planted::right>, compute<planted::off_by_2_ulp>, "webnn");
  EXPECT_FALSE(conforms(doubled)) << "0.5 to 2.5 ulp is more than a sample's difference";
  EXPECT_NE(changes(doubled, "worse").find("not over the same results"), std::string::npos);
  EXPECT_FALSE(conforms(other(compute<planted::right>, compute<planted::off_by_20_ulp>))) << "a verdict is no sample";
  const RunRecord beyond = other(compute<planted::off_by_20_ulp>, compute<planted::off_by_200_ulp>);
  EXPECT_TRUE(conforms(beyond));
  EXPECT_NE(changes(beyond, "uncompared").find("its seed is 1"), std::string::npos) << changes(beyond, "uncompared");
}

TEST(Baseline, GrowthIsFoundToTheLastBitOfTheReference) {
  const RunRecord then = audited(compute<planted::right>);
  RunRecord now = then;
  Accuracy& sigmoid = accuracy_of(now, "sigmoid");
  sigmoid.max_ulp += 0x1p-20;
  EXPECT_TRUE(conforms(against(then, now))) << "known to 2^-20 ulp each";
  sigmoid.max_ulp += 0x1p-18;
  EXPECT_FALSE(conforms(against(then, now)));
}

TEST(Baseline, WhatIsNewIsJudgedByItsBudgetAndWhatIsGoneIsTold) {
  RunRecord bare = audited(compute<planted::right>);
  std::erase_if(bare.accuracy, [](const Accuracy& accuracy) { return accuracy.function == "sigmoid"; });
  const RunRecord good = against(bare, audited(compute<planted::right>));
  EXPECT_TRUE(conforms(good));
  EXPECT_EQ(changes(good, "new"), "planted : 1 contract: sigmoid exact f32 forward\n");
  EXPECT_FALSE(conforms(against(bare, audited(compute<planted::off_by_20_ulp>))));
  const RunRecord gone = against(audited(compute<planted::right>), bare);
  EXPECT_TRUE(conforms(gone));
  EXPECT_EQ(changes(gone, "gone"), "planted : 1 contract: sigmoid exact f32 forward\n");
}

TEST(Baseline, ASubjectThatIsNotGatedFailsNobody) {
  RunRecord now = audited(compute<planted::off_by_20_ulp>);
  now.subjects[0].gated = false;
  const RunRecord record = against(audited(compute<planted::right>), now);
  EXPECT_TRUE(conforms(record));
  EXPECT_NE(changes(record, "worse"), "") << "told all the same";
}

TEST(Baseline, OfATolerance) {
  // In torch's profile 200 ulp of f32 are 12 times what is allowed of results near 1.
  const auto of = [](planted::Compute subject) { return audited(subject, 1, "torch"); };
  EXPECT_TRUE(conforms(against(of(compute<planted::off_by_20_ulp>), of(compute<planted::off_by_20_ulp>))));
  const RunRecord worse = against(of(compute<planted::off_by_20_ulp>), of(compute<planted::off_by_200_ulp>));
  EXPECT_FALSE(conforms(worse));
  EXPECT_NE(changes(worse, "worse").find("times what is allowed"), std::string::npos) << changes(worse, "worse");
}

std::string refusal(const std::function<void()>& load) {
  try {
    load();
    return "";
  } catch (const BadInput& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.what();
  }
}

TEST(Baseline, OfAnotherProfileIsRefused) {
  const fixture::Folder folder;
  const auto path = folder.path / "run.json";
  RunRecord record = audited(compute<planted::right>);
  save_record(record, path);
  EXPECT_EQ(refusal([&] { load_baseline(path, "faithful"); }), "");
  EXPECT_EQ(
      refusal([&] { load_baseline(path, "torch"); }),
      path.string() + ": a baseline of profile faithful, and this audit is of torch: make them by the same --profile");
  record.profile = std::string(100000, '\n') + "\x1b[31m";
  save_record(record, path);
  EXPECT_LT(refusal([&] { load_baseline(path, "torch"); }).size(), 400U);
  EXPECT_NE(refusal([&] { load_baseline(folder.path / "none.json", "torch"); }).find("none.json"), std::string::npos);
}

TEST(Baseline, WhateverItHoldsTheAuditGoesOn) {
  // A forged record: numbers that are none, names that act, contracts given twice.
  RunRecord forged = audited(compute<planted::off_by_20_ulp>);
  for (Accuracy& accuracy : forged.accuracy) accuracy.max_ulp = fixture::not_a_number;
  forged.accuracy.push_back(forged.accuracy[0]);
  Accuracy hostile = forged.accuracy[0];
  hostile.subject = hostile.function = hostile.options = fixture::hostile_name;
  hostile.rules.push_back({fixture::hostile_name, 3, true, {}});
  forged.accuracy.push_back(hostile);
  accuracy_of(forged, "sigmoid").rules.push_back({fixture::hostile_name, 3, true, {}});
  const RunRecord record = against(forged, audited(compute<planted::right>));
  EXPECT_TRUE(conforms(record));
  const std::string text = markdown_report(Overview({record}));
  EXPECT_EQ(text.find("<script"), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(to_json(parse_record(to_json(record), "record"))["changes"].size(), record.changes.size());
}

}  // namespace
}  // namespace lossaudit
