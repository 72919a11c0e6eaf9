#include "reports/pareto.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

namespace lossaudit {
namespace {

constexpr std::string_view both_passes = "forward+gradient";

std::string contract_of(const Speed& speed) {
  std::string text = speed.function;
  for (const std::string* word : {&speed.dialect, &speed.format, &speed.pass, &speed.options}) {
    if (!word->empty()) text.append(" ").append(*word);
  }
  return text;
}

bool has_numbers(const Accuracy& accuracy) {
  return accuracy.verdict == "conforms" || accuracy.verdict == "exceeds" || accuracy.verdict == "unjudged";
}

/// Older records say of a speed neither dialect nor format nor options: these then match any.
bool is_of(const Accuracy& accuracy, const Speed& speed, std::string_view pass) {
  const auto matches = [](const std::string& said, const std::string& found) { return said.empty() || said == found; };
  return accuracy.subject == speed.subject && accuracy.function == speed.function && accuracy.pass == pass &&
         matches(speed.dialect, accuracy.dialect) && matches(speed.format, accuracy.format) &&
         (speed.dialect.empty() || speed.options == accuracy.options) && has_numbers(accuracy);
}

/// Of one pass; NaN in max_ulp where no record has it.
TradePoint error_of(const std::vector<RunRecord>& runs, const Speed& speed, std::string_view pass) {
  TradePoint point{&speed, std::numeric_limits<double>::quiet_NaN(), true, ""};
  for (const RunRecord& run : runs) {
    for (const Accuracy& accuracy : run.accuracy) {
      if (!is_of(accuracy, speed, pass)) continue;
      // A NaN where a number is due is the largest error of all.
      const double ulp = std::isnan(accuracy.max_ulp) ? std::numeric_limits<double>::infinity() : accuracy.max_ulp;
      point.max_ulp = point.has_error() ? std::max(point.max_ulp, ulp) : ulp;
      point.proved = point.proved && accuracy.evidence == "proved";
    }
  }
  return point;
}

TradePoint point_of(const std::vector<RunRecord>& runs, const Speed& speed) {
  if (speed.pass != both_passes) return error_of(runs, speed, speed.pass);
  TradePoint forward = error_of(runs, speed, "forward");
  const TradePoint gradient = error_of(runs, speed, "gradient");
  if (!forward.has_error() || !gradient.has_error()) {
    forward.max_ulp = std::numeric_limits<double>::quiet_NaN();
    return forward;
  }
  forward.max_ulp = std::max(forward.max_ulp, gradient.max_ulp);
  forward.proved = forward.proved && gradient.proved;
  return forward;
}

bool dominates(const TradePoint& a, const TradePoint& b) {
  const double quick = a.speed->ns_per_element, slow = b.speed->ns_per_element;
  return quick <= slow && a.max_ulp <= b.max_ulp && (quick < slow || a.max_ulp < b.max_ulp);
}

void find_front(std::vector<TradePoint>& points) {
  for (TradePoint& point : points) {
    if (!point.has_error()) continue;
    const TradePoint* best = nullptr;  // one that nobody beats in turn
    for (const TradePoint& other : points) {
      if (other.has_error() && dominates(other, point) && (best == nullptr || dominates(other, *best))) best = &other;
    }
    if (best != nullptr) point.dominated_by = best->speed->subject;
  }
}

}  // namespace

std::vector<TradeGroup> trades_in(const std::vector<RunRecord>& runs) {
  std::vector<TradeGroup> groups;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (const Speed& speed : runs[run].speed) {
      const std::string contract = contract_of(speed);
      const auto same = [&](const TradeGroup& group) {
        return group.run == run && group.contract == contract && group.shape == speed.shape &&
               group.inputs == speed.inputs;
      };
      auto found = std::find_if(groups.begin(), groups.end(), same);
      if (found == groups.end()) {
        groups.push_back({run, contract, speed.shape, speed.inputs, speed.limit_ns_per_element, {}});
        found = groups.end() - 1;
      }
      found->points.push_back(point_of(runs, speed));
    }
  }
  for (TradeGroup& group : groups) find_front(group.points);
  return groups;
}

}  // namespace lossaudit
