// Time against error, and error against length.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "reports/markdown_parts.hpp"
#include "reports/round_up.hpp"

namespace lossaudit {
namespace {

constexpr std::size_t lengths_shown = 60, differences_shown = 60;

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

/// How quick sweeps are.
std::string sweep_speed_table(const Overview& overview) {
  std::string text;
  for (const RunRecord& run : overview.runs) {
    for (const SweepSpeed& speed : run.sweep_speed) {
      text += fmt::format("| {} | {} | {} | {} | {} | {} {} |\n", escaped(speed.what), round_up(speed.ns_per_float),
                          escaped(speed.beside), round_up(speed.beside_ns_per_float),
                          quotient_text(speed.ns_per_float / speed.beside_ns_per_float, speed.at_least),
                          speed.at_least ? "at least" : "at most", speed.goal);
    }
  }
  if (text.empty()) return "";
  return "\n### Speed of sweeps\n\nns a float, by the clock on the processors that the run may use, over the same "
         "inputs; the times are rounded up.\n\n"
         "| measured | ns | beside | ns | times as long | goal |\n|---|--:|---|--:|--:|--:|\n" +
         text;
}

std::string contract_of(const LengthCurve& curve) {
  std::string text = curve.function + " " + curve.dialect + " " + curve.format + " " + curve.pass;
  return curve.options.empty() ? text : text + " " + curve.options;
}

/// The error at the most terms, and how it got there.
std::string curve_cell(const LengthCurve& curve) {
  const LengthPoint& last = curve.points.back();
  return fmt::format("{} at {}, n^{}{}{}", round_up(last.rms_ulp), round_up(static_cast<double>(last.length)),
                     exponent_text(curve.exponent), curve.accumulator.empty() ? "" : ", ", escaped(curve.accumulator));
}

/// Errors over lengths, a contract a line and a subject a column.
std::string lengths_table(const Overview& overview) {
  std::vector<std::string> subjects, contracts;
  std::map<std::pair<std::string, std::string>, std::string> cells;
  const auto add = [](std::vector<std::string>& all, const std::string& name) {
    if (std::ranges::find(all, name) == all.end()) all.push_back(name);
  };
  for (const RunRecord& run : overview.runs) {
    for (const LengthCurve& curve : run.lengths) {
      if (curve.points.empty()) continue;
      add(subjects, curve.subject);
      add(contracts, contract_of(curve));
      cells[{contract_of(curve), curve.subject}] = curve_cell(curve);
    }
  }
  if (cells.empty()) return "";
  std::string text =
      "\n### Error against length\n\nThe root mean square of the errors in ulp at the most terms, the exponent with "
      "which "
      "errors grow with the number n of terms, and the accumulator that this betrays.\n\n| contract |";
  std::string rule = "|---|";
  for (const std::string& name : subjects) {
    text += fmt::format(" {} |", escaped(name, longest_name));
    rule += "---|";
  }
  text += "\n" + rule + "\n";
  for (std::size_t i = 0; i < contracts.size() && i < lengths_shown; ++i) {
    text += fmt::format("| {} |", escaped(contracts[i]));
    for (const std::string& name : subjects) text += fmt::format(" {} |", cells[{contracts[i], name}]);
    text += "\n";
  }
  if (contracts.size() > lengths_shown) {
    text += fmt::format("\n… and {} more in index.html.\n", contracts.size() - lengths_shown);
  }
  return text;
}

/// Results that are not always the same to the bit.
std::string bits_table(const Overview& overview) {
  std::string text;
  std::size_t compared = 0, found = 0;
  for (const RunRecord& run : overview.runs) {
    for (const LengthCurve& curve : run.lengths) {
      for (const auto& [what, said] : curve.same_bits) {
        ++compared;
        if (said == same_bits_text || ++found > differences_shown) continue;
        text += fmt::format("| {} | {} | {} | {} |\n", escaped(curve.subject, longest_name),
                            escaped(contract_of(curve)), escaped(what), escaped(said));
      }
    }
  }
  if (compared == 0) return "";
  if (found == 0) {
    return "\nEvery result compared is the same to the bit from run to run, alone, in a long call, at each offset and "
           "beside a NaN.\n";
  }
  if (found > differences_shown) text += fmt::format("\n… and {} more in index.html.\n", found - differences_shown);
  return "\n### Results that are not always the same\n\n| subject | contract | compared | found "
         "|\n|---|---|---|---|\n" +
         text;
}

}  // namespace

std::string measurements_text(const Overview& overview) {
  return trade_table(overview) + sweep_speed_table(overview) + lengths_table(overview) + bits_table(overview);
}

}  // namespace lossaudit
