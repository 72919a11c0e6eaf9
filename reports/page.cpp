#include <fmt/format.h>

#include <algorithm>
#include <boost/archive/iterators/base64_from_binary.hpp>
#include <boost/archive/iterators/transform_width.hpp>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "reference/format.hpp"
#include "reports/page_parts.hpp"
#include "reports/round_up.hpp"
#include "reports/writers.hpp"

namespace lossaudit {
namespace {

constexpr std::size_t longest_hunted = 400;

using nlohmann::json;

// Everything the page says is decided here, in text: its scripts lay it out, and round, sort out or judge nothing
// themselves.

/// Place on the bit-ordered axis, in binades: equal lengths hold equally many of the format's numbers.
double place_of(Format format, double value) {
  const double place = std::ldexp(static_cast<double>(ordinal(format, value)), 1 - traits(format).precision);
  return std::round(place * 1e4) / 1e4;
}

/// Powers of ten above 0, by exponent, with their places on the bit-ordered axis, which is symmetric; and the error
/// from which on no bit of a result is right.
json axis_of(Format format) {
  json decades = json::array();
  for (int exponent = -323; exponent <= 308; ++exponent) {
    const double value = std::pow(10.0, exponent);
    if (value >= smallest(format) && value <= largest(format)) decades.push_back({exponent, place_of(format, value)});
  }
  return {{"decades", decades}, {"all_wrong", std::ldexp(1.0, traits(format).precision)}};
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
        {{"text",
          fmt::format("{}: {} ulp at {}{}; mean {} ulp; {} correctly rounded; {} s", sweep.inputs,
                      round_up(sweep.max_ulp), value_text(accuracy, sweep.worst),
                      sweep.worst_target.empty() ? "" : ", target " + value_text(accuracy, sweep.worst_target),
                      round_up(sweep.mean_ulp), percent_down(sweep.correctly_rounded), round_up(sweep.seconds))},
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

json change_of(const Change& change) {
  return {{"kind", change.kind}, {"subject", change.subject}, {"contract", change.contract}, {"text", change.text}};
}

json budget_of(const BudgetGroup& group) {
  return {{"run", group.run},
          {"format", group.format},
          {"budget", group.budget},
          {"zero", zero_text(*group.most_lenient)},
          {"contracts", group.contracts},
          {"source", group.source}};
}

json run_of(const Overview& overview, std::size_t index) {
  const RunRecord& run = overview.runs[index];
  json changes = json::array();
  for (const Change& change : run.changes) changes.push_back(change_of(change));
  json machine = json::array();
  for (const auto& [name, value] : run.machine) machine.push_back({name, value});
  if (run.accuracy.empty()) {
    for (const SubjectInfo& subject : run.subjects) machine.push_back({subject.name, subject.version});
  }
  return {{"started", run.started},
          {"command", run.command},
          {"seed", std::to_string(run.seed)},
          {"interrupted", what_it_lacks(run)},
          {"profile", run.profile},
          {"zero", overview.zero_passes(index)},
          {"baseline", run.baseline},
          {"changes", changes},
          {"gone", run.no_longer_occurs},
          {"tool", run.tool_revision.empty() ? run.tool_version : run.tool_version + " (" + run.tool_revision + ")"},
          {"machine", machine}};
}

/// "0.12 to 0.14 ns in 9 repetitions", or "" where the record does not say.
std::string spread_text(const Speed& speed) {
  if (speed.repetitions == 0) return "";
  return round_up(speed.least_ns_per_element) + " to " + round_up(speed.most_ns_per_element) + " ns in " +
         grouped(speed.repetitions) + (speed.repetitions == 1 ? " repetition" : " repetitions");
}

json speed_of(const Overview& overview) {
  json rows = json::array();
  for (const RunRecord& run : overview.runs) {
    for (const Speed& speed : run.speed) {
      rows.push_back({{"subject", speed.subject},
                      {"function", speed.function},
                      {"dialect", speed.dialect},
                      {"format", speed.format},
                      {"pass", speed.pass},
                      {"options", speed.options},
                      {"shape", speed.shape},
                      {"inputs", speed.inputs},
                      {"note", speed.note},
                      {"ns", round_up(speed.ns_per_element)},
                      {"limit", round_up(speed.limit_ns_per_element)},
                      {"ratio", round_up(speed.ns_per_element / speed.limit_ns_per_element)},
                      {"spread", spread_text(speed)}});
    }
  }
  return rows;
}

/// What the charts of time against error show: the groups in which somebody's error is known.
json trades_of(const Overview& overview) {
  json groups = json::array();
  for (const TradeGroup& group : overview.trades) {
    json points = json::array();
    for (const TradePoint& point : group.points) {
      if (!point.has_error()) continue;
      const Speed& speed = *point.speed;
      points.push_back({{"subject", speed.subject},
                        {"ns", round_up(speed.ns_per_element)},
                        {"spread", spread_text(speed)},
                        {"ratio", round_up(speed.ns_per_element / speed.limit_ns_per_element)},
                        {"ulp", round_up(point.max_ulp)},
                        {"evidence", point.proved ? "proved" : "observed"},
                        {"note", speed.note},
                        {"beaten", point.dominated_by}});
    }
    if (points.empty()) continue;
    groups.push_back({{"run", group.run},
                      {"contract", group.contract},
                      {"function", group.points.front().speed->function},
                      {"format", group.points.front().speed->format},
                      {"shape", group.shape},
                      {"inputs", group.inputs},
                      {"limit", round_up(group.limit_ns)},
                      {"points", points}});
  }
  return groups;
}

json lengths_of(const Overview& overview) {
  json rows = json::array();
  for (const RunRecord& run : overview.runs) {
    for (const LengthCurve& curve : run.lengths) {
      std::string differs;
      for (const auto& [what, said] : curve.same_bits) {
        if (said != same_bits_text) differs += (differs.empty() ? "" : "; ") + what + " " + said;
      }
      json row = {{"subject", curve.subject},
                  {"contract", curve.function + " " + curve.dialect + " " + curve.format},
                  {"options", curve.options},
                  {"accumulator", curve.accumulator},
                  {"bits", differs.empty() && !curve.same_bits.empty() ? same_bits_text : differs}};
      for (const char* number : {"terms", "rms", "max", "exponent"}) row[number] = "";
      if (!curve.points.empty()) {
        row["terms"] = grouped(curve.points.back().length);
        row["rms"] = round_up(curve.points.back().rms_ulp);
        row["max"] = round_up(curve.points.back().max_ulp);
        row["exponent"] = fmt::format("{:.2f}", curve.exponent);
      }
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

json data_of(const Overview& overview) {
  json data = {{"headline", overview.headline()},
               {"functions", overview.functions},
               {"speed", speed_of(overview)},
               {"lengths", lengths_of(overview)},
               {"trades", trades_of(overview)}};
  for (const char* list : {"runs", "standings", "subjects", "contracts", "findings", "budgets"})
    data[list] = json::array();
  data["axes"] = json::object();
  for (std::size_t run = 0; run < overview.runs.size(); ++run) data["runs"].push_back(run_of(overview, run));
  for (const BudgetGroup& group : overview.budgets) data["budgets"].push_back(budget_of(group));
  for (const StandingTraits& standing : standings()) {
    data["standings"].push_back({{"name", standing.name},
                                 {"sign", standing.sign},
                                 {"word", standing.word},
                                 {"fault", standing.fault},
                                 {"fails", standing.fails}});
  }
  for (const Column& column : overview.columns) {
    data["subjects"].push_back({{"run", column.run},
                                {"label", column.label},
                                {"version", column.info.version},
                                {"origin", column.info.origin},
                                {"gated", column.info.gated}});
  }
  for (const Entry& entry : overview.entries) {
    data["contracts"].push_back(contract_of(overview, entry));
    const std::string& name = entry.accuracy->format;
    if (!data["axes"].contains(name)) data["axes"][name] = axis_of(format_named(name).value_or(Format::f64));
  }
  for (const TradeGroup& group : overview.trades) {
    const std::string& name = group.points.front().speed->format;
    if (!data["axes"].contains(name)) data["axes"][name] = axis_of(format_named(name).value_or(Format::f32));
  }
  for (const Finding& finding : overview.findings) data["findings"].push_back(finding_of(overview, finding));
  return data;
}

/// JSON that no HTML parser sees anything in: no "</script>", no "<!--", and nothing beyond ASCII.
std::string inside_script(const json& data) {
  std::string text;
  for (const char c : data.dump(-1, ' ', true)) {
    if (c == '<' || c == '>' || c == '&') {
      text += c == '<' ? "\\u003c" : c == '>' ? "\\u003e" : "\\u0026";
    } else {
      text += c;
    }
  }
  return text;
}

/// "'sha256-…'": the one script or style that the page's policy allows (Content Security Policy Level 3,
/// section 2.3.1).
std::string allowed(const PagePart& part) {
  std::string bytes;
  for (std::size_t i = 0; i < part.sha256.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(part.sha256.substr(i, 2)), nullptr, 16));
  }
  using namespace boost::archive::iterators;
  using Encoder = base64_from_binary<transform_width<std::string::const_iterator, 6, 8>>;
  // 32 bytes are 43 digits and one of padding; the encoder wants whole groups of three bytes.
  bytes += '\0';
  std::string digits(Encoder(bytes.cbegin()), Encoder(bytes.cend()));
  digits.back() = '=';
  return "'sha256-" + digits + "'";
}

}  // namespace

std::string page_report(const Overview& overview) {
  const std::map<std::string_view, std::string> fillings = {
      {"policy", "default-src 'none'; base-uri 'none'; form-action 'none'; style-src " + allowed(page_css) +
                     "; script-src " + allowed(chart_js) + " " + allowed(page_js)},
      {"page.css", std::string(page_css.text)},
      {"data", inside_script(data_of(overview))},
      {"chart.js", std::string(chart_js.text)},
      {"page.js", std::string(page_js.text)},
  };
  std::string page;
  std::string_view frame = page_html.text;
  for (std::size_t open = 0; (open = frame.find("{{")) != std::string_view::npos;) {
    const std::size_t close = frame.find("}}", open);
    page.append(frame.substr(0, open)).append(fillings.at(frame.substr(open + 2, close - open - 2)));
    frame.remove_prefix(close + 2);
  }
  return page.append(frame);
}

}  // namespace lossaudit
