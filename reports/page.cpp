#include <fmt/format.h>

#include <boost/archive/iterators/base64_from_binary.hpp>
#include <boost/archive/iterators/transform_width.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "reference/format.hpp"
#include "reports/page_data.hpp"
#include "reports/page_parts.hpp"
#include "reports/round_up.hpp"
#include "reports/writers.hpp"

namespace lossaudit {
namespace {

using nlohmann::json;

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

json data_of(const Overview& overview) {
  json data = {{"headline", overview.headline()}, {"functions", overview.functions},
               {"speed", speed_of(overview)},     {"sweep_speed", sweep_speed_of(overview)},
               {"lengths", lengths_of(overview)}, {"trades", trades_of(overview)}};
  for (const char* list : {"runs", "standings", "subjects", "contracts", "findings", "budgets"})
    data[list] = json::array();
  data["axes"] = json::object();
  const auto add_axis = [&axes = data["axes"]](const std::string& name, Format otherwise) {
    if (!axes.contains(name)) axes[name] = axis_of(format_named(name).value_or(otherwise));
  };
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
    add_axis(entry.accuracy->format, Format::f64);
  }
  for (const TradeGroup& group : overview.trades) add_axis(group.points.front().speed->format, Format::f32);
  for (const RunRecord& run : overview.runs) {
    for (const LengthCurve& curve : run.lengths) add_axis(curve.format, Format::f32);
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
