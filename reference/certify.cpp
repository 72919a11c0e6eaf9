#include "reference/certify.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "reference/formula.hpp"
#include "reference/interval.hpp"

namespace lossaudit {
namespace {

using enum Function;

constexpr double infinity = std::numeric_limits<double>::infinity();

constexpr Claim claim_table[] = {
    {"sigmoid f32 forward", sigmoid, Format::f32, Pass::forward, 0},
    {"sigmoid f32 gradient", sigmoid, Format::f32, Pass::gradient, 0},
    {"log_sigmoid f32 forward", log_sigmoid, Format::f32, Pass::forward, 0},
    {"log_sigmoid f32 gradient", log_sigmoid, Format::f32, Pass::gradient, 0},
    {"softplus f32 forward", softplus, Format::f32, Pass::forward, 0},
    {"softplus f32 gradient", softplus, Format::f32, Pass::gradient, 0},
    {"logit f32 forward", logit, Format::f32, Pass::forward, 0},
    {"logit f32 gradient", logit, Format::f32, Pass::gradient, 0},
    {"binary_crossentropy f32 forward t=0", binary_crossentropy, Format::f32, Pass::forward, 0},
    {"binary_crossentropy f32 forward t=1", binary_crossentropy, Format::f32, Pass::forward, 1},
    {"binary_crossentropy f32 forward t=0.3", binary_crossentropy, Format::f32, Pass::forward, 0x1.333334p-2},
    {"binary_crossentropy f32 gradient t=0", binary_crossentropy, Format::f32, Pass::gradient, 0},
    {"binary_crossentropy f32 gradient t=1", binary_crossentropy, Format::f32, Pass::gradient, 1},
    {"binary_crossentropy f32 gradient t=0.3", binary_crossentropy, Format::f32, Pass::gradient, 0x1.333334p-2},
    {"sigmoid f64 forward", sigmoid, Format::f64, Pass::forward, 0},
    {"sigmoid f64 gradient", sigmoid, Format::f64, Pass::gradient, 0},
    {"log_sigmoid f64 forward", log_sigmoid, Format::f64, Pass::forward, 0},
    {"log_sigmoid f64 gradient", log_sigmoid, Format::f64, Pass::gradient, 0},
    {"softplus f64 forward", softplus, Format::f64, Pass::forward, 0},
    {"softplus f64 gradient", softplus, Format::f64, Pass::gradient, 0},
    {"logit f64 forward", logit, Format::f64, Pass::forward, 0},
    {"logit f64 gradient", logit, Format::f64, Pass::gradient, 0},
    {"binary_crossentropy f64 forward t=0.3", binary_crossentropy, Format::f64, Pass::forward, 0.3},
    {"binary_crossentropy f64 gradient t=0.3", binary_crossentropy, Format::f64, Pass::gradient, 0.3},
};

/// A block is left when it has broken its claim so often.
constexpr std::uint64_t most_broken = 100;
constexpr std::size_t f64_blocks = 256;
constexpr std::size_t f64_block_size = 4096;

/// The claim's contract; its other inputs are the claim's target.
Contract contract_of(const Claim& claim) {
  Contract contract{claim.function, Dialect::exact, claim.format, claim.pass, {}};
  contract.options.from_logits = claim.function == binary_crossentropy;
  return contract;
}

/// Any bit pattern, or a number of the binades around 1, where the functions do most.
double random_f64(const Claim& claim, std::mt19937_64& random) {
  const std::uint64_t bits = random();
  if (bits % 2 == 0) return std::bit_cast<double>(random());
  const double fraction = 0x1p-53 * static_cast<double>(random() >> 11);
  if (claim.function == logit) return fraction;
  const auto exponent = static_cast<int>(bits / 4 % 24) - 13;
  return std::ldexp(bits / 2 % 2 == 0 ? fraction : -fraction, exponent);
}

Batch inputs_of(const Claim& claim, std::size_t block) {
  Batch batch;
  const bool all = claim.format == Format::f32;
  batch.shape.classes = all ? block_size : f64_block_size;
  batch.output.resize(batch.shape.classes);
  if (all) {
    const auto first = static_cast<std::uint32_t>(block * block_size);
    for (std::uint32_t i = 0; i < block_size; ++i) batch.output[i] = std::bit_cast<float>(first + i);
  } else {
    std::mt19937_64 random(block);
    for (double& x : batch.output) x = random_f64(claim, random);
  }
  if (claim.function == binary_crossentropy) batch.target.assign(batch.output.size(), claim.target);
  return batch;
}

/// The enclosure of one result.
struct Enclosed {
  double value, low, radius;
};

/// What a judge says of an enclosure.
struct Ruling {
  bool holds;
  double ratio;  ///< |exact − value| / radius, at most
};

Ruling ruling_at(double distance, bool inside, double radius) {
  if (radius == 0) return {inside && distance == 0, 0};
  return {inside, distance / radius * (1 + 0x1p-52)};
}

template <unsigned Digits>
Ruling by_intervals(const Problem& problem, std::size_t i, const Enclosed& e) {
  using I = Interval<Digits>;
  std::vector<I> exact;
  enclose_unit(problem, i, exact);
  const I off = exact.front() - (I(e.value) + I(e.low));
  const double below = -mpfr_get_d(off.lower(), MPFR_RNDD);
  const double above = mpfr_get_d(off.upper(), MPFR_RNDU);
  // On the edge itself only an open end may lie, or the exact value of a radius of 0.
  const auto within = [&](double distance, bool open) {
    return distance < e.radius || (distance == e.radius && (open || e.radius == 0));
  };
  const bool inside = within(below, off.lower_open()) && within(above, off.upper_open());
  return ruling_at(std::max({below, above, 0.0}), inside, e.radius);
}

/// Results a hair beside 1/2 or 1/4 (sigmoid and its derivative near 0) are told from it by thousands of bits alone.
Ruling by_intervals(const Problem& problem, std::size_t i, const Enclosed& e) {
  const Ruling ruling = by_intervals<60>(problem, i, e);
  return ruling.holds ? ruling : by_intervals<750>(problem, i, e);
}

/// Knuth's TwoSum: sum becomes a + b, and the return value says whether exactly.
bool add_exactly(double a, double b, double& sum) {
  sum = a + b;
  const double back = sum - a;
  return (a - (sum - back)) + (b - back) == 0;
}

/// By an enclosure that is narrower and holds strictly; nothing where the roundings here leave it open.
std::optional<Ruling> by_pair(const Enclosed& exact, const Enclosed& e) {
  constexpr double slack = 1 + 0x1p-50;
  double apart = 0;
  double off = 0;
  double distance = 0;
  const bool is_exact = add_exactly(exact.value, -e.value, apart) && add_exactly(apart, exact.low, off) &&
                        add_exactly(std::abs(off), exact.radius, distance);
  if (is_exact && distance <= e.radius) return ruling_at(distance, true, e.radius);
  distance = (std::abs((exact.value - e.value) + exact.low) + exact.radius) * slack;
  if (distance < e.radius) return ruling_at(distance, true, e.radius);
  return std::nullopt;
}

/// Far out the result is nearly 0 on one side of 0 or on both, and every claim's function falls in size from there on:
/// one interval speaks for all of that side.
class Tail {
 public:
  static constexpr double from = 720;
  static constexpr double size = 0x1p-1030;  // above e^-720

  explicit Tail(const Claim& claim, const Contract& contract) {
    for (const double x : {-from, from}) {
      if (claim.function == logit) return;
      Batch batch;
      batch.output = {x};
      if (claim.function == binary_crossentropy) batch.target = {claim.target};
      std::vector<Interval<60>> y;
      enclose_unit(Problem(contract, batch), 0, y);
      const bool is_small = mpfr_cmp_d(y.front().lower(), -size) > 0 && mpfr_cmp_d(y.front().upper(), size) < 0;
      (x < 0 ? left_ : right_) = is_small;
    }
  }
  /// Whether the result at x is known from the tail alone to be within the enclosure.
  [[nodiscard]] bool holds(double x, const Enclosed& e) const {
    const bool vanishes = x <= -from ? left_ : x >= from && right_;
    return vanishes && e.value == 0 && e.radius >= size;
  }

 private:
  bool left_ = false, right_ = false;
};

bulk::Elements elements_of(const Batch& batch, bulk::Enclosures& enclosures, bulk::Lanes lanes) {
  const std::size_t n = batch.output.size();
  enclosures.value.resize(n);
  enclosures.radius.resize(n);
  enclosures.low.assign(lanes == bulk::Lanes::pair ? n : 0, 0);
  bulk::Elements elements;
  elements.output = batch.output.data();
  elements.target = batch.target.empty() ? nullptr : batch.target.data();
  elements.value = enclosures.value.data();
  elements.low = enclosures.low.empty() ? nullptr : enclosures.low.data();
  elements.radius = enclosures.radius.data();
  return elements;
}

bulk::Enclosures enclosures_of(const Claim& claim, const Batch& batch, bulk::Lanes lanes) {
  bulk::Enclosures enclosures;
  bulk::enclose_elements(claim.function, claim.pass, lanes, elements_of(batch, enclosures, lanes), batch.output.size());
  return enclosures;
}

/// Whether all of the enclosure rounds to one value; what is rounded here itself is far below an ulp of the radius.
bool decides(Format format, const Enclosed& e) {
  return round_to(format, e.value + (e.low - e.radius)) == round_to(format, e.value + (e.low + e.radius));
}

Enclosed at(const bulk::Enclosures& all, std::size_t i) {
  return {all.value[i], all.low.empty() ? 0 : all.low[i], all.radius[i]};
}

}  // namespace

std::span<const Claim> claims() { return claim_table; }

std::vector<const Claim*> claims_named(std::string_view name) {
  std::vector<const Claim*> found;
  std::vector<std::string> names;
  for (const Claim& claim : claim_table) {
    names.emplace_back(claim.name);
    if (claim.name == name || traits(claim.function).name == name) found.push_back(&claim);
  }
  if (!found.empty()) return found;
  std::string nearest;
  for (const std::string& near : nearest_names(name, names)) nearest += (nearest.empty() ? "'" : ", '") + near + "'";
  throw BadInput("unknown claim '" + std::string(name.substr(0, 60)) + "': did you mean " + nearest +
                 "? (lossaudit certify --list)");
}

std::size_t block_count(const Claim& claim) {
  return claim.format == Format::f32 ? (std::size_t{1} << 32) / block_size : f64_blocks;
}

namespace {
/// An order of the inputs that is none of the blocks' that were tried.
bool comes_first(double a, double b) { return encode(Format::f64, a) < encode(Format::f64, b); }
}  // namespace

Certified& Certified::operator+=(const Certified& more) {
  inputs += more.inputs;
  unknown += more.unknown;
  undecided += more.undecided;
  if (more.broken > 0 && (broken == 0 || comes_first(more.broken_at, broken_at))) broken_at = more.broken_at;
  broken += more.broken;
  if (more.tightest > tightest || (more.tightest == tightest && comes_first(more.tightest_at, tightest_at))) {
    tightest = more.tightest;
    tightest_at = more.tightest_at;
  }
  return *this;
}

Certified certify(const Claim& claim, std::size_t block, Judge judge, double scale) {
  const Contract contract = contract_of(claim);
  const Batch batch = inputs_of(claim, block);
  const Problem problem(contract, batch);
  const bool by_pairs = claim.format == Format::f32 && judge == Judge::pairs;
  const bulk::Enclosures lanes = enclosures_of(claim, batch, bulk::lanes_for(claim.format));
  const bulk::Enclosures pairs = by_pairs ? enclosures_of(claim, batch, bulk::Lanes::pair) : bulk::Enclosures();
  const Tail tail(claim, contract);
  Certified found;
  for (std::size_t i = 0; i < batch.output.size(); ++i) {
    ++found.inputs;
    Enclosed e = at(lanes, i);
    e.radius *= scale;
    if (e.radius == infinity) {
      ++found.unknown;
      continue;
    }
    if (!decides(claim.format, e)) ++found.undecided;
    if (by_pairs && tail.holds(batch.output[i], e)) continue;
    const std::optional<Ruling> quick = by_pairs ? by_pair(at(pairs, i), e) : std::nullopt;
    const Ruling ruling = quick ? *quick : by_intervals(problem, i, e);
    if (ruling.ratio > found.tightest) {
      found.tightest = ruling.ratio;
      found.tightest_at = batch.output[i];
    }
    if (ruling.holds) continue;
    if (found.broken == 0) found.broken_at = batch.output[i];
    if (++found.broken == most_broken) break;
  }
  return found;
}

}  // namespace lossaudit
