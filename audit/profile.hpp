// Budgets: the largest error allowed, with the source that it is taken from.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "reference/contract.hpp"

namespace lossaudit {

/// An allowed abs(computed − exact) that is not counted in ulps.
struct Tolerance {
  double rtol = 0;
  double atol = 0;
  /// 0: rtol · abs(exact) and atol are added, as numpy and PyTorch have it. Else the one or the other holds, as benchdnn
  /// has it: rtol · abs(exact) where abs(exact) is larger than this, atol elsewhere.
  double relative_above = 0;
  /// Where rtol · abs(exact) holds, this much is allowed at least.
  double at_least = 0;
  /// From this input of an elementwise function on, atol is allowed at least.
  double absolute_from_input = std::numeric_limits<double>::infinity();
};

/// The largest error that a contract's results may have, against the exact real number. The correctly rounded result is
/// within every budget: the published tolerances are all measured from a reference that is rounded to the format.
struct Budget {
  double ulp = 0;  ///< infinite where the budget is not counted in ulps
  std::string source;
  double ulp_per_class = 0;  ///< more for every class of the row
  std::optional<Tolerance> tolerance = std::nullopt;
  bool none = false;  ///< the profile has no figure for the contract, and `source` says why: only rules judge it
};

Budget ulp_budget(double ulp, std::string source, double ulp_per_class = 0);
Budget tolerance_budget(const Tolerance& tolerance, std::string source);
Budget no_budget(std::string why);

/// One number of ulps, whatever the row and the result: then the largest error in ulps says whether it is exceeded.
bool plain(const Budget& budget);

/// A named table of budgets.
struct Profile {
  std::string_view name;
  std::string_view description;
  std::string_view source;  ///< project, files and version that the figures are taken from
  Budget (*budget)(const Contract& contract);
};

/// The table of profiles.
std::span<const Profile> profiles();

/// Throws BadInput with the nearest names.
const Profile& profile_named(const std::string& name);

/// The profile that is used when none is named.
inline constexpr std::string_view default_profile = "faithful";

Budget budget(const Profile& profile, const Contract& contract);

/// "4 ulp", "3 ulp + 3 ulp a class", "1e-05 + 1.3e-06 |exact|", "none".
std::string to_text(const Budget& budget);

/// The largest abs(exact) for which a computed 0 is within the budget, in rows of `classes`: 0 passes for every result
/// up to it. Infinite where 0 passes for them all. 0 without a budget.
double zero_passes_up_to(const Budget& budget, Format format, std::size_t classes);

/// The shortest rows for which 0 passes whatever the exact result is, or nothing.
std::optional<std::size_t> zero_always_passes_from(const Budget& budget, Format format);

}  // namespace lossaudit
