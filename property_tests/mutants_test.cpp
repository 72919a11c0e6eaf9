// The checker checked: every planted bug is caught by the conformance tests and by the audit's rule that its row of the
// table names, the control passes all of these, and every test and every rule is tripped by some bug.
#include <fnmatch.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/accumulator.hpp"
#include "audit/auditor.hpp"
#include "audit/case.hpp"
#include "audit/inputs.hpp"
#include "audit/lengths/lengths.hpp"
#include "audit/plan.hpp"
#include "audit/profile.hpp"
#include "audit/subject.hpp"
#include "property_tests/mutants/table.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit::mutants {

void PrintTo(const Mutant& mutant, std::ostream* out) { *out << mutant.name << ": " << mutant.bug; }

namespace {

const auto name_of = [](const auto& info) { return std::string(info.param.name); };

// ---- the conformance suite, as anyone runs it ----

struct ConformanceRun {
  int status = -1;
  std::map<std::string, bool> tripped;  ///< by test: failed, or (where a test only records) a limit was missed
};

/// Runs lossaudit-conform on one subject of mutants.so.
ConformanceRun conform(const std::string& subject, const std::string& flags) {
  const std::filesystem::path report =
      std::filesystem::path(testing::TempDir()) / ("mutants-" + std::to_string(getpid()) + ".json");
  const std::string command = shell_quoted(LOSSAUDIT_CONFORM) + " " +
                              shell_quoted(std::string(LOSSAUDIT_MUTANTS) + ":" + subject) + " " + flags +
                              " --gtest_output=json:" + shell_quoted(report.string()) + " >/dev/null 2>&1";
  const int ended = std::system(command.c_str());
  ConformanceRun run;
  run.status = WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
  nlohmann::json suites = nlohmann::json::parse(std::ifstream(report), nullptr, false);
  std::filesystem::remove(report);
  if (suites.is_discarded()) return run;
  for (const auto& suite : suites.at("testsuites")) {
    for (const auto& test : suite.at("testsuite")) {
      const std::string name = suite.at("name").get<std::string>() + "." + test.at("name").get<std::string>();
      run.tripped[name] = test.contains("failures") || test.contains("first_limit_missed");
    }
  }
  return run;
}

std::vector<std::string> all_conformance_tests() {
  std::vector<std::string> names;
  for (const auto& [name, tripped] : conform("sound", "--gtest_list_tests").tripped) names.push_back(name);
  return names;
}

/// GoogleTest's own filter language, without its negative part.
bool matches(const std::string& filter, const std::string& test) {
  for (std::size_t begin = 0; begin <= filter.size();) {
    const std::size_t end = std::min(filter.find(':', begin), filter.size());
    if (fnmatch(filter.substr(begin, end - begin).c_str(), test.c_str(), 0) == 0) return true;
    begin = end + 1;
  }
  return false;
}

std::string quoted_filter(const std::string& filter) { return "--gtest_filter=" + shell_quoted(filter); }

class Mutants : public testing::TestWithParam<Mutant> {};
INSTANTIATE_TEST_SUITE_P(, Mutants, testing::ValuesIn(mutants().begin(), mutants().end()), name_of);

TEST_P(Mutants, AreCaughtByTheConformanceSuite) {
  const ConformanceRun run = conform(GetParam().name, quoted_filter(GetParam().caught_by));
  ASSERT_FALSE(run.tripped.empty()) << "no test has a name like " << GetParam().caught_by;
  bool any_failed = false;
  for (const auto& [test, tripped] : run.tripped) {
    EXPECT_TRUE(tripped) << test << " does not see it";
    any_failed = any_failed || test.find("LimitsAtInfinity") == std::string::npos;
  }
  // Limits are recommended: missing one is recorded and fails nothing.
  const bool only_limits = std::string_view(GetParam().finding) == "limits";
  EXPECT_EQ(run.status, only_limits ? 0 : 1);
}

/// The tests of one suite that mutants trip.
class Control : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(, Control,
                         testing::Values("Relu", "Sigmoid", "LogSigmoid", "Softplus", "Logit", "Softmax", "LogSoftmax",
                                         "Logsumexp", "BinaryCrossentropy", "CategoricalCrossentropy",
                                         "SparseCategoricalCrossentropy", "MeanSquaredError", "CrossEntropyError",
                                         "Gradient", "KnownDefects"),
                         [](const auto& info) { return info.param; });

TEST_P(Control, PassesWhereMutantsFail) {
  std::string filter;
  for (const std::string& test : all_conformance_tests()) {
    if (!test.starts_with(GetParam() + ".")) continue;
    for (const Mutant& mutant : mutants()) {
      if (!matches(mutant.caught_by, test)) continue;
      filter += (filter.empty() ? "" : ":") + test;
      break;
    }
  }
  ASSERT_FALSE(filter.empty());
  const ConformanceRun run = conform("sound", quoted_filter(filter));
  EXPECT_EQ(run.status, 0);
  EXPECT_FALSE(run.tripped.empty());
  for (const auto& [test, tripped] : run.tripped) EXPECT_FALSE(tripped) << test;
}

/// "Softmax.WithinBudget/f32" is one property with the others' formats. So are the known defects: that each is tripped
/// by the answer of then is a test of known_defects_self_test.cpp.
std::string property_of(const std::string& test) { return test.substr(0, test.find('/')); }

TEST(Conformance, EveryPropertyIsTrippedByAMutant) {
  const std::map<std::string, std::string> exceptions = {
      {"BinaryCrossentropy.PosWeightOfOneChangesNothing",
       "the C ABI passes a pos_weight of 1 and none as the same number, so no library can tell them apart"},
  };
  const std::vector<std::string> tests = all_conformance_tests();
  ASSERT_FALSE(tests.empty());
  std::set<std::string> untripped;
  for (const std::string& test : tests) untripped.insert(property_of(test));
  for (const std::string& test : tests) {
    for (const Mutant& mutant : mutants()) {
      if (matches(mutant.caught_by, test)) untripped.erase(property_of(test));
    }
  }
  for (const auto& [property, reason] : exceptions) {
    EXPECT_EQ(untripped.erase(property), 1) << property << " needs no exception any more (" << reason << ")";
  }
  for (const std::string& property : untripped) ADD_FAILURE() << "no mutant trips " << property;
}

// ---- the audit: its inputs, its measure, its rules ----

/// Measures a subject on a contract with the audit's own inputs until `done` says that enough has been seen.
template <typename Done>
Accumulator measure(Subject& subject, const Contract& contract, std::size_t elements, Done done) {
  Accumulator seen(contract, budget(profile_named("faithful"), contract));
  for (const Generator& generator : generators()) {
    if (!generator.applies(contract)) continue;
    for (Batch& made : make_batches(generator, contract, elements, 1, 0)) {
      const auto batch = std::make_shared<const Batch>(std::move(made));
      const std::vector<Expected> exact = expect(contract, *batch);
      std::vector<double> computed(exact.size());
      if (subject.compute(contract, *batch, computed).kind != Outcome::Kind::computed) {
        ADD_FAILURE() << "did not compute " << to_case_text(contract, *batch).substr(0, 300);
        return seen;
      }
      seen.add(batch, exact, computed);
      if (done(seen)) return seen;
    }
  }
  return seen;
}

std::unique_ptr<Subject> subject_named(std::string_view name) {
  for (std::size_t i = 0; subject_at(i) != nullptr; ++i) {
    if (subject_at(i)->name == name) return make_builtin(*subject_at(i));
  }
  return nullptr;
}

std::size_t rule_index(std::string_view name) {
  std::size_t i = 0;
  while (i < rules().size() && rules()[i].name != name) ++i;
  return i;
}

/// How many values an audit without further wishes tries per generator on this contract; 0 when it does not plan it.
std::size_t planned_elements(const Contract& contract) {
  for (const PlannedContract& planned :
       plan({{contract.function}, {contract.dialect}, {contract.format}, {contract.pass}})) {
    if (planned.contract == contract) {
      return static_cast<std::size_t>(static_cast<double>(AuditRequest().elements) * planned.share);
    }
  }
  return 0;
}

TEST_P(Mutants, AreFoundByTheAudit) {
  const Contract contract = parse_contract(GetParam().contract);
  const std::string_view finding = GetParam().finding;
  const std::size_t rule = rule_index(finding);
  ASSERT_TRUE(rule < rules().size() || finding == "budget" || finding.empty()) << finding << " is no rule";
  const std::unique_ptr<Subject> subject = subject_named(GetParam().name);
  ASSERT_TRUE(subject->supports(contract));
  const std::size_t elements = planned_elements(contract);
  ASSERT_GT(elements, 0) << "no audit tries this contract";
  const auto found = [&](const Accumulator& seen) {
    if (finding.empty()) return seen.exceeds_budget() || seen.breaks_required_rule();
    return rule < rules().size() ? seen.broken(rule) > 0 : seen.exceeds_budget();
  };
  const bool was_found = found(measure(*subject, contract, elements, found));
  if (finding.empty()) {
    EXPECT_FALSE(was_found) << "the audit sees it by now: say so in the table";
  } else {
    EXPECT_TRUE(was_found) << "the audit's inputs do not show it";
  }
}

std::vector<std::string> contracts_of_the_table() {
  std::set<std::string> contracts;
  for (const Mutant& mutant : mutants()) contracts.insert(mutant.contract);
  return {contracts.begin(), contracts.end()};
}

class ControlAudit : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(, ControlAudit, testing::ValuesIn(contracts_of_the_table()), [](const auto& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
});

TEST_P(ControlAudit, FindsNothing) {
  const Contract contract = parse_contract(GetParam());
  const auto finds_something = [](const Accumulator& seen) {
    return seen.exceeds_budget() || seen.breaks_required_rule() || seen.broken(rule_index("limits")) > 0;
  };
  const std::unique_ptr<Subject> sound = subject_named("sound");
  const Accumulator seen = measure(*sound, contract, 300, finds_something);
  EXPECT_GT(seen.count(), 0);
  EXPECT_FALSE(finds_something(seen)) << seen.worst().size << " ulp";
}

TEST(Audit, EveryRuleAndTheBudgetAreTrippedByAMutant) {
  std::set<std::string_view> findings;
  for (const Mutant& mutant : mutants()) findings.insert(mutant.finding);
  EXPECT_TRUE(findings.contains("budget"));
  for (const RuleTraits& rule : rules()) EXPECT_TRUE(findings.contains(rule.name)) << rule.name;
}

// ---- the same bits, wherever a result is computed ----

/// Where the results of a function of single numbers, and of rows, are not the same to the bit.
std::set<std::string> where_bits_differ(const std::string& name) {
  LengthsRequest request;
  request.subjects.push_back({subject_named(name), name, name});
  request.filter = {{Function::softplus, Function::log_softmax, Function::sparse_categorical_crossentropy},
                    {Dialect::exact},
                    {Format::f32},
                    {Pass::forward}};
  request.longest = 300;
  std::set<std::string> differ;
  const RunRecord record = run_lengths(request);
  EXPECT_GE(record.lengths.size(), 3);
  for (const LengthCurve& curve : record.lengths) {
    EXPECT_EQ(curve.subject, name);
    EXPECT_EQ(curve.same_bits.size(), curve.options.find("reduction") == std::string::npos ? 5U : 1U);
    for (const auto& [where, said] : curve.same_bits) {
      if (said != same_bits_text) differ.insert(where);
    }
  }
  return differ;
}

TEST(SameBits, AMutantWhoseResultsDependOnTheirPlaceIsNamed) {
  EXPECT_EQ(where_bits_differ("sound"), std::set<std::string>{});
  EXPECT_TRUE(where_bits_differ("vector_tail_reads_one_early").contains("at each offset"));
  EXPECT_TRUE(where_bits_differ("nan_leaks_onwards").contains("beside NaN"));
}

// ---- the table ----

TEST(Table, NamesAreUniqueAndRowsAreWhole) {
  std::set<std::string_view> names = {"sound"};
  for (const Mutant& mutant : mutants()) {
    EXPECT_TRUE(names.insert(mutant.name).second) << mutant.name;
    for (const std::string_view text : {mutant.bug, mutant.stands_for, mutant.caught_by}) {
      EXPECT_FALSE(text.empty()) << mutant.name;
    }
  }
}

}  // namespace
}  // namespace lossaudit::mutants
