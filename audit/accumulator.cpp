#include "audit/accumulator.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "audit/inputs/values.hpp"
#include "audit/measure.hpp"
#include "audit/name_contract.hpp"

namespace lossaudit {
namespace {

/// The table's rows by name.
enum Rule : std::size_t { finite, number_due, nan_stays_nan, overflow, pole, sum_to_one, limits };
constexpr RuleTraits rule_table[] = {
    {"finite", true}, {"number_due", true}, {"nan_stays_nan", true}, {"overflow", true},
    {"pole", true},   {"sum_to_one", true}, {"limits", false},
};

std::size_t rule_index(std::string_view name) {
  const auto found = std::find_if(std::begin(rule_table), std::end(rule_table),
                                  [&](const RuleTraits& rule) { return rule.name == name; });
  return static_cast<std::size_t>(found - std::begin(rule_table));
}

/// Stretches that the order of the inputs is cut into for the curve.
constexpr std::int64_t stretches = 512;

bool reduced(const Contract& contract) { return contract.options.reduction != Reduction::none; }
bool elementwise(const Contract& contract) { return traits(contract.function).layout == Layout::elementwise; }

/// How many inputs show what a sighting shows.
std::size_t inputs_of(const Contract& contract, const Batch& batch) {
  return reduced(contract) ? batch.output.size() : elementwise(contract) ? 1 : batch.shape.classes;
}

/// Σ of doubles to about twice the precision of long double (Neumaier's compensated sum), far below an ulp of any
/// format.
long double exact_sum(const Shape& shape, std::span<const double> values, std::size_t row) {
  long double sum = 0;
  long double rest = 0;
  for (std::size_t i = 0; i < shape.classes; ++i) {
    const long double x = values[element_index(shape, row, i)];
    const long double next = sum + x;
    rest += std::abs(sum) >= std::abs(x) ? (sum - next) + x : (x - next) + sum;
    sum = next;
  }
  return sum + rest;
}

}  // namespace

std::span<const RuleTraits> rules() { return rule_table; }

Accumulator::Accumulator(const Contract& contract, const Budget& budget) : contract_(contract), budget_(budget) {
  static_assert(std::size(rule_table) == rule_count);
}

void Accumulator::add(const std::shared_ptr<const Batch>& batch, std::span<const Expected> exact,
                      std::span<const double> computed) {
  longest_row_ = std::max<std::uint64_t>(longest_row_, batch->shape.classes);
  for (std::size_t i = 0; i < exact.size(); ++i) add_one(batch, i, exact[i], computed[i]);
  if (contract_.function == Function::softmax && contract_.pass == Pass::forward) check_sums(batch, exact, computed);
}

void Accumulator::add_sought(const std::shared_ptr<const Batch>& batch, std::span<const Expected> exact,
                             std::span<const double> computed) {
  const auto numbers = std::tuple(count_, numeric_, correctly_rounded_, sum_ulp_);
  add(batch, exact, computed);
  std::tie(count_, numeric_, correctly_rounded_, sum_ulp_) = numbers;
}

void Accumulator::add(const Tally& tally, double worst) {
  longest_row_ = std::max<std::uint64_t>(longest_row_, 1);
  count_ += tally.count();
  numeric_ += tally.numbers;
  correctly_rounded_ += tally.correctly_rounded;
  sum_ulp_.add(tally.sum_ulp);
  max_relative_ = std::max(max_relative_, tally.max_relative);
  tested_[finite] |= tally.numbers > 0;
  tested_[number_due] |= tally.numbers + tally.poles > 0;
  tested_[nan_stays_nan] |= tally.nans > 0;
  tested_[overflow] |= tally.overflows > 0;
  tested_[pole] |= tally.poles > 0;
  // The table begins with them.
  for (std::size_t rule = 0; rule < lane_rule_count; ++rule) broken_[rule] += tally.broken[rule];
  if (tally.numbers > 0) add_to_curve(stretch_of(worst), worst, tally.max_ulp);
}

void Accumulator::consider(const std::shared_ptr<const Batch>& batch, std::size_t result, const Expected& exact,
                           double computed) {
  const Judgement judgement = judge(contract_.format, exact, computed);
  if (!judgement.numeric || !judgement.required) return;
  note_largest({batch, result, judgement.ulp, computed},
               share_of_budget(budget_, contract_, *batch, result, exact, judgement));
}

void Accumulator::note_largest(const Sighting& sighting, double share) {
  if (worst_.batch == nullptr || sighting.size > worst_.size) worst_ = sighting;
  if (share > most_of_budget_.size) most_of_budget_ = {sighting.batch, sighting.result, share, sighting.computed};
}

void Accumulator::mark_tested(const Expected& exact) {
  if (exact.recommended) {
    tested_[limits] = true;
    return;
  }
  const bool number = exact.kind == Expected::Kind::number;
  tested_[finite] |= number && std::isfinite(exact.rounded);
  tested_[number_due] |= exact.kind != Expected::Kind::nan;
  tested_[nan_stays_nan] |= exact.kind == Expected::Kind::nan;
  tested_[overflow] |= number && std::isinf(exact.rounded);
  tested_[pole] |= exact.kind == Expected::Kind::infinity;
}

void Accumulator::add_one(const std::shared_ptr<const Batch>& batch, std::size_t result, const Expected& exact,
                          double computed) {
  ++count_;
  mark_tested(exact);
  const Judgement judgement = judge(contract_.format, exact, computed);
  const auto add_broken = [&](std::size_t rule) {
    add_rule(rule, {batch, result, -static_cast<double>(inputs_of(contract_, *batch)), computed});
  };
  if (!judgement.broken_rule.empty()) add_broken(rule_index(judgement.broken_rule));
  if (!judgement.numeric) return;
  const double share = share_of_budget(budget_, contract_, *batch, result, exact, judgement);
  if (!judgement.required) {
    // A recommended result is reported as a whole: an error beyond the budget is as far from the limit as a NaN.
    if (judgement.broken_rule.empty() && share > 1) add_broken(limits);
    return;
  }
  ++numeric_;
  correctly_rounded_ += judgement.correctly_rounded ? 1 : 0;
  sum_ulp_.add(judgement.ulp);
  // Below the normal range a relative error only says that the format has few values there; the ulp error judges those.
  if (std::abs(exact.rounded) >= std::ldexp(1.0, traits(contract_.format).min_exponent)) {
    max_relative_ = std::max(max_relative_, judgement.relative);
  }
  note_largest({batch, result, judgement.ulp, computed}, share);
  add_to_curve(*batch, result, judgement.ulp);
}

void Accumulator::add_rule(std::size_t rule, const Sighting& sighting) {
  ++broken_[rule];
  Sighting& worst = rule_worst_[rule];
  if (worst.batch == nullptr || sighting.size > worst.size) worst = sighting;
}

void Accumulator::add_counts(const Accumulator& other) {
  count_ += other.count_;
  numeric_ += other.numeric_;
  correctly_rounded_ += other.correctly_rounded_;
  sum_ulp_.add(other.sum_ulp_);
  max_relative_ = std::max(max_relative_, other.max_relative_);
  longest_row_ = std::max(longest_row_, other.longest_row_);
  for (std::size_t rule = 0; rule < rule_count; ++rule) {
    tested_[rule] = tested_[rule] || other.tested_[rule];
    broken_[rule] += other.broken_[rule];
  }
  for (const auto& [place, point] : other.curve_) add_to_curve(place, point.at, point.max_ulp);
}

/// A softmax row sums to 1. Each result that is one of the two numbers of the format next to the exact probability s_i
/// is less than ulp(s_i) from it, and Σ s_i = 1, so abs(Σ computed − 1) < Σ ulp(s_i): a row beyond that has errors that
/// add up, as a sum of exp in too narrow an accumulator gives them, even when none of them exceeds its own budget.
void Accumulator::check_sums(const std::shared_ptr<const Batch>& batch, std::span<const Expected> exact,
                             std::span<const double> computed) {
  const Shape& shape = batch->shape;
  for (std::size_t row = 0; row < shape.rows(); ++row) {
    bool comparable = true;
    long double allowed = 0;
    for (std::size_t i = 0; i < shape.classes && comparable; ++i) {
      const std::size_t at = element_index(shape, row, i);
      comparable = exact[at].kind == Expected::Kind::number && !exact[at].recommended && std::isfinite(computed[at]);
      allowed += std::ldexp(1.0L, exact[at].ulp_exponent);
    }
    if (!comparable) continue;  // other rules speak of these
    tested_[sum_to_one] = true;
    const long double sum = exact_sum(shape, computed, row);
    const long double off = std::abs(sum - 1);
    if (off >= allowed) {
      add_rule(sum_to_one, {batch, element_index(shape, row, 0), static_cast<double>(off), static_cast<double>(sum)});
    }
  }
}

void Accumulator::add_to_curve(const Batch& batch, std::size_t result, double ulp) {
  std::int64_t place = 0;
  double at = 0;
  if (reduced(contract_)) {
    place = static_cast<std::int64_t>(unreduced_size(contract_, batch.shape));
    at = static_cast<double>(place);
  } else if (!elementwise(contract_)) {
    place = static_cast<std::int64_t>(batch.shape.classes);
    at = static_cast<double>(place);
  } else {
    at = batch.output[result];
    place = stretch_of(at);
  }
  add_to_curve(place, at, ulp);
}

std::int64_t Accumulator::stretch_of(double input) const {
  const double low = output_space(contract_).probability ? 0 : -std::numeric_limits<double>::infinity();
  const double high = output_space(contract_).probability ? 1 : std::numeric_limits<double>::infinity();
  // As doubles: the ordinals of f64 lie farther apart than a signed difference reaches.
  const auto first = static_cast<double>(ordinal(contract_.format, low));
  const auto last = static_cast<double>(ordinal(contract_.format, high));
  const double here = std::clamp(static_cast<double>(ordinal(contract_.format, input)), first, last);
  const double part = (here - first) / (last - first);
  return std::min(static_cast<std::int64_t>(part * stretches), stretches - 1);
}

void Accumulator::add_to_curve(std::int64_t place, double at, double ulp) {
  at += 0.0;  // -0 would be equal and yet another
  const auto [point, is_new] = curve_.try_emplace(place, CurvePoint{at, ulp});
  const auto& [other, most] = point->second;
  if (!is_new && (ulp > most || (ulp == most && at < other))) point->second = {at, ulp};
}

bool Accumulator::breaks_required_rule() const {
  for (std::size_t i = 0; i < rule_count; ++i) {
    if (rule_table[i].required && broken_[i] > 0) return true;
  }
  return false;
}

Accuracy Accumulator::accuracy() const {
  Accuracy accuracy;
  name_contract(accuracy, contract_);
  accuracy.count = count_;
  accuracy.max_ulp = worst_.size;
  accuracy.mean_ulp = numeric_ == 0 ? 0 : sum_ulp_.value() / static_cast<double>(numeric_);
  accuracy.max_relative_error = max_relative_;
  accuracy.correctly_rounded =
      numeric_ == 0 ? 0 : static_cast<double>(correctly_rounded_) / static_cast<double>(numeric_);
  accuracy.budget_ulp = budget_.ulp;
  accuracy.budget_source = budget_.source;
  if (budget_.tolerance) {
    accuracy.budget_rtol = budget_.tolerance->rtol;
    accuracy.budget_atol = budget_.tolerance->atol;
  }
  // Of a plain number of ulps the largest error says it all.
  if (!plain(budget_)) {
    accuracy.budget_text = to_text(budget_);
    accuracy.budget_share = most_of_budget_.size;
  }
  accuracy.budget_zero_passes = zero_passes_up_to(budget_, contract_.format, std::max<std::size_t>(longest_row_, 1));
  for (std::size_t i = 0; i < rule_count; ++i) {
    if (!tested_[i] && broken_[i] == 0) continue;
    RuleResult result;
    result.rule = rule_table[i].name;
    result.broken = broken_[i];
    result.required = rule_table[i].required;
    accuracy.rules.push_back(result);
  }
  accuracy.curve_axis = reduced(contract_) ? "losses" : elementwise(contract_) ? "input" : "classes";
  for (const auto& [place, point] : curve_) accuracy.curve.push_back(point);
  return accuracy;
}

}  // namespace lossaudit
