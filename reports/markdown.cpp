#include <fmt/format.h>

#include <algorithm>

#include "reports/round_up.hpp"
#include "reports/visible.hpp"
#include "reports/writers.hpp"

namespace lossaudit {
namespace {

/// A job summary of GitHub's has 1 MiB a step at most; past it nothing is shown at all.
constexpr std::size_t most_bytes = 1'000'000;
constexpr std::size_t findings_shown = 20;
constexpr std::size_t budgets_shown = 40;
constexpr std::size_t sweeps_shown = 200;
constexpr std::size_t hunts_shown = 40;
constexpr std::size_t longest_witness = 160;
constexpr std::size_t changes_shown = 100;
constexpr std::size_t longest_name = 60;
constexpr std::size_t longest_line = 1000;

/// `text` as text inside an HTML element, where Markdown has no say.
std::string escaped_html(const std::string& text, std::size_t most = longest_line) {
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

/// `text` as text: whatever Markdown or HTML would act on is escaped.
std::string escaped(const std::string& text, std::size_t most = longest_line) {
  std::string result;
  for (const char c : escaped_html(text, most)) {
    if (std::string_view("\\`*_[]|~#!$").find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

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

/// What was tried in full: proved, each line.
std::string sweep_table(const Overview& overview) {
  std::string text;
  std::size_t left = 0, shown = 0;
  for (const Entry& entry : overview.entries) {
    for (const Sweep& sweep : entry.accuracy->sweeps) {
      if (shown == sweeps_shown) {
        ++left;
        continue;
      }
      ++shown;
      text += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n",
                          escaped(overview.columns[entry.column].label, longest_name),
                          escaped(contract_text(*entry.accuracy)), escaped(sweep.inputs), round_up(sweep.max_ulp),
                          escaped(sweep.worst + (sweep.worst_target.empty() ? "" : ", target " + sweep.worst_target)),
                          round_up(sweep.mean_ulp), percent_down(sweep.correctly_rounded), round_up(sweep.seconds));
    }
  }
  if (text.empty()) return "";
  if (left > 0) text += fmt::format("\n… and {} more in index.html.\n", left);
  return "\n### Every value tried\n\n| subject | contract | inputs | largest error, ulp | at | mean error, ulp | "
         "correctly rounded | s |\n"
         "|---|---|---|--:|---|--:|--:|--:|\n" +
         text;
}

/// What was searched for, the largest errors first: those hunts of which there is something to tell.
std::string hunt_table(const Overview& overview) {
  const std::vector<const Entry*> hunts = hunts_to_tell(overview.entries, hunts_shown);
  if (hunts.empty()) return "";
  std::string text =
      "\n### Hunted\n\nWhat searches for the worst input found: observed, so lower bounds. The smallest case shows at "
      "least half of the "
      "largest error.\n\n| subject | contract | cases tried | largest error, ulp | as many random "
      "cases | smallest case | everything lost on |\n|---|---|--:|--:|--:|---|---|\n";
  for (std::size_t i = 0; i < hunts.size() && i < hunts_shown; ++i) {
    const HuntResult& hunt = hunts[i]->accuracy->hunt;
    const std::string lost = hunt.lost_results == 0
                                 ? ""
                                 : fmt::format("{}: {} for {}", escaped(inputs_text(hunt.lost, longest_witness)),
                                               escaped(hunt.lost.computed), escaped(hunt.lost.exact));
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n",
                        escaped(overview.columns[hunts[i]->column].label, longest_name),
                        escaped(contract_text(*hunts[i]->accuracy)), grouped(hunt.cases), round_up(hunt.max_ulp),
                        hunt.random_cases == 0 ? "" : round_up(hunt.random_kept_ulp),
                        escaped(inputs_text(hunt.worst, longest_witness)), lost);
  }
  if (hunts.size() > hunts_shown) text += fmt::format("\n… and {} more in index.html.\n", hunts.size() - hunts_shown);
  return text;
}

/// Time against error: for each contract the errors, then the times at each shape; bold: nobody is as quick and as
/// accurate and better at one.
std::string trade_table(const Overview& overview) {
  std::vector<std::string> subjects;
  for (const TradeGroup& group : overview.trades) {
    for (const TradePoint& point : group.points) {
      const std::string& name = point.speed->subject;
      if (std::find(subjects.begin(), subjects.end(), name) == subjects.end()) subjects.push_back(name);
    }
  }
  if (subjects.empty()) return "";
  std::string text =
      "\n### Time and error\n\nns an element on one core, and in the lines *ulp* the largest error; all rounded up. "
      "The "
      "limit is the time that moving the arrays takes alone. Bold: no other is as quick and as accurate.\n\n"
      "| contract, shape | limit |";
  std::string rule = "|---|--:|";
  for (const std::string& name : subjects) {
    text += fmt::format(" {} |", escaped(name, longest_name));
    rule += "--:|";
  }
  text += "\n" + rule + "\n";
  const TradeGroup* last = nullptr;
  const auto line = [&](const std::string& head, const std::string& limit, const TradeGroup& group, auto cell_of) {
    text += fmt::format("| {} | {} |", head, limit);
    for (const std::string& name : subjects) {
      const auto is_it = [&name](const TradePoint& point) { return point.speed->subject == name; };
      const auto found = std::find_if(group.points.begin(), group.points.end(), is_it);
      text += found == group.points.end() ? " |" : fmt::format(" {} |", cell_of(*found));
    }
    text += "\n";
  };
  for (const TradeGroup& group : overview.trades) {
    if (last == nullptr || last->contract != group.contract || last->inputs != group.inputs || last->run != group.run) {
      const std::string inputs = group.inputs.empty() ? "" : ", " + escaped(group.inputs);
      line(fmt::format("**{}**{}: *ulp*", escaped(group.contract), inputs), "", group, [](const TradePoint& point) {
        return point.has_error() ? round_up(point.max_ulp) + (point.proved ? " ●" : "") : std::string("?");
      });
    }
    last = &group;
    line("· " + escaped(group.shape), round_up(group.limit_ns), group, [](const TradePoint& point) {
      const std::string time = round_up(point.speed->ns_per_element);
      return point.on_front() ? "**" + time + "**" : time;
    });
    if (text.size() > most_bytes) break;
  }
  return text;
}

/// Errors over lengths: where they end, how they grow, and what that betrays.
std::string lengths_table(const Overview& overview) {
  std::string curves, bits;
  for (const RunRecord& run : overview.runs) {
    for (const LengthCurve& curve : run.lengths) {
      if (curves.size() > most_bytes) break;
      const std::string name =
          fmt::format("| {} | {} {} {} {}{}{} |", escaped(curve.subject, longest_name), escaped(curve.function),
                      escaped(curve.dialect), escaped(curve.format), escaped(curve.pass),
                      curve.options.empty() ? "" : " ", escaped(curve.options));
      if (!curve.points.empty()) {
        const LengthPoint& last = curve.points.back();
        curves += fmt::format("{} {} | {} | {} | {:.2f} | {} |\n", name, grouped(last.length), round_up(last.rms_ulp),
                              round_up(last.max_ulp), curve.exponent, escaped(curve.accumulator));
      }
      for (const auto& [what, said] : curve.same_bits) {
        if (said != same_bits_text) bits += fmt::format("{} {} | {} |\n", name, escaped(what), escaped(said));
      }
    }
  }
  std::string text;
  if (!curves.empty()) {
    text +=
        "\n### Errors over lengths\n\nThe root mean square of the errors at the most terms, the exponent with which "
        "errors grow with the number of terms, and the accumulator that this betrays.\n\n| subject | contract | terms "
        "| rms, ulp | largest, ulp | exponent | accumulator |\n|---|---|--:|--:|--:|--:|---|\n" +
        curves;
  }
  if (!bits.empty()) {
    text +=
        "\n### Results that are not always the same\n\n| subject | contract | compared | found |\n|---|---|---|---|\n" +
        bits;
  }
  return text;
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
  std::string text =
      "## " + escaped(overview.headline()) + "\n\n" + runs_text(overview) + "\n" +
      (overview.columns.empty() ? "" : verdict_table(overview) + sweep_table(overview) + hunt_table(overview)) +
      trade_table(overview) + lengths_table(overview) + changes_text(overview) +
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
