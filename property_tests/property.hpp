// What a property is, and how it is held against the subject: over generated cases, or over a list.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "property_tests/generators.hpp"
#include "property_tests/subject_under_test.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit::conform {

/// Why a property does not hold, in lines for people; empty when it holds.
using Complaint = std::string;
using Property = std::function<Complaint(const Batch&)>;

/// Every test of the suite: one instance a format that the subject knows.
using FormatTest = ::testing::TestWithParam<Format>;

/// Checks the property on generated cases (RapidCheck's max_success of them, times `share`), shrinks a failing one, and
/// fails the test with the case in hex, the complaint, and the command that shows it again. The seed is fixed unless
/// RC_PARAMS sets one.
void for_all(const Contract& contract, Draw draw, const Property& property, double share = 1, Admits admits = {});

/// Checks the property on one given case, with the same report.
void check(const Contract& contract, const Batch& batch, const Property& property);

// ---- against the reference ----

/// Which of a value's judgements count.
enum class Demand : std::uint8_t {
  rules_and_budget,  ///< no required rule broken, ulp error within the budget
  rules,             ///< no required rule broken
  finiteness,        ///< no infinity or NaN where a finite number is due
};

/// The subject's results on the batch against the proved reference; the complaint names the worst result and its replay
/// command.
Complaint against_reference(const Contract& contract, const Batch& batch, Demand demand = Demand::rules_and_budget);
/// The same when what is expected is already known.
Complaint against_expected(const Contract& contract, const Batch& batch, const std::vector<Expected>& expected,
                           Demand demand = Demand::rules_and_budget);

/// Every term of the loss has the same sign (targets in [0, 1] or not negative, weights not negative), so the result is
/// well conditioned in its exact inputs. Terms of both signs can cancel any number of bits: there, only rules are
/// demanded.
bool has_one_sign(const Contract& contract, const Batch& batch);

// ---- two ways to one value ----

/// ulp of a value of the format, as a number; that of an infinity is the largest one.
double ulp(Format format, double value);

/// abs(a − b) in ulps of the larger; an infinity counts as 2^(emax+1). 0 for two NaNs, +inf when one alone is NaN.
double apart(Format format, double a, double b);

/// Two results of one real number y, each within its budget, are at most the sum of the budgets apart, in ulps of the
/// larger of the two: ulp(y) is no more than that, unless both lie below the power of two that starts y's binade; then
/// both lie on the same side of y and are at most one budget of ulp(y), two of their own ulps, apart.
Complaint agree(const Contract& first, std::span<const double> a, const Contract& second, std::span<const double> b);

/// The most that a computed value can differ from the exact result y that it stands for, when its error is within
/// `contract`'s budget: that many ulp(y), where y may lie in the next binade above.
double reach(const Contract& contract, double computed);

/// As many steps of the format as `reach` can span, on either side: below a power of two the steps are half as long.
std::int64_t reach_in_steps(const Contract& contract);

/// a + b − c without rounding error before the last operation (the sum in two parts: Knuth's two-sum).
double sum_minus(double a, double b, double c);

/// Whether `value`, itself known to `reach_of_value`, lies between two results that enclose it: in [lowest − its reach,
/// highest + its reach], `lowest` and `highest` being computed results of the contract `bounds`. This is how a relation
/// through a badly conditioned step is held without a tolerance of its own: the step is taken from both ends of what
/// the first result's budget allows.
Complaint enclosed(const Contract& bounds, double lowest, double highest, double value, double reach_of_value = 0);

/// Bit for bit the same (all NaNs count as the same).
bool same_bits(double a, double b);

/// "0x1.8p+3 (12)".
std::string shown(Format format, double value);

/// "f32", the last part of a test's name.
inline std::string format_suffix(const ::testing::TestParamInfo<Format>& info) {
  return std::string(traits(info.param).name);
}

}  // namespace lossaudit::conform

namespace lossaudit {
/// How GoogleTest shows a test's parameter.
inline void PrintTo(Format format, std::ostream* out) { *out << traits(format).name; }
}  // namespace lossaudit

/// A test suite of the function's own name. All suites share one fixture, so that a suite can also hold the properties
/// that every function has (common_properties.hpp).
// NOLINTBEGIN(bugprone-macro-parentheses): the name of a type takes none
#define CONFORMANCE_SUITE(Suite)                                                                    \
  using Suite = ::lossaudit::conform::FormatTest;                                                   \
  INSTANTIATE_TEST_SUITE_P(, Suite, ::testing::ValuesIn(::lossaudit::conform::supported_formats()), \
                           ::lossaudit::conform::format_suffix)
// NOLINTEND(bugprone-macro-parentheses)

/// Leaves the test as skipped, with the contract named, unless the subject supports it.
#define NEEDS(contract)                                                    \
  if (!::lossaudit::conform::supports(contract)) {                         \
    GTEST_SKIP() << "not supported: " << ::lossaudit::to_string(contract); \
  }
