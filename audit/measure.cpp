#include "audit/measure.hpp"

#include <cmath>

namespace lossaudit {
namespace {

/// Which rule a computed value breaks where the exact result is a number.
std::string_view broken_by_number(Format format, const Expected& expected, double computed) {
  if (std::isnan(computed)) return "number_due";
  const double limit = largest(format);
  const double sign = expected.rounded < 0 ? -1 : 1;
  // |exact| ≥ 2^(emax+1): the encoding counts it as exactly that, with offset 0.
  if (std::isinf(expected.rounded) && expected.offset == 0) {
    return computed == expected.rounded ? "" : "overflow";
  }
  if (!std::isinf(computed)) return "";
  // Between the largest finite number and 2^(emax+1) the infinity of that sign is one of the two neighbours.
  const bool beyond_largest =
      std::isinf(expected.rounded) || (std::abs(expected.rounded) == limit && sign * expected.offset > 0);
  return beyond_largest && sign * computed > 0 ? "" : "finite";
}

std::string_view broken_rule(Format format, const Expected& expected, double computed) {
  switch (expected.kind) {
    case Expected::Kind::nan:
      return std::isnan(computed) ? "" : "nan_stays_nan";
    case Expected::Kind::infinity:
      if (computed == expected.rounded) return "";
      return std::isnan(computed) ? "number_due" : "pole";
    case Expected::Kind::number:
      return broken_by_number(format, expected, computed);
  }
  return "";
}

}  // namespace

Judgement judge(Format format, const Expected& expected, double computed) {
  Judgement judgement;
  judgement.required = !expected.recommended;
  judgement.broken_rule = broken_rule(format, expected, computed);
  if (!judgement.broken_rule.empty() && expected.recommended) judgement.broken_rule = "limits";
  if (expected.kind == Expected::Kind::number && !std::isnan(computed)) {
    judgement.numeric = true;
    judgement.ulp = ulp_error(format, expected, computed);
    judgement.relative = relative_error(format, expected, computed);
    judgement.correctly_rounded = computed == expected.rounded;
  }
  return judgement;
}

}  // namespace lossaudit
