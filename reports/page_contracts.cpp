// What the page shows of contracts, their witnesses and what was found.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/page_data.hpp"
#include "reports/round_up.hpp"

namespace lossaudit {
namespace {

using nlohmann::json;

constexpr std::size_t longest_hunted = 400;

/// Place on the bit-ordered axis, in binades: equal lengths hold equally many of the format's numbers.
double place_of(Format format, double value) {
  const double place = std::ldexp(static_cast<double>(ordinal(format, value)), 1 - traits(format).precision);
  return std::round(place * 1e4) / 1e4;
}

json curve_of(const Accuracy& accuracy) {
  const Format format = format_named(accuracy.format).value_or(Format::f64);
  json points = json::array();
  for (const CurvePoint& point : accuracy.curve) {
    if (std::isnan(point.at) || std::isnan(point.max_ulp)) continue;
    if (accuracy.curve_axis == "input") {
      points.push_back({place_of(format, point.at), round_up(point.max_ulp), to_decimal(format, point.at)});
    } else if (std::isfinite(point.at) && point.at > 0) {
      points.push_back({point.at, round_up(point.max_ulp)});
    }
  }
  return points;
}

json witness_json(const Accuracy& accuracy, const Witness& witness) {
  json inputs = json::array();
  for (const auto& [name, values] : witness.inputs) inputs.push_back({name, values_text(accuracy, values)});
  return {{"inputs", inputs},
          {"computed", value_text(accuracy, witness.computed)},
          {"exact", witness.exact},
          {"replay", witness.replay}};
}

json sweeps_of(const Accuracy& accuracy) {
  json sweeps = json::array();
  for (const Sweep& sweep : accuracy.sweeps) {
    json binades = json::array();
    for (const SweepBinade& binade : sweep.binades) {
      binades.push_back({value_text(accuracy, binade.first), grouped(binade.count),
                         grouped(binade.not_correctly_rounded), round_up(binade.max_ulp), round_up(binade.mean_ulp)});
    }
    sweeps.push_back(
        {{"text", fmt::format("{}: {} ulp at {}{}{}; mean {} ulp; {} correctly rounded; {} s", sweep.inputs,
                              round_up(sweep.max_ulp), value_text(accuracy, sweep.worst),
                              sweep.worst_target.empty() ? "" : ", target " + value_text(accuracy, sweep.worst_target),
                              beside_text(sweep), round_up(sweep.mean_ulp), percent_down(sweep.correctly_rounded),
                              round_up(sweep.seconds))},
         {"binades", binades}});
  }
  return sweeps;
}

/// What was hunted, a line each.
json hunt_of(const Accuracy& accuracy) {
  if (accuracy.hunt.cases == 0) return json::array();
  return json::array({hunt_text(accuracy, longest_hunted)});
}

/// Place of a broken rule among those that contract_of() lists.
std::ptrdiff_t rule_index(const Accuracy& accuracy, const RuleResult* rule) {
  return std::count_if(accuracy.rules.data(), rule, [](const RuleResult& each) { return each.broken > 0; });
}

}  // namespace

json axis_of(Format format) {
  json decades = json::array();
  for (int exponent = -323; exponent <= 308; ++exponent) {
    const double value = std::pow(10.0, exponent);
    if (value >= smallest(format) && value <= largest(format)) decades.push_back({exponent, place_of(format, value)});
  }
  return {{"decades", decades}, {"all_wrong", std::ldexp(1.0, traits(format).precision)}};
}

json contract_of(const Overview& overview, const Entry& entry) {
  const Accuracy& accuracy = *entry.accuracy;
  json rules = json::array();
  for (const RuleResult& rule : accuracy.rules) {
    if (rule.broken == 0) continue;
    rules.push_back({{"name", rule.rule},
                     {"text", rule_text(rule.rule)},
                     {"broken", grouped(rule.broken)},
                     {"required", rule.required},
                     {"excused", rule.excused},
                     {"worst", witness_json(accuracy, rule.worst)}});
  }
  return {{"column", entry.column},
          {"subject", overview.columns[entry.column].label},
          {"text", contract_text(accuracy)},
          {"function", accuracy.function},
          {"dialect", accuracy.dialect},
          {"format", accuracy.format},
          {"pass", accuracy.pass},
          {"options", accuracy.options},
          {"standing", traits(entry.standing).name},
          {"ulp", round_up(accuracy.max_ulp)},
          {"mean", round_up(accuracy.mean_ulp)},
          {"relative", round_up(accuracy.max_relative_error)},
          {"right", percent_down(accuracy.correctly_rounded)},
          {"count", grouped(accuracy.count)},
          {"evidence", accuracy.evidence},
          {"budget", budget_text(accuracy)},
          {"excess", round_up(excess(accuracy))},
          {"zero", zero_text(accuracy)},
          {"source", accuracy.budget_source},
          {"inputs", accuracy.inputs},
          {"detail", accuracy.detail},
          {"stopped", stopped(accuracy)},
          {"excused", accuracy.excused},
          {"grown", accuracy.worse},
          {"note", accuracy.note},
          {"worst", witness_json(accuracy, accuracy.worst)},
          {"beyond", accuracy.budget_worst == Witness() ? json() : witness_json(accuracy, accuracy.budget_worst)},
          {"sweeps", sweeps_of(accuracy)},
          {"hunt", hunt_of(accuracy)},
          {"hunted", accuracy.hunt.worst == Witness() ? json() : witness_json(accuracy, accuracy.hunt.worst)},
          {"lost", accuracy.hunt.lost == Witness() ? json() : witness_json(accuracy, accuracy.hunt.lost)},
          {"rules", rules},
          {"axis", accuracy.curve_axis},
          {"curve", curve_of(accuracy)}};
}

json finding_of(const Overview& overview, const Finding& finding) {
  const auto index = [&overview](const Entry* entry) { return entry - overview.entries.data(); };
  json others = json::array();
  for (const Entry* other : finding.others) others.push_back(index(other));
  return {{"standing", traits(finding.standing).name},
          {"contract", index(finding.entry)},
          {"others", others},
          {"rule", finding.rule == nullptr ? json() : json(rule_index(*finding.entry->accuracy, finding.rule))},
          {"beyond", &witness_of(finding) == &finding.entry->accuracy->budget_worst},
          {"text", finding_text(finding)},
          {"report", bug_report(overview, finding)}};
}

}  // namespace lossaudit
