#include "property_tests/second_opinion/verdict.hpp"

#include <algorithm>
#include <cmath>

namespace lossaudit::second_opinion {

namespace {

constexpr Verdict::Kind agree = Verdict::Kind::agree;
constexpr Verdict::Kind undecided = Verdict::Kind::undecided;
constexpr Verdict::Kind refuted = Verdict::Kind::refuted;

Verdict refute(const std::string& what, const std::string& claimed, const Value& value) {
  return {refuted, what + " " + claimed + " refuted by " + value.text()};
}

/// The worst of two verdicts.
Verdict both(const Verdict& a, const Verdict& b) { return a.kind >= b.kind ? a : b; }

/// Whether low < value < high, the ends included where `closed`.
Verdict::Kind between(const Value& value, const Rational& low, const Rational& high, bool closed) {
  const std::optional<int> above = value.compare(low);
  const std::optional<int> below = value.compare(high);
  if ((above && (*above < 0 || (*above == 0 && !closed))) || (below && (*below > 0 || (*below == 0 && !closed)))) {
    return refuted;
  }
  return above && below ? agree : undecided;
}

/// log2 of ulp(value), or nothing while the ball spans a power of two that matters.
std::optional<int> exponent_of_ulp(Format format, const Value& value) {
  const FormatTraits& t = traits(format);
  // Subnormal and beyond: no binade is needed.
  const Rational normal = power_of_two(t.min_exponent + 1);
  if (between(value, -normal, normal, false) == agree) return ulp_exponent(format, t.min_exponent);
  const std::optional<long> least = value.ball().least_binade();
  const std::optional<int> sign = value.sign();
  if (!least || !sign) return std::nullopt;
  const Value magnitude = *sign < 0 ? -value : value;
  // The ball's lower end may lie a hair below the power of two that the value itself reaches.
  for (long binade = std::clamp<long>(*least, t.min_exponent, t.max_exponent); binade <= *least + 1; ++binade) {
    const std::optional<int> above = magnitude.compare(power_of_two(binade));
    const std::optional<int> below = magnitude.compare(power_of_two(binade + 1));
    const bool reached = above && *above >= 0;
    if (reached && (binade >= t.max_exponent || (below && *below < 0))) return ulp_exponent(format, binade);
  }
  return std::nullopt;
}

Verdict judge_rounding(Format format, const Expected& claim, const Value& value) {
  const Rational ulp = power_of_two(claim.ulp_exponent);
  Verdict::Kind kind = agree;
  if (std::isinf(claim.rounded)) {
    // Halfway between the largest number and 2^(emax+1) is a tie that goes to the even one, the infinity.
    const Rational threshold = Rational(largest(format)) + ulp / 2;
    const std::optional<int> beyond = (claim.rounded < 0 ? -value : value).compare(threshold);
    kind = !beyond ? undecided : *beyond < 0 ? refuted : agree;
  } else {
    const Rational rounded(claim.rounded);
    const Rational place = rounded / ulp;
    if (denominator(place) != 1 || std::fabs(claim.rounded) > largest(format)) {
      return refute("rounded (no number of the format)", to_hex(format, claim.rounded), value);
    }
    const bool even = !bit_test(numerator(place < 0 ? Rational(-place) : place), 0);
    kind = between(value, rounded - ulp / 2, rounded + ulp / 2, even);
  }
  return kind == refuted ? refute("rounded", to_hex(format, claim.rounded), value) : Verdict{kind, ""};
}

Verdict judge_offset(Format format, const Expected& claim, const Value& value) {
  const FormatTraits& t = traits(format);
  const Rational ulp = power_of_two(claim.ulp_exponent);
  const Rational bound = power_of_two(t.max_exponent + 1);
  const std::optional<int> above = value.compare(bound);
  const std::optional<int> below = value.compare(-bound);
  if (!above || !below) return {undecided, ""};
  const Value exact = *above >= 0 ? Value(bound) : *below <= 0 ? Value(Rational(-bound)) : value;
  const Rational rounded =
      std::isinf(claim.rounded) ? (claim.rounded > 0 ? bound : Rational(-bound)) : Rational(claim.rounded);
  if (!std::isfinite(claim.offset)) return refute("offset", std::to_string(claim.offset), value);
  const Rational claimed = rounded + Rational(claim.offset) * ulp;
  const Rational tolerance = ulp * power_of_two(-20);
  const Verdict::Kind kind = between(exact, claimed - tolerance, claimed + tolerance, true);
  if (kind != refuted) return {kind, ""};
  const Value offset = (exact - Value(rounded)) / Value(ulp);
  return {refuted, "offset " + std::to_string(claim.offset) + " refuted by " + offset.text()};
}

Verdict judge_kind(Expected::Kind kind, bool recommended, double infinity, const Opinion& opinion) {
  const Value& value = opinion.value;
  if (value.kind == Value::Kind::undecided) return {undecided, ""};
  const Expected::Kind due = value.is_nan()      ? Expected::Kind::nan
                             : value.is_finite() ? Expected::Kind::number
                                                 : Expected::Kind::infinity;
  const char* const names[] = {"number", "infinity", "nan"};
  if (kind != due) return refute("kind", names[static_cast<int>(kind)], value);
  if (due == Expected::Kind::infinity && (!std::isinf(infinity) || (infinity > 0) != (value.infinity_sign > 0))) {
    return refute("infinity", std::to_string(infinity), value);
  }
  if (due != Expected::Kind::nan && recommended != opinion.infinite_input) {
    return refute("recommended", recommended ? "true" : "false", value);
  }
  return {};
}

Verdict judge_text(const Exact& claim, int digits, Pass pass, const Value& value) {
  if (!value.is_finite()) {
    const std::string due = value.is_nan() ? "nan" : value.infinity_sign > 0 ? "inf" : "-inf";
    return claim.decimal == due ? Verdict{} : refute("decimal", claim.decimal, value);
  }
  if (claim.decimal.empty()) {
    // MPFR's exponents end at 2^−2^30: below, no digits are claimed. In a gradient terms cancel, and the reference's 3200
    // digits of terms up to 10^616 (incoming gradient times weight) leave none below 10^-2584.
    const std::optional<Ball> least = Ball::from_decimal(pass == Pass::gradient ? "1e-2584" : "1e-300000000");
    const bool tiny = (value.ball() - *least).sign() == -1 && (value.ball() + *least).sign() == 1;
    return tiny ? Verdict{} : refute("decimal", "(none)", value);
  }
  const std::optional<Ball> lower = Ball::from_decimal(claim.lower);
  const std::optional<Ball> upper = Ball::from_decimal(claim.upper);
  const std::optional<Ball> decimal = Ball::from_decimal(claim.decimal);
  if (!lower || !upper || !decimal) return refute("decimals", claim.lower + " " + claim.decimal, value);
  const Ball exact = value.ball();
  if ((exact - *lower).sign() == -1 || (*upper - exact).sign() == -1) {
    return refute("enclosure", "[" + claim.lower + ", " + claim.upper + "]", value);
  }
  // One unit in the last of `digits` significant digits is at most 10^(1 − digits) of the value.
  const std::optional<Ball> unit = Ball::from_decimal("1e" + std::to_string(1 - digits));
  const std::optional<int> sign = exact.sign();
  if (!sign) return {};
  const Ball size = *sign < 0 ? -exact : exact;
  const Ball error = exact - *decimal;
  if ((size * *unit - error).sign() == -1 || (size * *unit + error).sign() == -1) {
    return refute("decimal", claim.decimal, value);
  }
  return {};
}

/// Whether the value lies exactly on a number of the format or halfway between two, but for a tail that no precision
/// would see: what no enclosure of a rounded quotient decides.
bool on_boundary(Format format, const Value& value, int exponent) {
  // At a power of 2 the ulp below is half that above.
  const Rational quarter_ulp = power_of_two(exponent - 2);
  if (denominator(Rational(value.head / quarter_ulp)) != 1) return false;
  const Rational unseen = quarter_ulp * power_of_two(-traits(format).precision - 200);
  return value.tail.is_zero() || between(Value(value.tail), -unseen, unseen, true) == agree;
}

/// A claim that is not proved: the precision may have run out on a boundary alone, and then the rounding and the ulp may
/// be those of the other side.
Verdict judge_unproved(Format format, const Expected& claim, const Value& value, int exponent) {
  if (!on_boundary(format, value, exponent)) return refute("proved", "false", value);
  if (claim.ulp_exponent != exponent && claim.ulp_exponent != exponent - 1) {
    return refute("ulp exponent", std::to_string(claim.ulp_exponent), value);
  }
  return judge_offset(format, claim, value);
}

/// "binary_crossentropy exact f32 forward, result 3: output=… target=…", short batches whole.
std::string describe(const Contract& contract, const Batch& batch, std::size_t result) {
  std::string text = to_string(contract) + ", result " + std::to_string(result) + " of " +
                     std::to_string(batch.shape.outer) + "x" + std::to_string(batch.shape.classes) + "x" +
                     std::to_string(batch.shape.inner);
  const auto list = [&](const char* name, const std::vector<double>& values) {
    if (values.empty()) return;
    text += std::string(" ") + name + "=";
    // Of long elementwise batches only the element itself is worth reading.
    const bool one = values.size() > 60 && result < values.size();
    for (std::size_t i = one ? result : 0; i < (one ? result + 1 : values.size()); ++i) {
      text += to_hex(contract.format, values[i]) + ",";
    }
    text.pop_back();
  };
  list("output", batch.output);
  list("target", batch.target);
  for (const std::int64_t label : batch.labels) text += " label=" + std::to_string(label);
  list("class_weights", batch.class_weights);
  list("sample_weights", batch.sample_weights);
  list("upstream", batch.upstream);
  return text;
}

template <typename Claim, typename Judge>
Tally compare_each(const Contract& contract, const Batch& batch, const std::vector<Claim>& claims, Fault fault,
                   Judge&& judge_one) {
  Tally tally;
  std::vector<Verdict> verdicts(claims.size(), Verdict{undecided, ""});
  for (const slong precision : precisions) {
    Ball::precision = precision;
    const std::vector<Opinion> opinions = opine(contract, batch, fault);
    if (opinions.size() != claims.size()) {
      tally.refuted.push_back(to_string(contract) + ": " + std::to_string(claims.size()) + " results for " +
                              std::to_string(opinions.size()));
      return tally;
    }
    bool open = false;
    for (std::size_t i = 0; i < claims.size(); ++i) {
      if (verdicts[i].kind == undecided) verdicts[i] = judge_one(claims[i], opinions[i]);
      open |= verdicts[i].kind == undecided;
    }
    if (!open) break;
  }
  for (std::size_t i = 0; i < claims.size(); ++i) {
    if (verdicts[i].kind == agree) ++tally.agreed;
    if (verdicts[i].kind == undecided) tally.undecided.push_back(describe(contract, batch, i));
    if (verdicts[i].kind == refuted) tally.refuted.push_back(describe(contract, batch, i) + ": " + verdicts[i].reason);
  }
  return tally;
}

}  // namespace

Verdict judge(Format format, const Expected& claim, const Opinion& opinion) {
  Verdict kind = judge_kind(claim.kind, claim.recommended, claim.rounded, opinion);
  if (kind.kind != agree || !opinion.value.is_finite()) return kind;
  const std::optional<int> exponent = exponent_of_ulp(format, opinion.value);
  if (!exponent) return {undecided, ""};
  if (!claim.proved) return judge_unproved(format, claim, opinion.value, *exponent);
  if (claim.ulp_exponent != *exponent) {
    return refute("ulp exponent", std::to_string(claim.ulp_exponent), opinion.value);
  }
  return both(judge_rounding(format, claim, opinion.value), judge_offset(format, claim, opinion.value));
}

Verdict judge(const Exact& claim, int digits, Pass pass, const Opinion& opinion) {
  if (claim.each.size() != std::size(format_table))
    return refute("formats", std::to_string(claim.each.size()), Value());
  Verdict verdict;
  for (const FormatTraits& row : format_table) {
    verdict = both(verdict, judge(row.format, claim.each[static_cast<std::size_t>(&row - format_table)], opinion));
  }
  const double infinity = claim.each[0].rounded;
  const Verdict kind = judge_kind(claim.kind, claim.recommended, infinity, opinion);
  return both(both(verdict, kind), kind.kind == agree ? judge_text(claim, digits, pass, opinion.value) : Verdict{});
}

void Tally::operator+=(const Tally& other) {
  agreed += other.agreed;
  unproved.insert(unproved.end(), other.unproved.begin(), other.unproved.end());
  undecided.insert(undecided.end(), other.undecided.begin(), other.undecided.end());
  refuted.insert(refuted.end(), other.refuted.begin(), other.refuted.end());
}

Tally compare(const Contract& contract, const Batch& batch, const std::vector<Expected>& claims, Fault fault) {
  Tally tally = compare_each(contract, batch, claims, fault, [&](const Expected& claim, const Opinion& opinion) {
    return judge(contract.format, claim, opinion);
  });
  for (std::size_t i = 0; i < claims.size(); ++i) {
    if (claims[i].kind == Expected::Kind::number && !claims[i].proved) {
      tally.unproved.push_back(describe(contract, batch, i));
    }
  }
  return tally;
}

Tally compare(const Contract& contract, const Batch& batch, const std::vector<Exact>& claims, int digits) {
  return compare_each(contract, batch, claims, Fault::none, [&](const Exact& claim, const Opinion& opinion) {
    return judge(claim, digits, contract.pass, opinion);
  });
}

}  // namespace lossaudit::second_opinion
