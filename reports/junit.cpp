#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <sstream>

#include "reports/round_up.hpp"
#include "reports/writers.hpp"

namespace lossaudit {
namespace {

using boost::property_tree::ptree;

// Names are pushed back, never put by path: a path is split at its dots.

ptree& add_child(ptree& parent, const char* name) { return parent.push_back({name, ptree()})->second; }

void add_attribute(ptree& element, const char* name, const std::string& value) {
  const auto attributes = element.find("<xmlattr>");
  ptree& place = attributes == element.not_found() ? add_child(element, "<xmlattr>") : attributes->second;
  place.push_back({name, ptree(value)});
}

void add_property(ptree& properties, const char* name, const std::string& value) {
  ptree& property = add_child(properties, "property");
  add_attribute(property, "name", name);
  add_attribute(property, "value", value);
}

/// How a finding shows in its testcase.
const char* element_for(const Finding& finding, bool gated) {
  if (finding.standing == Standing::known) return "skipped";
  if (!traits(finding.standing).fails) return "system-out";
  if (!gated) return "skipped";
  return finding.standing == Standing::crashed || finding.standing == Standing::hung ? "error" : "failure";
}

void add_testcase(ptree& suite, const Overview& overview, const Entry& entry) {
  const Accuracy& accuracy = *entry.accuracy;
  const Column& column = overview.columns[entry.column];
  ptree& testcase = add_child(suite, "testcase");
  add_attribute(testcase, "classname", "lossaudit." + column.label);
  add_attribute(testcase, "name", contract_text(accuracy));
  if (entry.standing == Standing::unsupported || entry.standing == Standing::unjudged) {
    add_attribute(add_child(testcase, "skipped"), "message",
                  accuracy.detail.empty() ? std::string(traits(entry.standing).word) : accuracy.detail);
    return;
  }
  // A testcase has one result: the most severe fault is it, and the text holds them all.
  std::string worst_message, text;
  const char* element = nullptr;
  for (const Finding& finding : faults_of(entry)) {
    const std::string message = finding_text(finding);
    text += (text.empty() ? "" : "\n") + bug_report(overview, finding);
    if (element == nullptr) {
      element = element_for(finding, column.info.gated);
      worst_message = (column.info.gated || finding.standing == Standing::known ? "" : "not gated: ") + message;
    } else {
      worst_message += "; " + message;
    }
  }
  if (element == nullptr) return;
  ptree& result = add_child(testcase, element);
  result.data() = text;
  if (element == std::string_view("system-out")) return;
  add_attribute(result, "message", worst_message);
  if (element != std::string_view("skipped")) {
    add_attribute(result, "type", std::string(traits(entry.standing).name));
  }
}

void add_suite(ptree& suites, const Overview& overview, std::size_t index) {
  const Column& column = overview.columns[index];
  const RunRecord& run = overview.runs[column.run];
  std::size_t failures = 0, errors = 0, skipped = 0;
  for (const Entry& entry : overview.entries) {
    if (entry.column != index) continue;
    const bool fails = traits(entry.standing).fails;
    const bool stopped = entry.standing == Standing::crashed || entry.standing == Standing::hung;
    const bool told = entry.standing == Standing::known || entry.standing == Standing::unsupported ||
                      entry.standing == Standing::unjudged || (fails && !column.info.gated);
    skipped += told ? 1 : 0;
    errors += column.info.gated && stopped ? 1 : 0;
    failures += column.info.gated && fails && !stopped ? 1 : 0;
  }
  ptree& suite = add_child(suites, "testsuite");
  add_attribute(suite, "name", column.label);
  add_attribute(suite, "tests", std::to_string(column.contracts));
  add_attribute(suite, "failures", std::to_string(failures));
  add_attribute(suite, "errors", std::to_string(errors));
  add_attribute(suite, "skipped", std::to_string(skipped));
  add_attribute(suite, "timestamp", run.started);
  ptree& properties = add_child(suite, "properties");
  add_property(properties, "version", column.info.version);
  add_property(properties, "origin", column.info.origin);
  add_property(properties, "gated", column.info.gated ? "true" : "false");
  add_property(properties, "profile", run.profile);
  add_property(properties, "seed", std::to_string(run.seed));
  add_property(properties, "lossaudit", run.tool_version);
  for (const auto& [name, value] : run.machine) add_property(properties, ("machine." + name).c_str(), value);
  for (const Entry& entry : overview.entries) {
    if (entry.column == index) add_testcase(suite, overview, entry);
  }
}

/// A failure for each expected finding that no longer occurs.
void add_expected(ptree& suites, const RunRecord& run) {
  if (run.no_longer_occurs.empty()) return;
  const std::string count = std::to_string(run.no_longer_occurs.size());
  ptree& suite = add_child(suites, "testsuite");
  add_attribute(suite, "name", "expected findings");
  add_attribute(suite, "tests", count);
  add_attribute(suite, "failures", count);
  add_attribute(suite, "errors", "0");
  add_attribute(suite, "skipped", "0");
  add_attribute(suite, "timestamp", run.started);
  for (const std::string& line : run.no_longer_occurs) {
    ptree& testcase = add_child(suite, "testcase");
    add_attribute(testcase, "classname", "lossaudit.expected findings");
    add_attribute(testcase, "name", line);
    add_attribute(add_child(testcase, "failure"), "message", "no longer occurs: remove the line");
  }
}

}  // namespace

std::string junit_report(const Overview& overview) {
  ptree document;
  ptree& suites = add_child(document, "testsuites");
  add_attribute(suites, "name", "lossaudit");
  for (std::size_t i = 0; i < overview.columns.size(); ++i) add_suite(suites, overview, i);
  for (const RunRecord& run : overview.runs) add_expected(suites, run);
  std::ostringstream text;
  write_xml(text, document, boost::property_tree::xml_writer_settings<std::string>(' ', 1));
  return text.str();
}

}  // namespace lossaudit
