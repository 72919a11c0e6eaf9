#include "audit/inputs/values.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace lossaudit {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

bool everywhere(const ValueSpace& /*space*/) { return true; }
bool on_reals(const ValueSpace& space) { return !space.probability; }
bool on_probabilities(const ValueSpace& space) { return space.probability; }
bool in_16_bits(const ValueSpace& space) { return traits(space.format).bytes == 2; }

/// Positive points at which exp, log1p and the usual formulas on them change course.
std::vector<double> real_anchors(const ValueSpace& space) {
  const FormatTraits& t = traits(space.format);
  const double ln2 = std::numbers::ln2;
  std::vector<double> anchors = {
      smallest(space.format),
      std::ldexp(1.0, t.min_exponent),
      std::ldexp(1.0, -t.precision),  // where 1 + x stops being 1
      1e-7,
      0.5,
      ln2,
      1,
      std::numbers::e,
      2,
      10,
      ln2 * t.precision,  // e^-x drops below half an ulp of 1
      ln2 * (t.precision + 1),
      ln2 * (t.max_exponent + 1),             // e^x overflows
      -ln2 * t.min_exponent,                  // e^-x becomes subnormal
      -ln2 * (t.min_exponent - t.precision),  // e^-x rounds to 0
      std::ldexp(1.0, t.precision),           // every larger number is an integer
      largest(space.format) / 2,
      largest(space.format),
      std::sqrt(largest(space.format)),
  };
  // Cut-offs that published kernels use (Eigen's logistic 9 and 18, softplus thresholds of 20, clamps at 88 and 104).
  for (const double cut : {4.0, 9.0, 16.0, 17.0, 18.0, 20.0, 30.0, 50.0, 88.0, 104.0, 709.0, 745.0}) {
    anchors.push_back(cut);
  }
  return anchors;
}

std::vector<double> probability_anchors(const ValueSpace& space) {
  const FormatTraits& t = traits(space.format);
  std::vector<double> anchors = {smallest(space.format),
                                 std::ldexp(1.0, t.min_exponent),
                                 std::ldexp(1.0, -t.precision),
                                 std::ldexp(1.0, -t.precision / 2),
                                 0.1,
                                 0.25,
                                 1.0 / 3,
                                 0.5,
                                 0.75,
                                 0.9,
                                 1 - std::ldexp(1.0, -t.precision / 2)};
  for (const double epsilon : {space.epsilon, 1e-4, 1e-7, 1e-12, 1e-15}) {
    anchors.push_back(epsilon);
    anchors.push_back(1 - epsilon);
  }
  return anchors;
}

void sort_and_unite(std::vector<double>& values) {
  // −0 before 0, as two values.
  std::sort(values.begin(), values.end(),
            [](double a, double b) { return a != b ? a < b : std::signbit(a) && !std::signbit(b); });
  const auto same = [](double a, double b) { return a == b && std::signbit(a) == std::signbit(b); };
  values.erase(std::unique(values.begin(), values.end(), same), values.end());
}

std::vector<double> specials_and_nans(const ValueSpace& space, std::size_t /*count*/, Random& /*random*/) {
  std::vector<double> values = special_values(space);
  const std::vector<double> not_numbers = nans(space.format);
  values.insert(values.end(), not_numbers.begin(), not_numbers.end());
  return values;
}

/// The lowest and highest exponents that a space's positive numbers have; subnormals count by their leading bit.
struct Exponents {
  int low, high;
};
Exponents exponents(const ValueSpace& space) {
  const FormatTraits& t = traits(space.format);
  return {t.min_exponent - t.precision + 1, space.probability ? -1 : t.max_exponent};
}

/// 1 − x and 1/2 ± x, the ends and the middle of a probability's range, for an x on [0, 1].
void push_probability(const ValueSpace& space, double x, std::size_t side, std::vector<double>& values) {
  const double places[] = {x, 1 - x, 0.5 + x / 2, 0.5 - x / 2};
  values.push_back(fit(space.format, places[side % 4]));
}

/// x with either sign, or (for probabilities) at either end and beside 1/2.
void push_both(const ValueSpace& space, double x, std::vector<double>& values) {
  if (space.probability) {
    // 1 − x is 1 for every x below half an ulp of 1: no use in trying it again for every binade.
    const std::size_t sides = x < std::ldexp(1.0, -traits(space.format).precision - 1) ? 1 : 4;
    for (std::size_t side = 0; side < sides; ++side) push_probability(space, x, side, values);
  } else {
    values.push_back(fit(space.format, x));
    values.push_back(-values.back());
  }
}

std::vector<double> log_grid(const ValueSpace& space, std::size_t /*count*/, Random& /*random*/) {
  const Exponents range = exponents(space);
  const int steps = space.format == Format::f64 ? 2 : 8;
  std::vector<double> values;
  for (int e = range.low; e <= range.high; ++e) {
    for (int i = 0; i < steps; ++i) {
      push_both(space, std::ldexp(std::exp2(static_cast<double>(i) / steps), e), values);
    }
  }
  sort_and_unite(values);
  return values;
}

std::vector<double> every_binade(const ValueSpace& space, std::size_t count, Random& random) {
  const Exponents range = exponents(space);
  const std::size_t binades = static_cast<std::size_t>(range.high - range.low + 1) * 2;
  const std::size_t each = std::max<std::size_t>(1, count / binades);
  std::vector<double> values;
  for (int e = range.low; e <= range.high; ++e) {
    for (std::size_t i = 0; i < each; ++i) {
      const double first = std::ldexp(1.0, e);
      push_both(space, any_between(space.format, first, step(space.format, 2 * first, -1), random), values);
    }
  }
  return values;
}

std::vector<double> exp_range(const ValueSpace& space, std::size_t count, Random& random) {
  const FormatTraits& t = traits(space.format);
  const double end = std::numbers::ln2 * (t.precision - t.min_exponent) * 1.02;
  std::vector<double> values(count);
  for (double& x : values) x = fit(space.format, random.uniform(-end, end));
  return values;
}

std::vector<double> realistic(const ValueSpace& space, std::size_t count, Random& random) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double logit = i % 2 == 0 ? 4 * random.normal() : random.uniform(-12, 12);
    const double value = !space.probability ? logit : i % 4 == 1 ? random.uniform() : 1 / (1 + std::exp(-logit));
    values[i] = fit(space.format, value);
  }
  return values;
}

std::vector<double> saturated(const ValueSpace& space, std::size_t count, Random& random) {
  // Within 2^8 ulps of the ends, of the clip's ends and of 1/2.
  const double ends[] = {0, 1, 0.5, space.epsilon, 1 - space.epsilon};
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double end = fit(space.format, ends[i % std::size(ends)]);
    const std::int64_t off = random.between(0, 1 << random.below(9));
    values[i] = std::clamp(step(space.format, end, random.one_in(2) ? off : -off), 0.0, 1.0);
  }
  return values;
}

std::vector<double> every_bit_pattern(const ValueSpace& space, std::size_t /*count*/, Random& /*random*/) {
  std::vector<double> values;
  for (std::uint64_t bits = 0; bits < 0x10000; ++bits) values.push_back(decode(space.format, bits));
  return values;
}

constexpr ValueKind kind_table[] = {
    {"special_values", "where implementations change course, 3 ulps to either side, infinities and NaNs", false,
     everywhere, specials_and_nans},
    {"log_grid", "log-spaced over the whole range, both signs (probabilities: both ends, and beside 1/2)", false,
     everywhere, log_grid},
    {"every_binade", "random significands in every binade, subnormal ones too", true, everywhere, every_binade},
    {"exp_range", "uniform over the logits whose exp is neither 0 nor infinite", true, on_reals, exp_range},
    {"realistic", "logits as networks give them, or their probabilities", true, everywhere, realistic},
    {"saturated", "probabilities within 256 ulps of 0, 1, 1/2 and the clip's ends", true, on_probabilities, saturated},
    {"every_bit_pattern", "all 65536 values of a 16-bit format", false, in_16_bits, every_bit_pattern},
};

}  // namespace

ValueSpace output_space(const Contract& contract) {
  const Domain domain = traits(contract.function).output;
  const bool probability = domain == Domain::probability || (domain == Domain::either && !contract.options.from_logits);
  return {contract.format, probability, clip_epsilon(contract)};
}

double fit(Format format, double x) { return std::clamp(round_to(format, x), -largest(format), largest(format)); }

double any_between(Format format, double from, double to, Random& random) {
  return from_ordinal(format, random.between(ordinal(format, from), ordinal(format, to)));
}

std::vector<double> special_values(const ValueSpace& space) {
  std::vector<double> values = {0.0, -0.0, infinity, -infinity};
  const auto add_around = [&](double anchor) {
    for (std::int64_t off = -3; off <= 3; ++off) values.push_back(step(space.format, fit(space.format, anchor), off));
  };
  add_around(0);
  if (space.probability) {
    for (const double anchor : probability_anchors(space)) add_around(anchor);
    add_around(1);
    for (const double outside : {-1.0, 2.0, largest(space.format), -largest(space.format)}) values.push_back(outside);
  } else {
    for (const double anchor : real_anchors(space)) {
      add_around(anchor);
      add_around(-anchor);
    }
  }
  sort_and_unite(values);
  return values;
}

std::vector<double> nans(Format format) {
  const FormatTraits& t = traits(format);
  const std::uint64_t quiet = encode(format, std::numeric_limits<double>::quiet_NaN());
  const std::uint64_t sign = std::uint64_t{1} << (t.bytes * 8 - 1);
  const std::uint64_t quiet_bit = std::uint64_t{1} << (t.precision - 2);
  const std::uint64_t patterns[] = {quiet, quiet | sign, quiet | 1, (quiet ^ quiet_bit) | 1,
                                    ((quiet ^ quiet_bit) | 1) | sign};
  std::vector<double> values;
  for (const std::uint64_t bits : patterns) values.push_back(decode(format, bits));
  return values;
}

std::span<const ValueKind> value_kinds() { return kind_table; }

}  // namespace lossaudit
