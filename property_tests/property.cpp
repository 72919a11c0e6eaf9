#include "property_tests/property.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <string_view>

#include "audit/case.hpp"
#include "audit/measure.hpp"
#include "audit/profile.hpp"

namespace lossaudit::conform {
namespace {

std::string test_name() {
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  return std::string(info->test_suite_name()) + "." + info->name();
}

std::string run_command() {
  return "lossaudit-conform " + shell_quoted(subject_argument()) + " --gtest_filter=" + shell_quoted(test_name());
}

std::string report(const Contract& contract, const std::string& case_text, const std::string& complaint,
                   const std::string& again) {
  return to_string(contract) + "\n  case: " + case_text + "\n  " + complaint + "\n  again: " + again + "\n";
}

/// FNV-1a (draft-eastlake-fnv): gives every property a stream of its own under one seed, the same on every machine.
std::uint64_t hash(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325ULL;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return h;
}

/// RapidCheck reports through for_all's message alone.
struct Quiet : rc::detail::TestListener {
  void onTestCaseFinished(const rc::detail::CaseDescription& /*description*/) override {}
  void onShrinkTried(const rc::detail::CaseDescription& /*shrink*/, bool /*accepted*/) override {}
  void onTestFinished(const rc::detail::TestMetadata& /*test*/, const rc::detail::TestResult& /*result*/) override {}
};

std::string reproducing(const std::string& id, const rc::detail::Reproduce& reproduce) {
  rc::detail::Configuration configuration;
  configuration.reproduce[id] = reproduce;
  const std::string parameters = rc::detail::configToMinimalString(configuration);
  // RapidCheck appends its seed, which a reproduced case does not use.
  return "RC_PARAMS=\"" + parameters.substr(0, parameters.find(" seed=")) + "\" " + run_command();
}

/// A test that goes through many contracts stops reporting when it has shown enough of them.
bool has_shown_enough() {
  constexpr int enough = 5;
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  return info->result()->total_part_count() >= enough;
}

bool is_finite_due(const Judgement& judgement) {
  return judgement.broken_rule == "finite" || judgement.broken_rule == "number_due";
}

std::string due_text(Format format, const Expected& expected) {
  switch (expected.kind) {
    case Expected::Kind::nan:
      return "nan";
    case Expected::Kind::infinity:
      return expected.rounded > 0 ? "inf" : "-inf";
    case Expected::Kind::number:
      break;
  }
  return shown(format, expected.rounded) + " correctly rounded";
}

}  // namespace

void for_all(const Contract& contract, Draw draw, const Property& property, double share, Admits admits) {
  if (has_shown_enough()) return;
  const std::string id = test_name() + " " + to_string(contract);
  const rc::Gen<Case> generator = cases(contract, std::move(draw), std::move(admits));
  std::string hang;  // a case that hangs is not shrunk: each try would cost the time limit again
  const auto holds = [&]() -> std::string {
    const Case drawn = *generator;
    if (!hang.empty()) return "";
    try {
      return property(drawn.batch);
    } catch (const SubjectHung& hung) {
      return hang = hung.what();
    }
  };
  const rc::detail::Configuration& configuration = rc::detail::configuration();
  rc::detail::TestParams parameters = configuration.testParams;
  parameters.seed ^= hash(id);
  parameters.maxSuccess = std::max(1, static_cast<int>(std::lround(parameters.maxSuccess * share)));
  Quiet quiet;
  const auto result =
      rc::detail::checkProperty(rc::detail::toProperty(holds), {id, id}, parameters, quiet, configuration.reproduce);
  if (result.is<rc::detail::SuccessResult>()) return;
  if (!result.is<rc::detail::FailureResult>()) {
    std::ostringstream text;
    rc::detail::printResultMessage(result, text);
    ADD_FAILURE() << to_string(contract) << ": " << text.str();
    return;
  }
  const auto& failure = result.get<rc::detail::FailureResult>();
  const std::string drawn = failure.counterExample.empty() ? "?" : failure.counterExample.front().second;
  ADD_FAILURE() << report(contract, drawn, hang.empty() ? failure.description : hang,
                          reproducing(id, failure.reproduce));
}

void check(const Contract& contract, const Batch& batch, const Property& property) {
  if (has_shown_enough()) return;
  std::string complaint;
  try {
    complaint = property(batch);
  } catch (const SubjectFailure& failure) {
    complaint = failure.what();
  }
  if (complaint.empty()) return;
  constexpr std::size_t longest = 300;
  std::string text = to_case_text(contract, batch);
  if (text.size() > longest) text = text.substr(0, longest) + "... (the whole list is in the source)";
  ADD_FAILURE() << report(contract, text, complaint, run_command());
}

namespace {

/// Of gradients, where no difference is left to cancel: a softmax meets one upstream number, a cross-entropy hard targets.
bool is_well_conditioned_gradient(const Contract& contract, const Batch& batch) {
  const std::size_t n = batch.shape.classes;
  const auto one_a_row = [&](const std::vector<double>& values) {
    for (std::size_t row = 0; row < batch.shape.rows(); ++row) {
      std::size_t others = 0, ones = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double value = values[element_index(batch.shape, row, i)];
        ones += value == 1 ? 1 : 0;
        others += value != 1 && value != 0 ? 1 : 0;
      }
      if (ones > 1 || others > 0) return false;
    }
    return true;
  };
  const FunctionTraits& function = traits(contract.function);
  const bool is_softmax = function.layout == Layout::row_to_row;
  if (is_softmax) return batch.upstream.size() == batch.output.size() && one_a_row(batch.upstream);
  if (!function.is_loss || contract.function == Function::mean_squared_error) return true;
  const bool is_hard =
      contract.function == Function::binary_crossentropy
          ? std::all_of(batch.target.begin(), batch.target.end(), [](double t) { return t == 0 || t == 1; })
          : batch.target.empty() || one_a_row(batch.target);
  return is_hard && contract.options.label_smoothing == 0;
}

}  // namespace

bool has_one_sign(const Contract& contract, const Batch& batch) {
  if (contract.pass == Pass::gradient && !is_well_conditioned_gradient(contract, batch)) return false;
  const bool any_target = contract.function == Function::mean_squared_error;
  const bool has_mirrored_term = contract.function == Function::binary_crossentropy;
  const auto all = [](const std::vector<double>& values, auto good) {
    return std::all_of(values.begin(), values.end(), good);
  };
  const auto not_negative = [](double x) { return !(x < 0); };
  // ln(o + ε) is positive in the last ε below 1.
  const double epsilon = path_of(contract).logarithm == Logarithm::plus_epsilon ? clip_epsilon(contract) : 0;
  if (epsilon != 0 && !all(batch.output, [&](double o) { return o + 2 * epsilon < 1; })) return false;
  return (any_target || all(batch.target, [&](double t) { return !(t < 0) && !(has_mirrored_term && t > 1); })) &&
         all(batch.class_weights, not_negative) && all(batch.sample_weights, not_negative);
}

Complaint against_expected(const Contract& contract, const Batch& batch, const std::vector<Expected>& expected,
                           Demand demand) {
  const std::vector<double> computed = compute(contract, batch);
  const Budget allowed = budget(profile_named("faithful"), contract);
  // Asked of the result's own inputs: one wild target must not excuse the whole batch.
  const auto is_well_conditioned = [&](std::size_t i) {
    return has_one_sign(contract, batch) || has_one_sign(contract, single_case(contract, batch, i));
  };
  std::size_t worst = 0;
  double worst_badness = 0;
  Judgement worst_judgement;
  for (std::size_t i = 0; i < computed.size(); ++i) {
    const Judgement judgement = judge(contract.format, expected[i], computed[i]);
    if (!judgement.required) continue;
    const bool breaks_rule = demand == Demand::finiteness ? is_finite_due(judgement) : !judgement.broken_rule.empty();
    const bool exceeds = demand == Demand::rules_and_budget && judgement.numeric && !(judgement.ulp <= allowed.ulp) &&
                         is_well_conditioned(i);
    // A broken rule comes before any number of ulps.
    const double badness = breaks_rule ? INFINITY : exceeds ? judgement.ulp : 0;
    if (badness > worst_badness) {
      worst = i;
      worst_badness = badness;
      worst_judgement = judgement;
    }
  }
  if (worst_badness == 0) return {};
  std::ostringstream text;
  text << "result " << worst << ": computed " << shown(contract.format, computed[worst]) << ", due "
       << due_text(contract.format, expected[worst]);
  if (!worst_judgement.broken_rule.empty()) text << "; breaks the rule " << worst_judgement.broken_rule;
  if (worst_judgement.numeric) text << "; " << worst_judgement.ulp << " ulp";
  text << " (budget " << allowed.ulp << ": " << allowed.source << ")";
  return text.str() + alone(contract, single_case(contract, batch, worst));
}

Complaint against_reference(const Contract& contract, const Batch& batch, Demand demand) {
  return against_expected(contract, batch, expect(contract, batch), demand);
}

double ulp(Format format, double value) {
  const long binade = value == 0 ? -100000 : std::isinf(value) ? 100000 : std::ilogb(value);
  return std::ldexp(1.0, ulp_exponent(format, binade));
}

double apart(Format format, double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b) ? 0 : INFINITY;
  if (a == b) return 0;
  // Halves, so that 2^(emax+1) is a double for f64 too.
  const auto half = [&](double x) {
    return std::isinf(x) ? std::copysign(std::ldexp(1.0, traits(format).max_exponent), x) : x / 2;
  };
  const double larger = std::max(std::abs(a), std::abs(b));
  const double unit = ulp(format, larger);
  // Subnormals of f64 lose their last bit when halved: they are far from any infinity.
  return larger < 1 ? std::abs(a - b) / unit : std::abs(half(a) - half(b)) / (unit / 2);
}

Complaint agree(const Contract& first, std::span<const double> a, const Contract& second, std::span<const double> b) {
  const double allowed = budget_ulps(first) + budget_ulps(second);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double distance = apart(first.format, a[i], b[i]);
    if (distance <= allowed) continue;
    std::ostringstream text;
    text << "result " << i << ": " << shown(first.format, a[i]) << " and " << shown(first.format, b[i]) << " are "
         << distance << " ulp apart (allowed: the two budgets, " << allowed << ")";
    return text.str();
  }
  return {};
}

double reach(const Contract& contract, double computed) {
  if (!std::isfinite(computed)) return 0;
  const double ulps = budget_ulps(contract);
  const auto steps = static_cast<std::int64_t>(std::ceil(ulps)) + 1;
  return ulps * ulp(contract.format, step(contract.format, std::abs(computed), steps));
}

std::int64_t reach_in_steps(const Contract& contract) {
  return 2 * static_cast<std::int64_t>(std::ceil(budget_ulps(contract))) + 1;
}

Complaint enclosed(const Contract& bounds, double lowest, double highest, double value, double reach_of_value) {
  // Each sum is rounded once, by half an ulp at most: a whole one outwards makes up for it.
  const double low = std::nextafter(lowest - reach(bounds, lowest) - reach_of_value, -INFINITY);
  const double high = std::nextafter(highest + reach(bounds, highest) + reach_of_value, INFINITY);
  // A NaN is never outside: whether it is due is the other properties' matter.
  if (!(value < low) && !(value > high)) return {};
  return shown(bounds.format, value) + " is outside what the other way allows, [" + shown(bounds.format, lowest) +
         ", " + shown(bounds.format, highest) + "] and the budgets";
}

double sum_minus(double a, double b, double c) {
  const double sum = a + b;
  const double part_of_b = sum - a;
  const double rest = (a - (sum - part_of_b)) + (b - part_of_b);
  return (sum - c) + rest;
}

bool same_bits(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
}

std::string shown(Format format, double value) {
  const std::string hex = to_hex(format, value);
  return std::isfinite(value) ? hex + " (" + to_decimal(format, value) + ")" : hex;
}

}  // namespace lossaudit::conform
