// What the page shows of measurements over sizes: times, time against error, error against length.
#include <fmt/format.h>

#include "reports/page_data.hpp"
#include "reports/round_up.hpp"

namespace lossaudit {
namespace {

using nlohmann::json;

/// "0.12 to 0.14 ns in 9 repetitions", or "" where the record does not say.
std::string spread_text(const Speed& speed) {
  if (speed.repetitions == 0) return "";
  return round_up(speed.least_ns_per_element) + " to " + round_up(speed.most_ns_per_element) + " ns in " +
         grouped(speed.repetitions) + (speed.repetitions == 1 ? " repetition" : " repetitions");
}

json points_of(const LengthCurve& curve) {
  json points = json::array();
  for (const LengthPoint& point : curve.points) {
    points.push_back({point.length, round_up(point.rms_ulp), round_up(point.max_ulp)});
  }
  return points;
}

}  // namespace

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

json sweep_speed_of(const Overview& overview) {
  json rows = json::array();
  for (const RunRecord& run : overview.runs) {
    for (const SweepSpeed& speed : run.sweep_speed) {
      rows.push_back({{"what", speed.what},
                      {"ns", round_up(speed.ns_per_float)},
                      {"beside", speed.beside},
                      {"beside_ns", round_up(speed.beside_ns_per_float)},
                      {"ratio", quotient_text(speed.ns_per_float / speed.beside_ns_per_float, speed.at_least)},
                      {"goal", fmt::format("at {} {}", speed.at_least ? "least" : "most", speed.goal)}});
    }
  }
  return rows;
}

json lengths_of(const Overview& overview) {
  json rows = json::array();
  for (const RunRecord& run : overview.runs) {
    for (const LengthCurve& curve : run.lengths) {
      std::string differs;
      for (const auto& [what, said] : curve.same_bits) {
        if (said != same_bits_text) differs.append(differs.empty() ? "" : "; ").append(what).append(" ").append(said);
      }
      json row = {{"subject", curve.subject},
                  {"function", curve.function},
                  {"dialect", curve.dialect},
                  {"format", curve.format},
                  {"pass", curve.pass},
                  {"options", curve.options},
                  {"points", points_of(curve)},
                  {"accumulator", curve.accumulator},
                  {"ended", curve.ended},
                  {"bits", differs.empty() && !curve.same_bits.empty() ? same_bits_text : differs}};
      for (const char* number : {"terms", "rms", "max", "exponent"}) row[number] = "";
      if (!curve.points.empty()) {
        row["terms"] = grouped(curve.points.back().length);
        row["rms"] = round_up(curve.points.back().rms_ulp);
        row["max"] = round_up(curve.points.back().max_ulp);
        row["exponent"] = exponent_text(curve.exponent);
      }
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace lossaudit
