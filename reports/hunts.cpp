#include "reports/hunts.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <tuple>
#include <utility>

#include "reference/contract.hpp"

namespace lossaudit {
namespace {

/// Of the bits that are right without a search, the part that the hunt's largest error takes: formats compare by that.
double beyond_random(const Accuracy& accuracy) {
  constexpr double correctly_rounded = 0.5;
  const HuntResult& hunt = accuracy.hunt;
  const double random = hunt.random_cases > 0 ? hunt.random_kept_ulp : accuracy.budget_ulp;
  const double without = std::log2(std::max(random, correctly_rounded));
  const int all = traits(format_named(accuracy.format).value_or(Format::f64)).precision;
  return (std::log2(hunt.max_ulp) - without) / std::max(all - without, 1.0);
}

}  // namespace

std::vector<const Entry*> hunts_to_tell(const std::vector<Entry>& entries, std::size_t few) {
  std::vector<const Entry*> hunts;
  for (const Entry& entry : entries) {
    if (entry.accuracy->hunt.cases > 0) hunts.push_back(&entry);
  }
  if (hunts.size() > few) {
    std::erase_if(hunts, [](const Entry* entry) {
      const HuntResult& hunt = entry->accuracy->hunt;
      return hunt.lost_results == 0 && hunt.random_cases == 0 && !(hunt.max_ulp > entry->accuracy->budget_ulp);
    });
  }
  std::ranges::stable_sort(hunts, std::greater<>(), [](const Entry* entry) {
    return std::pair(entry->accuracy->hunt.lost_results > 0, beyond_random(*entry->accuracy));
  });
  return hunts;
}

std::vector<HuntGroup> grouped_hunts(const std::vector<const Entry*>& hunts) {
  const auto kind = [](const Entry* entry) {
    const Accuracy& a = *entry->accuracy;
    return std::tie(entry->column, a.function, a.format, a.pass);
  };
  std::vector<HuntGroup> groups;
  for (const Entry* entry : hunts) {
    const auto found = std::ranges::find_if(groups, [&](const HuntGroup& g) { return kind(g.worst) == kind(entry); });
    if (found == groups.end()) {
      groups.push_back({entry, 0});
    } else {
      ++found->others;
    }
  }
  return groups;
}

}  // namespace lossaudit
