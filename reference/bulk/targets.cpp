#include "hwy/targets.h"

#include <cstdint>

#include "hwy/highway.h"
#include "reference/bulk.hpp"

namespace lossaudit::bulk {
namespace {

// Asked before any choice narrows what Highway reports.
const std::vector<std::int64_t>& usable_targets() {
  static const std::vector<std::int64_t> usable = hwy::SupportedAndGeneratedTargets();
  return usable;
}

void choose(std::int64_t target) {
  hwy::SetSupportedTargetsForTest(target);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace

std::vector<std::string> targets() {
  std::vector<std::string> names;
  for (const std::int64_t target : usable_targets()) names.emplace_back(hwy::TargetName(target));
  return names;
}

void use_target(const std::string& name) {
  if (name.empty()) return choose(0);
  for (const std::int64_t target : usable_targets()) {
    if (name == hwy::TargetName(target)) return choose(target);
  }
  std::string known;
  for (const std::string& other : targets()) known += (known.empty() ? "" : ", ") + other;
  throw BadInput("no target '" + name + "' here: use one of " + known);
}

}  // namespace lossaudit::bulk
