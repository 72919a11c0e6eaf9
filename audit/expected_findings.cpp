#include "audit/expected_findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <map>
#include <system_error>

#include "audit/accumulator.hpp"
#include "audit/text.hpp"
#include "audit/verdict.hpp"
#include "reference/contract.hpp"

namespace lossaudit {
namespace {

using Kind = ExpectedFinding::Kind;

constexpr std::size_t longest_shown = 80;
constexpr const char* form = "SUBJECT | FUNCTION DIALECT FORMAT PASS [OPTION...] | EXPECTATION | REASON";

std::string cited(std::string_view text) { return "'" + printable(text, longest_shown) + "'"; }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find(at);
    parts.emplace_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string> words_of(std::string_view text) {
  std::string blanks(text);
  std::ranges::replace(blanks, '\t', ' ');
  std::vector<std::string> words = split(blanks, ' ');
  std::erase(words, "");
  return words;
}

/// A name of the contract's word at `place`, checked against the table of those.
std::string known_name(std::size_t place, const std::string& name) {
  switch (place) {
    case 0:
      return std::string(traits(parse_function(name)).name);
    case 1:
      return std::string(traits(parse_dialect(name)).name);
    case 2:
      return std::string(traits(parse_format(name)).name);
    default:
      return std::string(to_string(parse_pass(name)));
  }
}

void read_contract(std::string_view text, ExpectedFinding& expected) {
  constexpr std::size_t places = 4;
  const std::vector<std::string> words = words_of(text);
  if (words.empty()) throw BadInput("names no contract: give at least a function, or *");
  expected.contract.resize(places);
  for (std::size_t i = 0; i < places && i < words.size(); ++i) {
    if (words[i] == "*") continue;
    for (const std::string& name : split(words[i], ',')) expected.contract[i].push_back(known_name(i, name));
  }
  if (words.size() <= places) return;
  std::string options;
  for (std::size_t i = places; i < words.size(); ++i) options += (options.empty() ? "" : " ") + words[i];
  expected.options = options == "no-options" ? "" : to_string(parse_options(options));
}

double read_bound(const std::string& text) {
  double bound = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, bound);
  if (error != std::errc() || stop != end || !(bound > 0)) {
    throw BadInput(cited(text) + " is no largest error: expected a number above 0, as in 'exceeds 2.2e6 ulp'");
  }
  return bound;
}

void read_rule(const std::string& name, ExpectedFinding& expected) {
  std::vector<std::string> names;
  for (const RuleTraits& rule : rules()) {
    if (rule.required) names.emplace_back(rule.name);
    if (rule.name != name) continue;
    if (!rule.required) throw BadInput("rule " + name + " is recommended and fails nobody: remove the line");
    expected.rule = name;
    return;
  }
  throw BadInput(
      fmt::format("unknown rule {}: did you mean {}?", cited(name), fmt::join(nearest_names(name, names), ", ")));
}

void read_expectation(std::string_view text, ExpectedFinding& expected) {
  const std::vector<std::string> words = words_of(text);
  const auto is = [&words](std::size_t size, const char* verb) { return words.size() == size && words[0] == verb; };
  if (is(3, "exceeds") && (words[2] == "ulp" || words[2] == "times")) {
    expected.kind = words[2] == "ulp" ? Kind::exceeds_ulp : Kind::exceeds_times;
    expected.bound = read_bound(words[1]);
  } else if (is(2, "breaks")) {
    expected.kind = Kind::breaks;
    read_rule(words[1], expected);
  } else if (is(1, "crashes") || is(1, "hangs")) {
    expected.kind = words[0] == "crashes" ? Kind::crashes : Kind::hangs;
  } else {
    throw BadInput(cited(text) +
                   " is no expectation: use 'exceeds N ulp', 'exceeds N times', 'breaks RULE', 'crashes' or 'hangs'");
  }
}

ExpectedFinding read_line(std::string_view line) {
  ExpectedFinding expected;
  std::array<std::string_view, 4> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    // What comes after the third bar is the reason, with the bars that it has.
    const std::size_t end = i + 1 < parts.size() ? line.find('|') : std::string_view::npos;
    if (i + 1 < parts.size() && end == std::string_view::npos) throw BadInput(std::string("expected ") + form);
    parts[i] = trimmed(line.substr(0, end));
    if (end != std::string_view::npos) line.remove_prefix(end + 1);
  }
  expected.subject = parts[0];
  if (expected.subject.empty()) throw BadInput("names no subject: give its name, or *");
  read_contract(parts[1], expected);
  read_expectation(parts[2], expected);
  expected.reason = parts[3];
  if (expected.reason.empty()) throw BadInput("has no reason: say after the third | why this is lived with");
  expected.text = fmt::format("{} | {} | {}", parts[0], parts[1], parts[2]);
  return expected;
}

// ---- against a record

bool concerns(const ExpectedFinding& expected, const Accuracy& accuracy) {
  if (expected.subject != "*" && expected.subject != accuracy.subject) return false;
  const std::array<const std::string*, 4> words = {&accuracy.function, &accuracy.dialect, &accuracy.format,
                                                   &accuracy.pass};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::vector<std::string>& names = expected.contract[i];
    if (!names.empty() && std::ranges::find(names, *words[i]) == names.end()) return false;
  }
  return !expected.options || *expected.options == accuracy.options;
}

/// Does the fault occur? Excuses it, as far as it is no worse than expected.
bool occurs(const ExpectedFinding& expected, const std::string& where, Accuracy& accuracy) {
  const std::string excuse = "expected: " + expected.reason;
  switch (expected.kind) {
    case Kind::breaks: {
      const auto rule = std::ranges::find(accuracy.rules, expected.rule, &RuleResult::rule);
      if (rule == accuracy.rules.end() || rule->broken == 0) return false;
      rule->excused = excuse;
      return true;
    }
    case Kind::crashes:
    case Kind::hangs:
      if (accuracy.verdict != (expected.kind == Kind::crashes ? "crashed" : "hung")) return false;
      accuracy.excused = excuse;
      return true;
    case Kind::exceeds_ulp:
    case Kind::exceeds_times: {
      if (!over_budget(accuracy)) return false;
      const bool in_ulps = expected.kind == Kind::exceeds_ulp;
      const double size = in_ulps ? accuracy.max_ulp : excess(accuracy);
      if (size <= expected.bound) {
        accuracy.excused = excuse;
        accuracy.worse.clear();
      } else if (accuracy.excused.empty()) {
        accuracy.worse = fmt::format("{:.6g} {}, and {}:{} expects up to {:.6g}: {:.4g} times as large", size,
                                     in_ulps ? "ulp" : "times its budget", where, expected.line, expected.bound,
                                     size / expected.bound);
      }
      return true;
    }
  }
  return false;
}

/// Can it be said that the fault does not occur? Not where a crash or a hang left the contract half measured.
bool judges(const ExpectedFinding& expected, const Accuracy& accuracy) {
  return expected.kind == Kind::crashes || expected.kind == Kind::hangs || !stopped(accuracy);
}

}  // namespace

std::vector<ExpectedFinding> parse_expected_findings(std::string_view text, const std::string& where) {
  std::vector<ExpectedFinding> all;
  std::map<std::string, std::size_t> first;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    try {
      ExpectedFinding expected = read_line(line);
      expected.line = number;
      const auto [earlier, is_new] = first.emplace(expected.text, number);
      if (!is_new) throw BadInput(fmt::format("says what line {} says: remove one of them", earlier->second));
      all.push_back(std::move(expected));
    } catch (const BadInput& error) {
      throw BadInput(fmt::format("{}:{}: {}", where, number, printable(error.what(), 300)));
    }
  }
  return all;
}

std::vector<ExpectedFinding> load_expected_findings(const std::filesystem::path& path) {
  std::error_code error;
  const std::string remedy = ": give --expected a file of lines " + std::string(form);
  if (std::filesystem::is_directory(path, error)) throw BadInput(path.string() + ": is a folder" + remedy);
  std::ifstream file(path, std::ios::binary);
  if (!file) throw BadInput(path.string() + ": cannot be read" + remedy);
  // A size that a file system tells may be untrue, and a pipe has none.
  std::string text(largest_expected_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > largest_expected_bytes) {
    throw BadInput(fmt::format("{}: is larger than {} bytes{}", path.string(), largest_expected_bytes, remedy));
  }
  return parse_expected_findings(text, path.string());
}

std::size_t apply_expected_findings(const std::vector<ExpectedFinding>& expected, const std::string& where,
                                    RunRecord& record) {
  std::size_t unconcerned = 0;
  for (const ExpectedFinding& finding : expected) {
    bool concerned = false, occurred = false, judged = false;
    for (Accuracy& accuracy : record.accuracy) {
      if (accuracy.verdict == "unsupported" || !concerns(finding, accuracy)) continue;
      concerned = true;
      occurred = occurs(finding, where, accuracy) || occurred;
      const auto subject = std::ranges::find(record.subjects, accuracy.subject, &SubjectInfo::name);
      judged = judged || (subject != record.subjects.end() && subject->gated && judges(finding, accuracy));
    }
    unconcerned += concerned ? 0 : 1;
    if (judged && !occurred && !record.interrupted) {
      record.no_longer_occurs.push_back(fmt::format("{}:{}: {}", where, finding.line, finding.text));
    }
  }
  return unconcerned;
}

}  // namespace lossaudit
