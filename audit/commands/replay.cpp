#include "audit/commands/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <tuple>

#include "audit/case.hpp"
#include "audit/measure.hpp"
#include "audit/witness.hpp"
#include "reference/contract.hpp"
#include "reports/round_up.hpp"

namespace lossaudit {
namespace {

/// Lines of results; where there are more, those with the largest errors are shown.
constexpr std::size_t most_lines = 24;

std::string hex_and_decimal(Format format, double value) {
  return fmt::format("{} ({})", to_hex(format, value), to_decimal(format, value));
}

/// A result's judgement, and its error as a multiple of what the budget allows.
struct Line {
  Judgement judgement;
  double share = 0;
  [[nodiscard]] bool finding() const { return !judgement.broken_rule.empty() || share > 1; }
};

/// Results in the order to show them, findings and large errors first where not all are shown.
std::vector<std::size_t> shown_first(const std::vector<Line>& lines) {
  std::vector<std::size_t> order(lines.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (order.size() <= most_lines) return order;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const auto key = [&](std::size_t i) {
      return std::tuple(lines[i].finding(), lines[i].share, lines[i].judgement.ulp);
    };
    return key(a) > key(b);
  });
  order.resize(most_lines);
  return order;
}

void print_results(const Contract& contract, const Budget& budget, const Batch& batch, const Measured& measured) {
  std::vector<Line> lines;
  for (std::size_t i = 0; i < measured.exact.size(); ++i) {
    const Judgement judgement = judge(contract.format, measured.exact[i], measured.computed[i]);
    lines.push_back({judgement, share_of_budget(budget, contract, batch, i, measured.exact[i], judgement)});
  }
  fmt::print("  {:>6}  {:<40} {:<28} {}\n", "result", "computed", "exact", "error");
  for (const std::size_t i : shown_first(lines)) {
    const Judgement& judgement = lines[i].judgement;
    std::string error = judgement.numeric ? round_up(judgement.ulp) + " ulp" : "";
    if (!judgement.broken_rule.empty()) {
      error += fmt::format("{}{} rule {}", error.empty() ? "" : "; ",
                           judgement.required ? "breaks" : "breaks recommended", judgement.broken_rule);
    }
    if (lines[i].share > 1 && plain(budget)) error += fmt::format(", budget {:g}", budget.ulp);
    if (lines[i].share > 1 && !plain(budget)) error += fmt::format(", {} times its budget", round_up(lines[i].share));
    fmt::print("  {:>6}  {:<40} {:<28} {}\n", i, hex_and_decimal(contract.format, measured.computed[i]),
               exact_text(contract, batch, i), error);
  }
  if (lines.size() > most_lines) fmt::print("  ... {} results more, no worse\n", lines.size() - most_lines);
  if (!plain(budget)) fmt::print("  budget: {} ({})\n", to_text(budget), budget.source);
  const auto all = rules();
  for (std::size_t r = 0; r < all.size(); ++r) {
    if (all[r].name == "sum_to_one" && measured.results.broken(r) > 0) {
      fmt::print("  breaks rule sum_to_one: a row sums to {}\n",
                 hex_and_decimal(Format::f64, measured.results.worst(r).computed));
    }
  }
}

}  // namespace

bool replay_case(const std::vector<AuditedSubject>& subjects, const Profile& profile, const std::string& contract_text,
                 const std::string& case_text) {
  const Contract contract = parse_contract(contract_text);
  const auto batch = std::make_shared<const Batch>(parse_case(contract, case_text_of(case_text)));
  const Budget allowed = budget(profile, contract);
  const auto supports = [&](const AuditedSubject& audited) { return audited.subject->supports(contract); };
  if (std::none_of(subjects.begin(), subjects.end(), supports)) {
    throw BadInput("no subject given supports " + to_string(contract));
  }
  bool conforms = true;
  for (const AuditedSubject& audited : subjects) {
    Subject& subject = *audited.subject;
    if (!supports(audited)) {
      fmt::print("{}: does not support {}\n", audited.name, to_string(contract));
      continue;
    }
    const Measured measured = measure_once(subject, contract, allowed, batch);
    fmt::print("{} {}: {}\n", audited.name, subject.version(), to_string(contract));
    const bool computed = measured.outcome.kind == Outcome::Kind::computed;
    if (computed) {
      print_results(contract, allowed, *batch, measured);
    } else {
      constexpr const char* words[] = {"computed", "refused as unsupported", "failed", "crashed", "hung"};
      fmt::print("  {}: {}\n", words[static_cast<std::size_t>(measured.outcome.kind)], measured.outcome.detail);
    }
    const bool finding = !computed || measured.results.exceeds_budget() || measured.results.breaks_required_rule();
    fmt::print("  {}\n", finding ? "finding" : "conforms");
    conforms = conforms && !(finding && audited.gated);
  }
  return conforms;
}

}  // namespace lossaudit
