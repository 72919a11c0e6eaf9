#include "audit/profile.hpp"

#include <string>
#include <vector>

namespace lossaudit {
namespace {

/// All functions of the family are well conditioned in their exact inputs, so an implementation written right reaches
/// about 1 ulp everywhere; 4 ulp leave room for a formula of a few correctly ordered roundings.
Budget faithful_budget(const Contract& /*contract*/) { return {4, "lossaudit profile faithful: 4 ulp everywhere"}; }

constexpr Profile profile_table[] = {
    {"faithful", "4 ulp for every function, format and pass", faithful_budget},
};

}  // namespace

std::span<const Profile> profiles() { return profile_table; }

const Profile& profile_named(const std::string& name) {
  std::vector<std::string> names;
  for (const Profile& profile : profile_table) {
    if (profile.name == name) return profile;
    names.emplace_back(profile.name);
  }
  std::string nearest;
  for (const std::string& known : nearest_names(name, names)) nearest += (nearest.empty() ? "" : ", ") + known;
  throw BadInput("unknown profile '" + name + "': did you mean " + nearest + "? (lossaudit list profiles)");
}

Budget budget(const Profile& profile, const Contract& contract) { return profile.budget(contract); }

}  // namespace lossaudit
