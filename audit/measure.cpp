#include "audit/measure.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

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

/// A value of the format as a real number, where an infinity counts as 2^(emax+1). long double holds its powers, and the
/// differences of a double's numbers, without overflow or underflow.
long double real(Format format, double x) {
  return std::isinf(x) ? std::copysign(std::ldexp(1.0L, traits(format).max_exponent + 1), static_cast<long double>(x))
                       : static_cast<long double>(x);
}

/// The abs(computed − exact) that a tolerance allows for abs(exact) = `size`.
long double allowed_by(const Tolerance& tolerance, long double size, double input) {
  const long double relative = tolerance.rtol * size;
  if (tolerance.relative_above == 0) return tolerance.atol + relative;
  if (size <= tolerance.relative_above) return tolerance.atol;
  const double at_least =
      input >= tolerance.absolute_from_input ? std::max(tolerance.at_least, tolerance.atol) : tolerance.at_least;
  return std::max(relative, static_cast<long double>(at_least));
}

}  // namespace

double share_of_budget(const Budget& budget, const Contract& contract, const Batch& batch, std::size_t result,
                       const Expected& expected, const Judgement& judgement) {
  if (budget.none || !judgement.numeric || judgement.correctly_rounded || judgement.ulp == 0) return 0;
  long double error = judgement.ulp;
  long double allowed = budget.ulp + budget.ulp_per_class * static_cast<double>(batch.shape.classes);
  if (budget.tolerance) {
    const bool has_input = traits(contract.function).layout == Layout::elementwise &&
                           contract.options.reduction == Reduction::none && result < batch.output.size();
    const double input = has_input ? batch.output[result] : std::numeric_limits<double>::quiet_NaN();
    const long double rounded = real(contract.format, expected.rounded);
    const long double offset = std::ldexp(static_cast<long double>(expected.offset), expected.ulp_exponent);
    error = std::abs((real(contract.format, judgement.computed) - rounded) - offset);
    allowed = allowed_by(*budget.tolerance, std::abs(rounded + offset), input);
  }
  const auto share = static_cast<double>(error / allowed);
  // Neither rounding of the division may change the verdict.
  return error <= allowed ? std::min(share, 1.0) : std::max(share, std::nextafter(1.0, 2.0));
}

bool lost(Format format, const Expected& expected, const Judgement& judgement) {
  return judgement.numeric && judgement.required && judgement.broken_rule.empty() && std::isfinite(expected.rounded) &&
         std::abs(expected.rounded) >= std::ldexp(1.0, traits(format).min_exponent) && judgement.relative >= 1;
}

Judgement judge(Format format, const Expected& expected, double computed) {
  Judgement judgement;
  judgement.computed = computed;
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
