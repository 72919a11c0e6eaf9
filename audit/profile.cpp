#include "audit/profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "audit/profiles/tables.hpp"

namespace lossaudit {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// All functions of the family are well conditioned in their exact inputs, so an implementation written right reaches
/// 1 ulp, one of the two neighbours. Where every entry of a row is a quotient by the row's sum, or a difference of such
/// quotients, room for one more rounding is left. The kernels of fast/ show that it can be had at speed.
Budget faithful_budget(const Contract& contract) {
  const bool is_gradient = contract.pass == Pass::gradient;
  switch (contract.function) {
    case Function::softmax:
    case Function::log_softmax:
      return ulp_budget(2, "lossaudit profile faithful: 2 ulp for rows of softmax");
    case Function::categorical_crossentropy:
    case Function::sparse_categorical_crossentropy:
      if (is_gradient) return ulp_budget(2, "lossaudit profile faithful: 2 ulp for gradients through softmax");
      break;
    default:
      break;
  }
  return ulp_budget(1, "lossaudit profile faithful: 1 ulp");
}

std::span<const Profile> profile_table() {
  // Made when first asked for: the tables are objects of other files.
  static const Profile table[] = {
      {default_profile, "this suite's own: 1 ulp; 2 for rows of softmax, and gradients through it", "lossaudit",
       faithful_budget},
      webnn_profile,
      benchdnn_profile,
      onnx_profile,
      torch_profile,
  };
  return table;
}

/// The error allowed in rows of `classes`, in ulps.
double ulps_allowed(const Budget& budget, std::size_t classes) {
  return budget.ulp + budget.ulp_per_class * static_cast<double>(classes);
}

/// No result is as large as this many of its own ulps: 2^p.
double ulps_of_the_largest(Format format) { return std::ldexp(1.0, traits(format).precision); }

}  // namespace

Budget ulp_budget(double ulp, std::string source, double ulp_per_class) {
  return {ulp, std::move(source), ulp_per_class, {}, false};
}

Budget tolerance_budget(const Tolerance& tolerance, std::string source) {
  return {infinity, std::move(source), 0, tolerance, false};
}

Budget no_budget(std::string why) { return {infinity, std::move(why), 0, {}, true}; }

bool plain(const Budget& budget) { return !budget.none && !budget.tolerance && budget.ulp_per_class == 0; }

std::span<const Profile> profiles() { return profile_table(); }

const Profile& profile_named(const std::string& name) {
  std::vector<std::string> names;
  for (const Profile& profile : profile_table()) {
    if (profile.name == name) return profile;
    names.emplace_back(profile.name);
  }
  std::string nearest;
  for (const std::string& known : nearest_names(name, names)) nearest += (nearest.empty() ? "" : ", ") + known;
  throw BadInput("unknown profile '" + name + "': did you mean " + nearest + "? (lossaudit list profiles)");
}

Budget budget(const Profile& profile, const Contract& contract) { return profile.budget(contract); }

std::string to_text(const Budget& budget) {
  if (budget.none) return "none";
  if (!budget.tolerance) {
    std::string text = fmt::format("{:g} ulp", budget.ulp);
    if (budget.ulp_per_class > 0) text += fmt::format(" + {:g} ulp a class", budget.ulp_per_class);
    return text;
  }
  const Tolerance& t = *budget.tolerance;
  if (t.relative_above == 0) return fmt::format("{:.3g} + {:.3g} |exact|", t.atol, t.rtol);
  std::string text = t.rtol == 0 ? "rounded right" : fmt::format("{:.3g} |exact|", t.rtol);
  if (t.at_least > 0) text += fmt::format(" or {:.3g}", t.at_least);
  text += fmt::format(", but {:.3g} where |exact| <= {:.3g}", t.atol, t.relative_above);
  if (std::isfinite(t.absolute_from_input))
    text += fmt::format(" or the input is {:.3g} or more", t.absolute_from_input);
  return text;
}

double zero_passes_up_to(const Budget& budget, Format format, std::size_t classes) {
  if (budget.none) return 0;
  // What rounds to 0 may be 0: half the smallest number, ties to even.
  const double rounds_to_zero = smallest(format) / 2;
  if (!budget.tolerance) {
    const double ulps = ulps_allowed(budget, classes);
    if (ulps >= ulps_of_the_largest(format)) return infinity;
    // Up to 2^p of them the ulp is the smallest number.
    return std::max(rounds_to_zero, ulps * smallest(format));
  }
  const Tolerance& t = *budget.tolerance;
  if (t.rtol >= 1) return infinity;
  // e ≤ atol + rtol e
  if (t.relative_above == 0) {
    double most = t.atol / (1 - t.rtol);
    while (most > t.atol + static_cast<long double>(t.rtol) * most) most = std::nextafter(most, 0.0);
    return std::max(rounds_to_zero, most);
  }
  // e ≤ rtol e never is: where the relative part holds, only `at_least` lets a 0 pass. What inputs from
  // `absolute_from_input` on allow beyond that is not for every result.
  return std::max({rounds_to_zero, std::min(t.atol, t.relative_above), t.at_least});
}

std::optional<std::size_t> zero_always_passes_from(const Budget& budget, Format format) {
  if (budget.none || budget.tolerance) return std::nullopt;
  const double missing = ulps_of_the_largest(format) - budget.ulp;
  if (missing <= 0) return 1;
  if (budget.ulp_per_class <= 0) return std::nullopt;
  const double classes = std::ceil(missing / budget.ulp_per_class);
  if (classes > 1e15) return std::nullopt;
  return static_cast<std::size_t>(classes);
}

}  // namespace lossaudit
