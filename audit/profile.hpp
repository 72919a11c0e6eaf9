// Budgets: the largest error allowed, with the source that it is taken from.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "reference/contract.hpp"

namespace lossaudit {

/// The largest ulp error that a contract's results may have.
struct Budget {
  double ulp = 0;
  std::string source;
};

/// A named table of budgets.
struct Profile {
  std::string_view name;
  std::string_view description;
  Budget (*budget)(const Contract& contract);
};

/// The table of profiles.
std::span<const Profile> profiles();

/// Throws BadInput with the nearest names.
const Profile& profile_named(const std::string& name);

Budget budget(const Profile& profile, const Contract& contract);

}  // namespace lossaudit
