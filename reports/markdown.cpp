#include <fmt/format.h>

#include <algorithm>

#include "reports/markdown_parts.hpp"
#include "reports/round_up.hpp"
#include "reports/visible.hpp"
#include "reports/writers.hpp"

namespace lossaudit {

std::string escaped_html(const std::string& text, std::size_t most) {
  std::string result;
  for (const char c : visible(text, most)) {
    if (c == '<' || c == '>' || c == '&') {
      result += c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&amp;";
    } else {
      result += c;
    }
  }
  return result;
}

std::string escaped(const std::string& text, std::size_t most) {
  std::string result;
  for (const char c : escaped_html(text, most)) {
    if (std::string_view("\\`*_[]|~#!$").find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

namespace {

constexpr std::size_t findings_shown = 20;
constexpr std::size_t budgets_shown = 40;
constexpr std::size_t changes_shown = 100;

/// A block of code whose fence is longer than any run of backticks inside it.
std::string code_block(const std::string& text) {
  std::size_t longest = 2, run = 0;
  for (const char c : text) longest = std::max(longest, run = c == '`' ? run + 1 : 0);
  const std::string fence(longest + 1, '`');
  return fence + "text\n" + text + fence + "\n";
}

/// The worst standing of a function's contracts and their largest error.
std::string cell(const Overview& overview, std::size_t column, const std::string& function) {
  const Entry* worst = nullptr;
  double ulp = 0;
  bool proved = true;
  for (const Entry& entry : overview.entries) {
    if (entry.column != column || entry.accuracy->function != function) continue;
    if (worst == nullptr || entry.standing > worst->standing) worst = &entry;
  }
  for (const Entry& entry : overview.entries) {
    if (entry.column != column || entry.accuracy->function != function) continue;
    // An error that no budget judges says nothing of the verdict beside it.
    if (entry.standing == Standing::unjudged && worst->standing != Standing::unjudged) continue;
    ulp = std::max(ulp, entry.accuracy->max_ulp);
    proved = proved && entry.accuracy->evidence == "proved";
  }
  if (worst == nullptr) return "";
  const StandingTraits& standing = traits(worst->standing);
  if (worst->standing == Standing::unsupported) return std::string(standing.sign);
  const std::string number = stopped(*worst->accuracy)
                                 ? std::string(standing.word)
                                 : round_up(ulp) + (proved ? " ●" : "") +
                                       (worst->standing == Standing::breaks_rule ? " and breaks a rule" : "");
  return standing.fails ? fmt::format("**{} {}**", standing.sign, number)
                        : fmt::format("{} {}", escaped(std::string(standing.sign)), number);
}

std::string runs_text(const Overview& overview) {
  std::string text;
  for (std::size_t i = 0; i < overview.runs.size(); ++i) {
    const RunRecord& run = overview.runs[i];
    const auto cpu = run.machine.find("cpu");
    const std::string lacking = what_it_lacks(run);
    text +=
        fmt::format("{} · {} · {}lossaudit {}{}{}{}  \n", escaped(run.started),
                    cpu == run.machine.end() ? "machine not named" : escaped(cpu->second),
                    run.profile.empty() ? "" : fmt::format("profile {} · seed {} · ", escaped(run.profile), run.seed),
                    escaped(run.tool_version), run.tool_revision.empty() ? "" : " ", escaped(run.tool_revision),
                    lacking.empty() ? "" : " · **" + lacking + "**");
    if (const std::string zero = overview.zero_passes(i); !zero.empty()) {
      text += fmt::format("A computed 0 is within the budgets of {} for exact results: {}  \n", escaped(run.profile),
                          escaped(zero));
    }
  }
  return text;
}

std::string verdict_table(const Overview& overview) {
  std::string head = "| largest error in ulp |", rule = "|---|", counts = "| *contracts that conform* |", body;
  for (const Column& column : overview.columns) {
    head += fmt::format(" {} {} |", escaped(column.label, longest_name), escaped(column.info.version, longest_name));
    rule += ":--|";
    counts += fmt::format(" {} of {} |", column.conforming(), column.judged());
  }
  for (const std::string& function : overview.functions) {
    body += fmt::format("| {} |", escaped(function, longest_name));
    for (std::size_t column = 0; column < overview.columns.size(); ++column)
      body += fmt::format(" {} |", cell(overview, column, function));
    body += "\n";
    if (body.size() > most_bytes) break;
  }
  return head + "\n" + rule + "\n" + body + counts + "\n\n" +
         "✓ conforms · ✓\\* conforms, but not to a recommended rule · ✗ exceeds its budget or breaks a rule · ✖ "
         "crashed or hung · (✗) known: expected, or in the baseline too · · no budget in this profile · "
         "empty: not offered. Errors are rounded up; ● means proved over all inputs, the others are the largest "
         "observed.\n";
}

std::string budget_table(const Overview& overview) {
  std::string text =
      "\n<details><summary>Budgets, and what they let pass</summary>\n\n"
      "| profile, format | budget | a computed 0 passes for exact results | contracts | source "
      "|\n|---|---|---|---|---|\n";
  for (std::size_t i = 0; i < overview.budgets.size() && i < budgets_shown; ++i) {
    const BudgetGroup& group = overview.budgets[i];
    text += fmt::format("| {}, {} | {} | {} | {} | {} |\n", escaped(overview.runs[group.run].profile, longest_name),
                        escaped(group.format, longest_name), escaped(group.budget), zero_text(*group.most_lenient),
                        escaped(fmt::format("{}", fmt::join(group.contracts, ", "))), escaped(group.source));
  }
  if (overview.budgets.size() > budgets_shown) {
    text += fmt::format("\n… and {} more in index.html.\n", overview.budgets.size() - budgets_shown);
  }
  return text + "\n</details>\n";
}

/// What is not as in the baseline, and the expected findings that no longer occur.
std::string changes_text(const Overview& overview) {
  std::string text;
  for (const RunRecord& run : overview.runs) {
    if (!run.no_longer_occurs.empty()) text += "\n### Expected findings that no longer occur: remove their lines\n\n";
    for (const std::string& line : run.no_longer_occurs) text += "- " + escaped(line) + "\n";
    if (run.baseline.empty()) continue;
    text += fmt::format("\n### Against the baseline {}\n\n{}", escaped(run.baseline),
                        run.changes.empty() ? "Nothing changed.\n" : "");
    for (std::size_t i = 0; i < run.changes.size() && i < changes_shown; ++i) {
      const Change& change = run.changes[i];
      const std::string what = change.contract.empty() ? "" : escaped(change.contract) + ": ";
      text += fmt::format("- **{}** {}: {}{}\n", change.kind, escaped(change.subject, longest_name), what,
                          escaped(change.text));
    }
    if (run.changes.size() > changes_shown)
      text += fmt::format("- … and {} more in index.html\n", run.changes.size() - changes_shown);
  }
  return text;
}

std::string findings_list(const Overview& overview) {
  std::string text;
  for (std::size_t i = 0; i < overview.findings.size() && i < findings_shown; ++i) {
    const Finding& finding = overview.findings[i];
    const std::string report = bug_report(overview, finding);
    text += fmt::format(
        "<details><summary>{} {}: {}: {}{}</summary>\n\n{}\n</details>\n\n", traits(finding.standing).sign,
        escaped_html(overview.column_of(finding).label, longest_name),
        escaped_html(contract_text(*finding.entry->accuracy)), escaped_html(finding_text(finding)),
        finding.others.empty() ? "" : fmt::format(" (and {} more contracts)", finding.others.size()),
        report.size() > 20 * longest_line ? "Too long to show here: see index.html.\n" : code_block(report));
  }
  if (overview.findings.size() > findings_shown) {
    text += fmt::format("… and {} more in index.html.\n", overview.findings.size() - findings_shown);
  }
  return text;
}

}  // namespace

std::string markdown_report(const Overview& overview) {
  std::string text = "## " + escaped(overview.headline()) + "\n\n" + runs_text(overview) + "\n" +
                     (overview.columns.empty() ? "" : verdict_table(overview)) + searches_text(overview) +
                     measurements_text(overview) + changes_text(overview) +
                     (overview.columns.empty() ? "" : budget_table(overview));
  if (!overview.findings.empty()) {
    text += fmt::format("\n### {} {}, most severe first\n\n", overview.findings.size(),
                        overview.findings.size() == 1 ? "finding" : "findings");
    text += findings_list(overview);
  }
  if (text.size() > most_bytes) {
    text.resize(text.rfind('\n', most_bytes) + 1);
    text += "\n… cut here: see index.html.\n";
  }
  return text;
}

}  // namespace lossaudit
