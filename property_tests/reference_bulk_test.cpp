// The bulk oracle (reference/bulk.hpp) against the intervals: every enclosure holds the exact result, and what expect()
// returns does not depend on it.
#include <gtest/gtest.h>
#include <mpfr.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "reference/bulk.hpp"
#include "reference/evaluate.hpp"
#include "reference/formula.hpp"
#include "reference/interval.hpp"
#include "reference/rounding.hpp"

namespace lossaudit {
namespace {

using Random = std::mt19937_64;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// How far enclosures are from failing, over many results.
struct Outcome {
  double worst = 0;        ///< the largest |exact − (value + low)| / radius
  std::size_t known = 0;   ///< results with a finite radius
  std::size_t broken = 0;  ///< of these, how many do not hold the exact result
  std::string first_broken;
};

/// max |x − (value + low)| over an interval, rounded up.
double distance(const Bounds& exact, double value, double low) {
  mpfr_t d;
  mpfr_init2(d, 3000);
  double largest = 0;
  for (const mpfr_srcptr end : {exact.lower, exact.upper}) {
    mpfr_sub_d(d, end, value, MPFR_RNDA);
    mpfr_sub_d(d, d, low, MPFR_RNDA);
    mpfr_abs(d, d, MPFR_RNDU);
    largest = std::max(largest, mpfr_get_d(d, MPFR_RNDU));
  }
  mpfr_clear(d);
  return largest;
}

/// The exact results of a problem, a unit at a time, by intervals of so many digits.
template <unsigned Digits>
class ExactResults {
 public:
  explicit ExactResults(const Problem& problem) : problem_(problem) {}
  /// The distance between the result i of a unit and value + low; +inf for NaN.
  double distance_to(std::size_t unit, std::size_t i, double value, double low) {
    if (results_.empty() || unit != unit_) enclose_unit(problem_, unit, results_);
    unit_ = unit;
    return is_nan(results_[i]) ? infinity : distance(bounds(results_[i]), value, low);
  }

 private:
  const Problem& problem_;
  std::size_t unit_ = 0;
  std::vector<Interval<Digits>> results_;
};

/// Holds the enclosures of a batch, their radii divided by `shrink`, against intervals.
void check(const Contract& contract, const Batch& batch, bulk::Lanes lanes, double shrink, Outcome& outcome) {
  bulk::Enclosures enclosures;
  bulk::enclose(contract, batch, lanes, enclosures);
  const Problem problem(contract, batch);
  ExactResults<60> exact(problem);
  ExactResults<750> more_exact(problem);
  const std::size_t units = bulk::units(contract, batch.shape);
  const std::size_t each = enclosures.value.size() / units;
  for (std::size_t k = 0; k < enclosures.value.size(); ++k) {
    const std::size_t unit = k / each;
    const double radius = enclosures.radius[k];
    ASSERT_FALSE(std::isnan(radius));
    if (radius == infinity) continue;
    ++outcome.known;
    const double value = enclosures.value[k];
    const double low = enclosures.low.empty() ? 0 : enclosures.low[k];
    double error = exact.distance_to(unit, k % each, value, low);
    // Targets of 10^300 need more digits. Intervals are closed: a number just inside may look as if on the edge.
    if (error > radius / shrink) error = more_exact.distance_to(unit, k % each, value, low);
    // There the number is on the edge by design.
    const bool kept_to_a_side =
        radius == 0x1p-47 || radius == 0x1p-46 || radius == 0x1p-90 || radius == 0x1p-88 || radius == 0x1p-75;
    if (radius > 0 && !kept_to_a_side) outcome.worst = std::max(outcome.worst, error / (radius / shrink));
    if (error <= radius / shrink) continue;
    if (outcome.broken++ == 0) {
      const std::size_t element = traits(contract.function).layout == Layout::elementwise ? k : unit;
      outcome.first_broken = to_string(contract) + ", unit " + std::to_string(unit) + " at " +
                             to_hex(Format::f64, batch.output[element]) + ": " + to_hex(Format::f64, value) + " + " +
                             to_hex(Format::f64, low) + " ± " + to_hex(Format::f64, radius) + " misses by " +
                             to_hex(Format::f64, error);
    }
  }
}

// ---- the cases

double uniform(Random& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

double any_finite(Format format, Random& random) {
  const auto place = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(last_ordinal(format)));
  return from_ordinal(format, (random() & 1) != 0 ? place : -place);
}

/// Values where some function of one number changes its manners.
std::vector<double> notable_values(Format format) {
  const FormatTraits& t = traits(format);
  std::vector<double> values = {0.0,
                                -0.0,
                                infinity,
                                -infinity,
                                std::numeric_limits<double>::quiet_NaN(),
                                largest(format),
                                -largest(format),
                                smallest(format),
                                -smallest(format)};
  for (int e = t.min_exponent - t.precision + 1; e <= t.max_exponent; e += e < -60 || e > 12 ? 7 : 1) {
    for (const double sign : {-1.0, 1.0}) {
      const double power = sign * std::ldexp(1.0, e);
      for (const double x : {power, step(format, power, 1), step(format, power, -1), 1.4375 * power})
        values.push_back(x);
    }
  }
  for (const double x :
       {0.5,     1.0,   0.25,  0.75,  0.4142135, 0.5857864, 17.32868, 36.7368,    87.3365,    88.7228,
        103.972, 104.0, 600.0, 700.0, 708.4,     745.1,     745.2,    0.34657359, 0.69314718, 0.0108304}) {
    const double rounded = round_to(format, x);
    for (int i = -2; i <= 2; ++i) {
      values.push_back(step(format, rounded, i));
      values.push_back(-step(format, rounded, i));
    }
  }
  return values;
}

bool takes_probabilities(const Contract& contract) {
  const Domain domain = traits(contract.function).output;
  return domain == Domain::probability || (domain == Domain::either && !contract.options.from_logits);
}

/// n outputs of an elementwise function: the notable ones, then draws from where it is curved, from all binades, from all
/// bit patterns.
std::vector<double> elements(const Contract& contract, std::size_t n, Random& random) {
  const Format format = contract.format;
  const bool probability = takes_probabilities(contract);
  std::vector<double> values = notable_values(format);
  while (values.size() < n) {
    double x = 0;
    switch (random() % 4) {
      case 0:
        x = probability ? uniform(random, 0, 1) : std::normal_distribution<double>(0, 10)(random);
        break;
      case 1:
        x = std::ldexp(uniform(random, 0.5, 1), -static_cast<int>(random() % 60));
        if (probability && (random() & 1) != 0) x = 1 - x;
        if (!probability && (random() & 1) != 0) x = -x;
        break;
      case 2:
        // Near 1/2, near the logits that round to 1, near integers.
        x = probability ? 0.5 + std::ldexp(uniform(random, -1, 1), -2 - static_cast<int>(random() % 50))
                        : std::nearbyint(uniform(random, -110, 110)) +
                              std::ldexp(uniform(random, -1, 1), -static_cast<int>(random() % 24));
        break;
      default:
        x = any_finite(format, random);
        break;
    }
    values.push_back(round_to(format, x));
  }
  std::shuffle(values.begin(), values.end(), random);
  values.resize(n);
  return values;
}

double any_target(Format format, Random& random) {
  switch (random() % 8) {
    case 0:
    case 1:
      return 0;
    case 2:
    case 3:
      return 1;
    case 4:
      return round_to(format, uniform(random, -2, 3));
    case 5:
      return (random() & 7) == 0 ? infinity : any_finite(format, random);
    default:
      return round_to(format, uniform(random, 0, 1));
  }
}

double any_upstream(Format format, Random& random) {
  constexpr double few[] = {0, 1, -1, 2, -0.5};
  if ((random() & 1) != 0) return few[random() % 5];
  return (random() & 7) == 0 ? any_finite(format, random)
                             : round_to(format, std::normal_distribution<double>(0, 3)(random));
}

void fill_options(const Contract& contract, Batch& batch, Random& random, bool upstream) {
  const FunctionTraits& f = traits(contract.function);
  if (f.target == TargetKind::labels) {
    for (std::size_t r = 0; r < batch.shape.rows(); ++r) {
      const auto label = static_cast<std::int64_t>(random() % (batch.shape.classes + (random() % 8 == 0 ? 2 : 0)));
      batch.labels.push_back(random() % 16 == 0 ? -1 : label);
    }
  }
  if (f.target == TargetKind::dense) {
    const std::size_t hot = random() % batch.shape.classes;
    const bool one_hot = (random() & 1) != 0 && f.layout != Layout::elementwise;
    for (std::size_t e = 0; e < batch.shape.elements(); ++e) {
      const std::size_t i = e / batch.shape.inner % batch.shape.classes;
      batch.target.push_back(one_hot ? (i == hot ? 1 : 0) : any_target(contract.format, random));
    }
  }
  if (contract.pass == Pass::gradient && upstream) {
    Contract forward = contract;
    forward.pass = Pass::forward;
    const std::size_t n = result_size(forward, batch.shape);
    for (std::size_t i = 0; i < n; ++i) batch.upstream.push_back(any_upstream(contract.format, random));
  }
}

Batch element_batch(const Contract& contract, std::size_t n, Random& random, bool upstream) {
  Batch batch;
  batch.shape = {n, 1, 1};
  batch.output = elements(contract, n, random);
  fill_options(contract, batch, random, upstream);
  return batch;
}

/// A row of logits of some kind.
void append_row(Format format, std::size_t classes, Random& random, std::vector<double>& row) {
  const auto kind = random() % 10;
  const double spread = std::ldexp(1.0, static_cast<int>(random() % 10) - 4);
  const double shift = random() % 2 == 0 ? 0 : std::normal_distribution<double>(0, 50)(random);
  const std::size_t first = row.size();
  for (std::size_t i = 0; i < classes; ++i) {
    double x = shift + std::normal_distribution<double>(0, spread)(random);
    if (kind == 0) x = any_finite(format, random);
    if (kind == 1) x = std::nearbyint(x);               // ties
    if (kind == 2) x = shift;                           // all equal
    if (kind == 3) x = std::ldexp(x, -40);              // all nearly 0
    if (kind == 4 && random() % 4 == 0) x = -infinity;  // masked classes
    if (kind == 5) x = uniform(random, -800, 0);        // exponentials that underflow
    row.push_back(round_to(format, x));
  }
  double& somewhere = row[first + random() % classes];
  if (kind == 6) somewhere = round_to(format, shift + 30 + uniform(random, 0, 90));  // a confident row
  if (kind == 7) {
    constexpr double special[] = {infinity, -infinity, std::numeric_limits<double>::quiet_NaN()};
    if (random() % 2 == 0) somewhere = special[random() % 3];
  }
}

Batch row_batch(const Contract& contract, const Shape& shape, Random& random, bool upstream) {
  Batch batch;
  batch.shape = shape;
  batch.output.resize(shape.elements());
  std::vector<double> row;
  for (std::size_t r = 0; r < shape.rows(); ++r) {
    row.clear();
    append_row(contract.format, shape.classes, random, row);
    for (std::size_t i = 0; i < shape.classes; ++i) batch.output[element_index(shape, r, i)] = row[i];
  }
  fill_options(contract, batch, random, upstream);
  return batch;
}

/// Every contract that the lanes serve, of the dialects given: elementwise ones, or those of rows.
std::vector<Contract> served_contracts(bool elementwise, std::span<const DialectTraits> among) {
  std::vector<Contract> contracts;
  for (const FunctionTraits& f : functions()) {
    if ((f.layout == Layout::elementwise) != elementwise) continue;
    for (const DialectTraits& d : among) {
      for (const FormatTraits& t : format_table) {
        for (const Pass pass : {Pass::forward, Pass::gradient}) {
          for (const bool from_logits : {false, true}) {
            Contract contract{f.function, d.dialect, t.format, pass, {}};
            contract.options.from_logits = from_logits;
            if (is_meaningful(contract) && bulk::serves(contract)) contracts.push_back(contract);
          }
        }
      }
    }
  }
  return contracts;
}
/// Of dialect exact alone: the lanes' formulas are the same in all.
std::vector<Contract> served_contracts(bool elementwise) { return served_contracts(elementwise, dialects().first(1)); }

/// expect() with and without the bulk oracle.
void expect_same(const Contract& contract, const Batch& batch) {
  const std::vector<Expected> filtered = expect(contract, batch);
  const std::vector<Expected> exact = expect_by_intervals(contract, batch);
  ASSERT_EQ(filtered.size(), exact.size());
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const Expected& a = filtered[i];
    const Expected& b = exact[i];
    const auto where = [&] {
      return to_string(contract) + " result " + std::to_string(i) + " output " +
             to_hex(contract.format, batch.output[i % batch.output.size()]);
    };
    ASSERT_EQ(a.kind, b.kind) << where();
    ASSERT_EQ(a.recommended, b.recommended) << where();
    ASSERT_EQ(a.proved, b.proved) << where();
    if (b.kind == Expected::Kind::nan) continue;
    ASSERT_EQ(a.rounded, b.rounded) << where();
    ASSERT_EQ(std::signbit(a.rounded), std::signbit(b.rounded)) << where();
    ASSERT_EQ(a.ulp_exponent, b.ulp_exponent) << where();
    ASSERT_NEAR(a.offset, b.offset, 0x1p-20) << where();
  }
}

/// Each test starts and ends with the best target.
class Bulk : public testing::Test {
 protected:
  void TearDown() override { bulk::use_target(""); }

  static void record(const std::string& name, const Outcome& outcome) {
    RecordProperty(name + ".worst_ratio", std::to_string(outcome.worst));
    RecordProperty(name + ".known", std::to_string(outcome.known));
  }
};

TEST_F(Bulk, EnclosuresOfElementsHoldTheExactResultOnEveryTarget) {
  Random random(3);
  for (const Contract& contract : served_contracts(true)) {
    for (const bulk::Lanes lanes : {bulk::Lanes::single, bulk::Lanes::pair}) {
      Outcome outcome;
      for (const std::string& target : bulk::targets()) {
        bulk::use_target(target);
        for (const bool upstream : {false, true}) {
          const std::size_t n = target == bulk::targets().front() ? 1000 : 200;
          check(contract, element_batch(contract, n, random, upstream), lanes, 1, outcome);
        }
      }
      EXPECT_EQ(outcome.broken, 0U) << outcome.first_broken;
      EXPECT_GT(outcome.known, 400U) << to_string(contract);
      record(to_string(contract) + (lanes == bulk::Lanes::single ? " single" : " pair"), outcome);
    }
  }
}

constexpr Shape row_shapes[] = {{12, 1, 1}, {12, 2, 1}, {12, 3, 1}, {6, 8, 1}, {4, 17, 2}, {2, 100, 1}, {1, 3, 5}};

TEST_F(Bulk, EnclosuresOfRowsHoldTheExactResultOnEveryTarget) {
  Random random(17);
  for (Contract contract : served_contracts(false)) {
    contract.options.axis = true;
    for (const bulk::Lanes lanes : {bulk::Lanes::single, bulk::Lanes::pair}) {
      Outcome outcome;
      for (const std::string& target : bulk::targets()) {
        bulk::use_target(target);
        for (const Shape& shape : row_shapes) {
          check(contract, row_batch(contract, shape, random, random() % 2 == 0), lanes, 1, outcome);
        }
      }
      EXPECT_EQ(outcome.broken, 0U) << outcome.first_broken;
      EXPECT_GT(outcome.known, 50U) << to_string(contract);
      record(to_string(contract) + (lanes == bulk::Lanes::single ? " single" : " pair"), outcome);
    }
  }
}

TEST_F(Bulk, LongRowsKeepTheirBounds) {
  Random random(19);
  for (const Contract& contract : served_contracts(false)) {
    if (contract.pass == Pass::gradient || contract.format == Format::f16 || contract.format == Format::bf16) continue;
    for (const double spread : {0.0, 1.0, 30.0}) {
      Batch batch;
      batch.shape = {1, 3001, 1};
      for (std::size_t i = 0; i < batch.shape.classes; ++i) {
        batch.output.push_back(
            round_to(contract.format, std::normal_distribution<double>(-3, spread + 0x1p-30)(random)));
      }
      fill_options(contract, batch, random, false);
      for (const bulk::Lanes lanes : {bulk::Lanes::single, bulk::Lanes::pair}) {
        Outcome outcome;
        check(contract, batch, lanes, 1, outcome);
        EXPECT_EQ(outcome.broken, 0U) << outcome.first_broken;
        record(to_string(contract) + (lanes == bulk::Lanes::single ? " single" : " pair") + " 3001 classes, spread " +
                   std::to_string(spread),
               outcome);
      }
    }
  }
}

TEST_F(Bulk, ASumOfAHundredThousandExponentialsKeepsItsBound) {
  Random random(29);
  const Contract contract = parse_contract("logsumexp exact f32 forward");
  Batch batch;
  batch.shape = {1, 100003, 1};
  for (std::size_t i = 0; i < batch.shape.classes; ++i) {
    batch.output.push_back(round_to(contract.format, uniform(random, -9, 1)));
  }
  for (const bulk::Lanes lanes : {bulk::Lanes::single, bulk::Lanes::pair}) {
    Outcome outcome;
    check(contract, batch, lanes, 1, outcome);
    EXPECT_EQ(outcome.known, 1U);
    EXPECT_EQ(outcome.broken, 0U) << outcome.first_broken;
    record(lanes == bulk::Lanes::single ? "single" : "pair", outcome);
  }
}

TEST_F(Bulk, ExpectIsTheSameWithAndWithoutOnRows) {
  Random random(23);
  for (const Contract& served : served_contracts(false, dialects())) {
    for (const Shape& shape : row_shapes) {
      Contract contract = served;
      contract.options.axis = shape.inner > 1;
      if (traits(contract.function).target == TargetKind::labels && random() % 2 == 0)
        contract.options.ignore_index = 0;
      for (const bool upstream : {false, true}) {
        ASSERT_NO_FATAL_FAILURE(expect_same(contract, row_batch(contract, shape, random, upstream)));
      }
    }
  }
}

TEST_F(Bulk, ExpectIsTheSameWithAndWithoutOnElements) {
  Random random(5);
  for (const Contract& contract : served_contracts(true, dialects())) {
    for (const bool upstream : {false, true}) {
      ASSERT_NO_FATAL_FAILURE(expect_same(contract, element_batch(contract, 600, random, upstream)));
    }
  }
}

TEST_F(Bulk, RadiiAreNarrowEnoughForTheirFormats) {
  Random random(7);
  for (const Contract& contract : served_contracts(true)) {
    if (contract.pass == Pass::gradient && contract.options.from_logits) continue;  // may cancel
    Batch batch;
    batch.shape = {1000, 1, 1};
    for (std::size_t i = 0; i < 1000; ++i) {
      const bool probability = takes_probabilities(contract);
      batch.output.push_back(
          round_to(contract.format, probability ? uniform(random, 0.01, 0.99) : uniform(random, -40, 40)));
    }
    if (contract.function == Function::binary_crossentropy) {
      for (std::size_t i = 0; i < 1000; ++i) batch.target.push_back(round_to(contract.format, uniform(random, 0, 1)));
    }
    bulk::Enclosures enclosures;
    bulk::enclose(contract, batch, bulk::lanes_for(contract.format), enclosures);
    // f32 to 2^-20 ulp needs 2^-44; binary64 to 2^-30 ulp needs 2^-83.
    const double bound = contract.format == Format::f64 ? 0x1p-90 : 0x1p-46;
    for (std::size_t i = 0; i < 1000; ++i) {
      ASSERT_LE(enclosures.radius[i], bound * std::abs(enclosures.value[i]) + 0x1p-800)
          << to_string(contract) << " " << batch.output[i];
    }
  }
}

/// What the sweeps over every float rely on: the exact path sees few of them.
TEST_F(Bulk, DecidesNearlyEveryFloat) {
  for (Contract contract : served_contracts(true)) {
    if (contract.format != Format::f32) continue;
    for (const double target : {0.0, 1.0}) {
      Batch batch;
      for (std::uint64_t bits = 0; bits < (1ULL << 32); bits += 40009) {
        const double x = decode(Format::f32, bits);
        const bool inside = !takes_probabilities(contract) || (x > 0 && x < 1);
        if (std::isfinite(x) && inside) batch.output.push_back(x);
      }
      batch.shape = {batch.output.size(), 1, 1};
      if (contract.function == Function::binary_crossentropy) batch.target.assign(batch.output.size(), target);
      bulk::Enclosures enclosures;
      bulk::enclose(contract, batch, bulk::Lanes::single, enclosures);
      std::size_t undecided = 0;
      for (std::size_t i = 0; i < batch.output.size(); ++i) {
        if (!round_sum(Format::f32, enclosures.value[i], 0, enclosures.radius[i]).proved) ++undecided;
      }
      EXPECT_LT(static_cast<double>(undecided), 0.003 * static_cast<double>(batch.output.size()))
          << to_string(contract);
      EXPECT_GT(batch.output.size(), 20000U);
    }
  }
}

TEST_F(Bulk, AWrongBoundIsCaught) {
  Random random(11);
  for (const bulk::Lanes lanes : {bulk::Lanes::single, bulk::Lanes::pair}) {
    for (const Contract& contract : served_contracts(true)) {
      Outcome outcome;
      check(contract, element_batch(contract, 150, random, false), lanes, 0x1p20, outcome);
      EXPECT_GT(outcome.broken, 0U) << to_string(contract);
    }
    for (const Contract& contract : served_contracts(false)) {
      Outcome outcome;
      check(contract, row_batch(contract, {12, 8, 1}, random, contract.pass == Pass::gradient), lanes, 0x1p20, outcome);
      EXPECT_GT(outcome.broken, 0U) << to_string(contract);
    }
  }
}

TEST_F(Bulk, NothingIsKnownAboutSpecialValues) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Contract& contract : served_contracts(true)) {
    Batch batch;
    batch.output = {nan, infinity, -infinity, nan, infinity, -infinity, nan, infinity, -infinity, nan, infinity};
    if (takes_probabilities(contract)) {
      for (const double p : {0.0, 1.0, -0.25, 1.25}) batch.output.push_back(p);
    }
    batch.shape = {batch.output.size(), 1, 1};
    if (traits(contract.function).target == TargetKind::dense) batch.target.assign(batch.output.size(), 0.5);
    for (const bulk::Lanes lanes : {bulk::Lanes::single, bulk::Lanes::pair}) {
      bulk::Enclosures enclosures;
      bulk::enclose(contract, batch, lanes, enclosures);
      for (const double radius : enclosures.radius) EXPECT_EQ(radius, infinity) << to_string(contract);
    }
  }
}

TEST_F(Bulk, ServesWhatItSaysAndNoMore) {
  const auto serves = [](const char* text) { return bulk::serves(parse_contract(text)); };
  EXPECT_TRUE(serves("sigmoid exact f64 gradient"));
  EXPECT_TRUE(serves("binary_crossentropy keras1 f32 forward from_logits"));
  EXPECT_TRUE(serves("binary_crossentropy optax f32 gradient from_logits"));
  EXPECT_TRUE(serves("softmax exact f64 forward axis"));
  EXPECT_TRUE(serves("sparse_categorical_crossentropy onnx f32 forward from_logits ignore_index=-1"));
  EXPECT_TRUE(serves("categorical_crossentropy tf f32 forward from_logits") ||
              path_of(parse_contract("categorical_crossentropy tf f32 forward from_logits")).slope !=
                  Slope::derivative);
  EXPECT_TRUE(serves("binary_crossentropy exact f32 forward"));
  EXPECT_TRUE(serves("binary_crossentropy keras3 f32 gradient epsilon=0.125"));
  EXPECT_FALSE(serves("binary_crossentropy keras2 f32 forward"));
  EXPECT_FALSE(serves("binary_crossentropy torch f32 forward"));
  EXPECT_FALSE(serves("categorical_crossentropy exact f32 forward"));
  EXPECT_FALSE(serves("sparse_categorical_crossentropy keras1 f32 forward"));
  EXPECT_FALSE(serves("binary_crossentropy exact f32 forward from_logits pos_weight=2"));
  EXPECT_FALSE(serves("binary_crossentropy exact f32 forward from_logits label_smoothing=0.1"));
  EXPECT_FALSE(serves("binary_crossentropy exact f32 forward from_logits reduction=mean"));
  EXPECT_FALSE(serves("categorical_crossentropy tf f32 gradient from_logits"));
  EXPECT_FALSE(serves("categorical_crossentropy tfjs f32 forward from_logits"));
  EXPECT_FALSE(serves("mean_squared_error exact f32 forward"));
}

TEST(RoundSum, IsWhatTheIntervalsSay) {
  Random random(13);
  for (const FormatTraits& t : format_table) {
    for (int i = 0; i < 20000; ++i) {
      // Near ties, near powers of 2, near 0 and near the overflow threshold.
      double high = any_finite(t.format, random);
      if (random() % 3 == 0) high = std::ldexp(1.0, static_cast<int>(random() % 200) - 100);
      const double ulp = std::ldexp(1.0, ulp_exponent(t.format, high == 0 ? -2000 : std::ilogb(high)));
      if (t.format != Format::f64 && random() % 2 == 0) high += ulp / 2;
      double low = 0;
      const double own_ulp = high == 0 ? 0 : std::ldexp(1.0, ulp_exponent(Format::f64, std::ilogb(high)));
      if (random() % 2 == 0)
        low = own_ulp * (random() % 2 == 0 ? 0.5 : -0.25) * (random() % 4 == 0 ? 1 : uniform(random, 0, 1));
      const double radius =
          random() % 4 == 0 && low == 0 ? 0 : ulp * std::ldexp(1.0, -15 - static_cast<int>(random() % 60));
      const Expected e = round_sum(t.format, high, low, radius);
      if (!e.proved) continue;
      mpfr_t ends[2];
      for (int side = 0; side < 2; ++side) {
        mpfr_init2(ends[side], 3000);
        mpfr_set_d(ends[side], high, MPFR_RNDN);
        mpfr_add_d(ends[side], ends[side], low, MPFR_RNDN);
        mpfr_add_d(ends[side], ends[side], side == 0 ? -radius : radius, MPFR_RNDN);
      }
      const Expected exact = round_enclosure(t.format, {ends[0], ends[1], radius > 0, radius > 0});
      for (mpfr_t& end : ends) mpfr_clear(end);
      ASSERT_TRUE(exact.proved) << to_hex(Format::f64, high) << " + " << to_hex(Format::f64, low) << " ± " << radius;
      ASSERT_EQ(e.rounded, exact.rounded) << to_hex(Format::f64, high) << " + " << to_hex(Format::f64, low);
      ASSERT_EQ(e.ulp_exponent, exact.ulp_exponent) << to_hex(Format::f64, high) << " + " << to_hex(Format::f64, low);
      ASSERT_NEAR(e.offset, exact.offset, 0x1p-20);
    }
  }
}

}  // namespace
}  // namespace lossaudit
