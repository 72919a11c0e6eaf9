// --expected: findings with a reason fail nobody, those that are worse or no longer occur do, and what is no such file is
// refused in a line.
#include "audit/expected_findings.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "audit/baseline.hpp"
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

/// The record with those lines applied.
RunRecord with(RunRecord record, const std::string& lines, std::size_t* unconcerned = nullptr) {
  const std::size_t others = apply_expected_findings(parse_expected_findings(lines, "known.txt"), "known.txt", record);
  if (unconcerned != nullptr) *unconcerned = others;
  return record;
}

TEST(ExpectedFindings, AreReadWithTheirPatterns) {
  const std::vector<ExpectedFinding> all = parse_expected_findings(
      "# SUBJECT | CONTRACT | EXPECTATION | REASON\n"
      "\n"
      "  plain | sigmoid exact f32 forward | exceeds 2.2e6 ulp | overflow | issue 12\r\n"
      "*|softmax,log_softmax * f32,f16|breaks number_due|the maximum\tis not subtracted\n"
      "two words | * * * gradient reduction=mean from_logits | exceeds 3 times | why\n"
      "x | logsumexp exact f64 forward no-options | crashes | rows\n"
      "x | logsumexp | hangs | rows",
      "known.txt");
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0].line, 3U);
  EXPECT_EQ(all[0].subject, "plain");
  EXPECT_EQ(all[0].kind, ExpectedFinding::Kind::exceeds_ulp);
  EXPECT_EQ(all[0].bound, 2.2e6);
  EXPECT_EQ(all[0].reason, "overflow | issue 12");
  EXPECT_EQ(all[0].text, "plain | sigmoid exact f32 forward | exceeds 2.2e6 ulp");
  EXPECT_EQ(all[1].contract[0], (std::vector<std::string>{"softmax", "log_softmax"}));
  EXPECT_TRUE(all[1].contract[1].empty());
  EXPECT_EQ(all[1].contract[2], (std::vector<std::string>{"f32", "f16"}));
  EXPECT_TRUE(all[1].contract[3].empty());
  EXPECT_EQ(all[1].rule, "number_due");
  EXPECT_FALSE(all[1].options);
  EXPECT_EQ(all[2].subject, "two words");
  EXPECT_EQ(all[2].kind, ExpectedFinding::Kind::exceeds_times);
  EXPECT_EQ(all[2].options, "from_logits reduction=mean") << "in the canonical order";
  EXPECT_EQ(all[3].options, "");
  EXPECT_EQ(all[4].kind, ExpectedFinding::Kind::hangs);
  EXPECT_TRUE(parse_expected_findings("", "known.txt").empty());
}

TEST(ExpectedFindings, TheReadmesLinesAreSome) {
  const std::string readme = fixture::text_of(std::filesystem::path(SOURCES) / "README.md");
  const std::size_t begin = readme.find("# SUBJECT | FUNCTION");
  ASSERT_NE(begin, std::string::npos);
  EXPECT_EQ(parse_expected_findings(readme.substr(begin, readme.find("```", begin) - begin), "README.md").size(), 3U);
}

struct Refused {
  const char *text, *said;
};

TEST(ExpectedFindings, MistakesAreToldByLineAndWord) {
  const Refused refused[] = {
      {"plain", "known.txt:1: expected SUBJECT | FUNCTION DIALECT FORMAT PASS [OPTION...] | EXPECTATION | REASON"},
      {"\n\nplain | sigmoid | crashes", "known.txt:3: expected SUBJECT |"},
      {" | sigmoid | crashes | x", "known.txt:1: names no subject"},
      {"plain | | crashes | x", "known.txt:1: names no contract"},
      {"plain | sigmod | crashes | x", "known.txt:1: unknown function 'sigmod': did you mean sigmoid"},
      {"plain | sigmoid, | crashes | x", "known.txt:1: unknown function ''"},
      {"plain | sigmoid keras | crashes | x", "known.txt:1: unknown dialect 'keras'"},
      {"plain | sigmoid exact f31 | crashes | x", "known.txt:1: unknown format 'f31'"},
      {"plain | sigmoid exact f32 backward | crashes | x", "known.txt:1: unknown pass 'backward'"},
      {"plain | sigmoid exact f32 forward reduction=most | crashes | x", "known.txt:1: "},
      {"plain | sigmoid | crashes sometimes | x",
       "known.txt:1: 'crashes sometimes' is no expectation: use 'exceeds N ulp'"},
      {"plain | sigmoid | | x", "known.txt:1: '' is no expectation"},
      {"plain | sigmoid | exceeds much ulp | x", "known.txt:1: 'much' is no largest error"},
      {"plain | sigmoid | exceeds nan ulp | x", "known.txt:1: 'nan' is no largest error"},
      {"plain | sigmoid | exceeds -3 ulp | x", "known.txt:1: '-3' is no largest error"},
      {"plain | sigmoid | exceeds 1e999 ulp | x", "known.txt:1: '1e999' is no largest error"},
      {"plain | sigmoid | exceeds 3ulp | x", "known.txt:1: 'exceeds 3ulp' is no expectation"},
      {"plain | sigmoid | breaks number_du | x", "known.txt:1: unknown rule 'number_du': did you mean number_due"},
      {"plain | sigmoid | breaks limits | x", "known.txt:1: rule limits is recommended and fails nobody"},
      {"plain | sigmoid | crashes | ", "known.txt:1: has no reason"},
      {"a | relu | crashes | x\n#\na | relu | crashes | y", "known.txt:3: says what line 1 says"},
  };
  for (const Refused& r : refused) {
    try {
      parse_expected_findings(r.text, "known.txt");
      ADD_FAILURE() << r.text;
    } catch (const BadInput& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with(r.said)) << error.what();
    }
  }
}

TEST(ExpectedFindings, HostileTextIsRefusedInOnePrintableLine) {
  const std::vector<std::string> texts = {std::string(1 << 20, '|'),
                                          std::string(1 << 20, ','),
                                          std::string(100, '\0'),
                                          "a | " + std::string(100000, '*') + " | crashes | x",
                                          "a | relu | exceeds " + std::string(100000, '9') + " ulp | x",
                                          "\xff\xfe | relu | crashes? | x",
                                          "a | \x1b[31m | crashes | x"};
  std::size_t refused = 0;
  for (const std::string& text : texts) {
    try {
      parse_expected_findings(text, "known.txt");
    } catch (const BadInput& error) {
      ++refused;
      const std::string said = error.what();
      EXPECT_LT(said.size(), 400U);
      EXPECT_TRUE(std::ranges::all_of(said, [](char c) { return c >= ' ' && c <= '~'; })) << said;
    }
  }
  EXPECT_EQ(refused, texts.size());
}

TEST(ExpectedFindings, FilesThatCannotBeReadAreNamed) {
  const fixture::Folder folder;
  save_text(folder.path / "large", std::string(largest_expected_bytes + 1, '#'));
  save_text(folder.path / "good", "a | relu | crashes | why\n");
  for (const char* name : {"none", ".", "large"}) {
    try {
      load_expected_findings(folder.path / name);
      ADD_FAILURE() << name;
    } catch (const BadInput& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with((folder.path / name).string() + ": ")) << error.what();
      EXPECT_NE(std::string(error.what()).find("REASON"), std::string::npos) << error.what();
    }
  }
  EXPECT_EQ(load_expected_findings(folder.path / "good").size(), 1U);
  EXPECT_THROW(load_expected_findings("/dev/zero"), BadInput) << "a file without an end";
}

struct Planted {
  const char* what;
  planted::Compute subject;
  const char* lines;
};

TEST(ExpectedFindings, OfEachKindFailNobody) {
  const Planted all[] = {
      {"error", compute<planted::off_by_20_ulp>, "planted | sigmoid exact f32 forward | exceeds 22 ulp | why"},
      {"error by the budget", compute<planted::off_by_20_ulp>, "* | * | exceeds 22 times | why"},
      {"rule", compute<planted::nan_near_one>, "planted | sigmoid * * forward no-options | breaks number_due | why"},
      {"both", compute<planted::nan_and_off>,
       "planted | sigmoid | breaks number_due | why\nplanted | sigmoid | exceeds 22 ulp | why"},
      {"crash", planted::fails, "planted | relu,sigmoid | crashes | why"},
  };
  for (const Planted& p : all) {
    const RunRecord found = audited(p.subject);
    ASSERT_FALSE(conforms(found)) << p.what;
    const RunRecord record = with(found, p.lines);
    EXPECT_TRUE(conforms(record)) << p.what;
    EXPECT_TRUE(record.no_longer_occurs.empty()) << p.what;
    const Overview overview({record});
    EXPECT_EQ(overview.headline(), "planted conforms but for known findings") << p.what;
    EXPECT_EQ(overview.columns[0].known, 1U) << p.what;
    EXPECT_EQ(overview.columns[0].conforming(), 1U) << p.what;
    const std::string junit = junit_report(overview), markdown = markdown_report(overview);
    EXPECT_EQ(junit.find("<failure"), std::string::npos) << p.what;
    EXPECT_EQ(junit.find("<error"), std::string::npos) << p.what;
    EXPECT_NE(junit.find("expected: why"), std::string::npos) << p.what;
    EXPECT_NE(markdown.find("expected: why"), std::string::npos) << p.what;
    EXPECT_NE(page_report(overview).find("expected: why"), std::string::npos) << p.what;
    // The record alone is enough to make the reports again.
    EXPECT_EQ(markdown_report(Overview({parse_record(to_json(record), "record")})), markdown) << p.what;
  }
}

TEST(ExpectedFindings, WhatNoLineSpeaksOfFails) {
  const RunRecord both = audited(compute<planted::nan_and_off>);
  EXPECT_FALSE(conforms(with(both, "planted | sigmoid | breaks number_due | why")));
  EXPECT_FALSE(conforms(with(both, "planted | sigmoid | exceeds 22 ulp | why")));
  EXPECT_FALSE(
      conforms(with(both, "other | sigmoid | exceeds 22 ulp | why\nplanted | sigmoid | breaks number_due | why")));
  const Overview overview({with(both, "planted | sigmoid | exceeds 22 ulp | why")});
  ASSERT_GE(overview.findings.size(), 2U);
  EXPECT_EQ(overview.findings[0].standing, Standing::breaks_rule);
  EXPECT_EQ(overview.findings[1].standing, Standing::known);
}

TEST(ExpectedFindings, WorseThanItsBoundFailsByHowMuch) {
  RunRecord record = with(audited(compute<planted::off_by_200_ulp>), "planted | sigmoid | exceeds 22 ulp | why");
  EXPECT_FALSE(conforms(record));
  EXPECT_TRUE(record.no_longer_occurs.empty());
  EXPECT_NE(accuracy_of(record, "sigmoid").worse.find("known.txt:1 expects up to 22: "), std::string::npos)
      << accuracy_of(record, "sigmoid").worse;
  EXPECT_NE(junit_report(Overview({record})).find("expects up to 22"), std::string::npos);
  // A baseline as bad as that is no excuse.
  record.baseline = "run.json";
  compare_with_baseline(audited(compute<planted::off_by_200_ulp>), record);
  EXPECT_FALSE(conforms(record));
  // A second line with a larger bound is one.
  EXPECT_TRUE(conforms(with(audited(compute<planted::off_by_200_ulp>),
                            "planted | sigmoid | exceeds 22 ulp | why\n* | sigmoid | exceeds 222 ulp | why")));
}

TEST(ExpectedFindings, WhatNoLongerOccursFails) {
  for (const char* line :
       {"planted | sigmoid | exceeds 22 ulp | why", "planted | sigmoid | breaks number_due | why",
        "planted | sigmoid | crashes | why", "planted | sigmoid | hangs | why", "* | * | breaks finite | why"}) {
    RunRecord record = with(audited(compute<planted::right>), std::string("# known\n") + line);
    EXPECT_FALSE(conforms(record)) << line;
    ASSERT_EQ(record.no_longer_occurs.size(), 1U);
    const std::string text = line;
    EXPECT_EQ(record.no_longer_occurs[0], "known.txt:2: " + text.substr(0, text.rfind(" | ")));
    EXPECT_NE(junit_report(Overview({record})).find("no longer occurs: remove the line"), std::string::npos);
    EXPECT_NE(markdown_report(Overview({record})).find("no longer occur: remove their lines"), std::string::npos);
    EXPECT_NE(Overview({record}).headline().find("1 expected finding no longer occurs"), std::string::npos);
    record.subjects[0].gated = false;
    record.no_longer_occurs.clear();
    EXPECT_TRUE(with(record, line).no_longer_occurs.empty()) << "not gated";
  }
}

TEST(ExpectedFindings, OfWhatWasNotMeasuredNothingIsSaid) {
  std::size_t unconcerned = 0;
  RunRecord record = with(
      audited(compute<planted::right>),
      "other | sigmoid | crashes | why\nplanted | softmax | crashes | why\nplanted | sigmoid exact f64 | crashes | why",
      &unconcerned);
  EXPECT_EQ(unconcerned, 3U);
  EXPECT_TRUE(conforms(record));
  // What crashed was not measured to the end: whether the rule is broken cannot be said.
  record = with(audited(planted::fails), "planted | sigmoid | crashes | why\nplanted | sigmoid | breaks finite | why");
  EXPECT_TRUE(record.no_longer_occurs.empty());
  RunRecord interrupted = audited(compute<planted::right>);
  interrupted.interrupted = true;
  EXPECT_TRUE(with(interrupted, "planted | sigmoid | crashes | why").no_longer_occurs.empty());
}

TEST(ExpectedFindings, AreNoWorseThanABaselineWithoutThem) {
  RunRecord record = with(audited(compute<planted::nan_and_off>),
                          "* | sigmoid | breaks number_due | why\n* | sigmoid | exceeds 22 ulp | why");
  compare_with_baseline(audited(compute<planted::right>), record);
  EXPECT_TRUE(record.changes.empty()) << record.changes.at(0).text;
  EXPECT_TRUE(conforms(record));
}

TEST(ExpectedFindings, AReasonThatActsIsShownAsText) {
  const std::string line =
      "planted | sigmoid | exceeds 22 ulp | <script>alert(1)</script> **b** \x1b[31m\xe2\x80\xae\xff";
  const Overview overview({with(audited(compute<planted::off_by_20_ulp>), line)});
  for (const std::string& text : {markdown_report(overview), page_report(overview), junit_report(overview)}) {
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos);
  }
  for (const std::string& text : {page_report(overview), junit_report(overview)}) {
    EXPECT_EQ(text.find("<script>alert"), std::string::npos);
  }
  EXPECT_NE(markdown_report(overview).find("expected: &lt;script&gt;alert(1)&lt;/script&gt;"), std::string::npos)
      << "as text, but for what stands in a block of code";
}

}  // namespace
}  // namespace lossaudit
