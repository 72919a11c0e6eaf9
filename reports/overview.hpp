// What run records say when read together: who conforms, what was found, how bad it is. All three reports show this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/record.hpp"
#include "audit/verdict.hpp"
#include "reports/pareto.hpp"

namespace lossaudit {

/// How one contract, or the worst of several, stands. In order of severity.
enum class Standing : std::uint8_t {
  unsupported,
  unjudged,
  conforms,
  advised,
  known,
  worse,
  exceeds,
  breaks_rule,
  hung,
  crashed
};

/// One row of the table of standings. A standing is never told by its colour alone.
struct StandingTraits {
  Standing standing;
  std::string_view name;  ///< for style sheets
  std::string_view sign;
  std::string_view word;
  std::string_view fault;  ///< as the kind of a finding
  bool fails;              ///< it makes a gated subject fail
};
std::span<const StandingTraits> standings();
const StandingTraits& traits(Standing standing);

/// By the record's verdict, told apart by its rules: a required rule broken is worse than an exceeded budget, and a
/// recommended one broken is worth a remark on a contract that conforms. Faults that are excused, by a line of expected
/// findings or because the baseline has them too, are known.
Standing standing_of(const Accuracy& accuracy);

/// A subject of one run: a column of the verdict table. A run that only timed has none.
struct Column {
  std::size_t run = 0;
  SubjectInfo info;
  std::string label;  ///< its name, with the run's number when another run has one of that name
  std::size_t contracts = 0, failing = 0, advised = 0, unsupported = 0, unjudged = 0, known = 0;
  /// Contracts that a verdict was given on.
  [[nodiscard]] std::size_t judged() const { return contracts - unsupported - unjudged; }
  [[nodiscard]] std::size_t conforming() const { return judged() - failing - known; }
};

/// One contract of one subject.
struct Entry {
  std::size_t column = 0;
  const Accuracy* accuracy = nullptr;
  Standing standing = Standing::conforms;
};

/// The same fault of one subject's function in one contract or several.
struct Finding {
  Standing standing = Standing::exceeds;
  Standing kind = Standing::exceeds;  ///< what it would be without an excuse
  const Entry* entry = nullptr;       ///< the contract that shows it best
  const RuleResult* rule = nullptr;   ///< the rule broken there; none: the budget, a crash, a hang
  std::vector<const Entry*> others;   ///< the other contracts that have it
};

/// The faults of one entry, most severe first: each broken rule, an exceeded budget, a crash, a hang.
std::vector<Finding> faults_of(const Entry& entry);

/// The case that shows a finding.
const Witness& witness_of(const Finding& finding);

/// "4 ulp", "1e-05 + 1.3e-06 |exact|", "none".
std::string budget_text(const Accuracy& accuracy);

/// "up to 1.01e-5", "of any size", "" when it is not known: the exact results for which a computed 0 is within the budget.
std::string zero_text(const Accuracy& accuracy);

/// Contracts of one run and format that have the same budget.
struct BudgetGroup {
  std::size_t run = 0;
  std::string format, budget, source;
  std::vector<std::string> contracts;      ///< "sigmoid forward"
  const Accuracy* most_lenient = nullptr;  ///< the one where a 0 passes for the largest results
};

/// Pointers inside point into the object itself, so it stays where it is.
class Overview {
 public:
  /// `records` are made visible first. Throws as visible() does.
  explicit Overview(const std::vector<RunRecord>& records);
  Overview(const Overview&) = delete;
  Overview& operator=(const Overview&) = delete;

  std::vector<RunRecord> runs;
  std::vector<Column> columns;
  std::vector<std::string> functions;  ///< those that occur, in the order of the table of functions
  std::vector<Entry> entries;
  std::vector<Finding> findings;  ///< most severe first
  std::vector<BudgetGroup> budgets;
  std::vector<TradeGroup> trades;

  /// "fast conforms; plain and eigen do not": one line on the subjects.
  [[nodiscard]] std::string headline() const;
  /// "f32 up to 1.01e-5": the largest exact results that a run's profile lets a subject lose whole, by format; "" when
  /// the record does not say.
  [[nodiscard]] std::string zero_passes(std::size_t run) const;
  [[nodiscard]] const Column& column_of(const Finding& finding) const { return columns[finding.entry->column]; }
};

/// One line: "off by 8.39e6 ulp, budget 4", "a NaN where a number is due, in 12 cases", "crashed: signal 11".
std::string finding_text(const Finding& finding);

/// What a rule's name means, for people.
std::string rule_text(std::string_view rule);

/// A finding as one would put it in the bug tracker of the subject: contract, input, computed, exact, the command.
std::string bug_report(const Overview& overview, const Finding& finding);

/// A row of values on one line: "0x1.8p+1 (3)" for one, hex alone for several, cut with the number left out when there
/// are many.
std::string values_text(const Accuracy& accuracy, const std::vector<std::string>& values);

/// A case on one line, "output=0x1.8p+1,0x0p+0 labels=1", cut where it is longer than `most`.
std::string inputs_text(const Witness& witness, std::size_t most);

/// What a hunt found, in a line: "1,024 cases, 3 searches: 2.5 ulp at output=0x1p+0; …".
std::string hunt_text(const Accuracy& accuracy, std::size_t longest_input);

/// ", but 4.33e6 beside other inputs" where the results of a sweep depend on their neighbours, else "".
std::string beside_text(const Sweep& sweep);

/// A value's text with its decimal: "0x1.8p+1 (3)".
std::string value_text(const Accuracy& accuracy, const std::string& value);

}  // namespace lossaudit
