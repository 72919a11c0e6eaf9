// What was tried in full, and what searches for the worst input found.
#include <fmt/format.h>

#include <algorithm>

#include "reports/hunts.hpp"
#include "reports/markdown_parts.hpp"
#include "reports/round_up.hpp"

namespace lossaudit {
namespace {

constexpr std::size_t sweeps_shown = 200;
constexpr std::size_t hunts_at_once = 12, hunts_shown = 60;
constexpr std::size_t longest_witness = 160;

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
      text += fmt::format(
          "| {} | {} | {} | {} | {} | {} | {} | {} |\n", escaped(overview.columns[entry.column].label, longest_name),
          escaped(contract_text(*entry.accuracy)), escaped(sweep.inputs), round_up(sweep.max_ulp) + beside_text(sweep),
          escaped(sweep.worst + (sweep.worst_target.empty() ? "" : ", target " + sweep.worst_target)),
          round_up(sweep.mean_ulp), percent_down(sweep.correctly_rounded), round_up(sweep.seconds));
    }
  }
  if (text.empty()) return "";
  if (left > 0) text += fmt::format("\n… and {} more in index.html.\n", left);
  return "\n### Proved: every value tried\n\n| subject | contract | inputs | largest error, ulp | at | mean error, ulp "
         "| "
         "correctly rounded | s |\n"
         "|---|---|---|--:|---|--:|--:|--:|\n" +
         text;
}

std::string hunt_row(const Overview& overview, const HuntGroup& group) {
  const Accuracy& accuracy = *group.worst->accuracy;
  const HuntResult& hunt = accuracy.hunt;
  const std::string lost = hunt.lost_results == 0
                               ? ""
                               : fmt::format("{}: {} for {}", escaped(inputs_text(hunt.lost, longest_witness)),
                                             escaped(hunt.lost.computed), escaped(hunt.lost.exact));
  const std::string others = group.others == 0 ? "" : fmt::format(", and {} more", group.others);
  return fmt::format("| {} | {}{} | {} | {} | {} | {} | {} |\n",
                     escaped(overview.columns[group.worst->column].label, longest_name),
                     escaped(contract_text(accuracy)), others, grouped(hunt.cases), round_up(hunt.max_ulp),
                     hunt.random_cases == 0 ? "" : round_up(hunt.random_kept_ulp),
                     escaped(inputs_text(hunt.worst, longest_witness)), lost);
}

/// What was searched for, most severe first: a few at once, more behind a fold.
std::string hunt_table(const Overview& overview) {
  const std::vector<HuntGroup> hunts = grouped_hunts(hunts_to_tell(overview.entries, hunts_at_once));
  if (hunts.empty()) return "";
  const auto table = [&](std::size_t first, std::size_t last) {
    std::string text =
        "| subject | contract | cases tried | largest error, ulp | as many random cases | smallest case | everything "
        "lost on |\n|---|---|--:|--:|--:|---|---|\n";
    for (std::size_t i = first; i < last; ++i) text += hunt_row(overview, hunts[i]);
    return text;
  };
  const std::size_t at_once = std::min(hunts.size(), hunts_at_once), shown = std::min(hunts.size(), hunts_shown);
  std::string text =
      "\n### Hunted\n\nWhat searches for the worst input found, of each subject's functions the worst contract; most "
      "severe first: those that lost a result, then by how many of the bits that random cases leave right (or the "
      "budget, where none were tried) the error takes. Observed, so lower bounds; the smallest case shows at least "
      "half of the largest "
      "error.\n\n" +
      table(0, at_once);
  if (shown > at_once) {
    text += fmt::format("\n<details><summary>{} more</summary>\n\n{}\n</details>\n", shown - at_once,
                        table(at_once, shown));
  }
  if (hunts.size() > shown) text += fmt::format("\n… and {} more in the record.\n", hunts.size() - shown);
  return text;
}

}  // namespace

std::string searches_text(const Overview& overview) { return sweep_table(overview) + hunt_table(overview); }

}  // namespace lossaudit
