#include "property_tests/fast_harness.hpp"

#include <algorithm>
#include <utility>

#include "audit/case.hpp"
#include "audit/fast_subject.hpp"
#include "audit/measure.hpp"
#include "audit/profile.hpp"
#include "audit/subject.hpp"
#include "fast/targets.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {
namespace {

/// What one target gets wrong: the worst error, or the first broken rule.
struct Worst {
  double ulp = 0;
  std::size_t at = 0;
  std::string rule;
};

Worst worst_of(const Contract& contract, const std::vector<Expected>& expected, const std::vector<double>& results,
               bool with_recommended) {
  Worst worst;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Judgement judgement = judge(contract.format, expected[i], results[i]);
    if (!judgement.broken_rule.empty() && (judgement.required || with_recommended))
      return {0, i, judgement.broken_rule};
    if (judgement.numeric && judgement.ulp > worst.ulp) worst = {judgement.ulp, i, ""};
  }
  return worst;
}

double expect_on_every_target(const Contract& contract, const Batch& batch, bool with_recommended) {
  const std::unique_ptr<Subject> subject = make_builtin(fast_subject());
  EXPECT_TRUE(subject->supports(contract)) << to_string(contract);
  const std::vector<Expected> expected = expect(contract, batch);
  const double limit = budget(profile_named("faithful"), contract).ulp;
  double largest = 0;
  for (const std::string& target : fast::targets()) {
    const TargetScope scope(target);
    std::vector<double> results(expected.size());
    const Outcome outcome = subject->compute(contract, batch, results);
    EXPECT_EQ(outcome.kind, Outcome::Kind::computed) << to_string(contract) << ": " << outcome.detail;
    const Worst worst = worst_of(contract, expected, results, with_recommended);
    EXPECT_TRUE(worst.rule.empty() && worst.ulp <= limit)
        << target << ", " << to_string(contract) << ": " << worst.ulp << " ulp " << worst.rule << "\ncomputed "
        << to_hex(contract.format, results[worst.at]) << ", exact about "
        << to_hex(contract.format, expected[worst.at].rounded) << "\n"
        << to_case_text(contract, single_case(contract, batch, worst.at));
    largest = std::max(largest, worst.ulp);
  }
  return largest;
}

}  // namespace

TargetScope::TargetScope(const std::string& name) { fast::use_target(name); }
TargetScope::~TargetScope() { fast::use_target(""); }

double expect_within_budget(const Contract& contract, const Batch& batch) {
  return expect_on_every_target(contract, batch, false);
}

double expect_limits(const Contract& contract, const Batch& batch) {
  return expect_on_every_target(contract, batch, true);
}

Batch row_batch(std::vector<double> output, std::vector<double> target) {
  const std::size_t classes = output.size();
  return rows_batch(classes, std::move(output), std::move(target));
}

Batch rows_batch(std::size_t classes, std::vector<double> output, std::vector<double> target) {
  for (double& value : output) value = round_to(Format::f32, value);
  for (double& value : target) value = round_to(Format::f32, value);
  Batch batch;
  batch.shape = {output.size() / classes, classes, 1};
  batch.output = std::move(output);
  batch.target = std::move(target);
  return batch;
}

Batch elements_batch(std::vector<double> output, std::vector<double> target) {
  return row_batch(std::move(output), std::move(target));
}

}  // namespace lossaudit
