// The filter (Ball, elementary.hpp) against what it stands in front of: MPFR for the elementary functions, the
// intervals for whole functions.
#include <gtest/gtest.h>
#include <mpfr.h>

#include <cmath>
#include <functional>
#include <random>

#include "reference/ball.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {
namespace {

/// abs(computed − f(x)) / abs(f(x)) against 200 bits of MPFR.
double relative_error_of(double computed, double x, int (*f)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t)) {
  mpfr_t exact;
  mpfr_t difference;
  mpfr_init2(exact, 200);
  mpfr_init2(difference, 200);
  mpfr_set_d(exact, x, MPFR_RNDN);
  f(exact, exact, MPFR_RNDN);
  mpfr_d_sub(difference, computed, exact, MPFR_RNDN);
  mpfr_div(difference, difference, exact, MPFR_RNDN);
  const double error = std::abs(mpfr_get_d(difference, MPFR_RNDN));
  mpfr_clear(exact);
  mpfr_clear(difference);
  return error;
}

struct ElementaryCase {
  const char* name;
  double (*computed)(double);
  int (*exact)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t);
  std::function<double(std::mt19937_64&)> draw;
  double bound;  ///< the function's own figure in elementary.hpp
};

double uniform(std::mt19937_64& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

TEST(Elementary, StaysWithinItsDerivedBounds) {
  constexpr double u = 0x1p-53;
  const ElementaryCase cases[] = {
      {"exp over its range", elementary::exp, mpfr_exp, [](auto& r) { return uniform(r, -708, 709); }, 16 * u},
      {"exp near 0", elementary::exp, mpfr_exp,
       [](auto& r) { return std::ldexp(uniform(r, -1, 1), -static_cast<int>(r() % 60)); }, 16 * u},
      {"log over all binades", elementary::log, mpfr_log,
       [](auto& r) { return std::ldexp(uniform(r, 1, 2), static_cast<int>(r() % 2000) - 1000); }, 16 * u},
      {"log near 1", elementary::log, mpfr_log,
       [](auto& r) { return 1 + std::ldexp(uniform(r, -0.5, 0.5), -static_cast<int>(r() % 50)); }, 16 * u},
      {"log near a root of 1/2", elementary::log, mpfr_log, [](auto& r) { return uniform(r, 0.7071, 0.70712); },
       16 * u},
      {"log1p within 1", elementary::log1p, mpfr_log1p,
       [](auto& r) { return std::ldexp(uniform(r, -0.999999, 1), -static_cast<int>(r() % 400)); }, 24 * u},
      {"log1p beyond 1", elementary::log1p, mpfr_log1p,
       [](auto& r) { return std::ldexp(uniform(r, 1, 2), static_cast<int>(r() % 900)); }, 24 * u},
      {"log1p above -1", elementary::log1p, mpfr_log1p,
       [](auto& r) { return -1 + std::ldexp(uniform(r, 1, 2), -1 - static_cast<int>(r() % 50)); }, 24 * u},
  };
  std::mt19937_64 random(20240901);
  for (const ElementaryCase& c : cases) {
    double worst = 0;
    double at = 0;
    for (int i = 0; i < 20000; ++i) {
      const double x = c.draw(random);
      if (x == 0 || (c.exact == mpfr_log && x == 1)) continue;
      const double error = relative_error_of(c.computed(x), x, c.exact);
      if (error > worst) {
        worst = error;
        at = x;
      }
    }
    EXPECT_LE(worst, c.bound) << c.name << " at " << to_hex(Format::f64, at);
    EXPECT_LE(c.bound, elementary::relative_bound) << c.name;
    EXPECT_GT(worst, 0) << c.name << ": nothing was measured";
  }
}

TEST(Ball, KeepsExactResultsExactAndGivesUpWhereItKnowsNothing) {
  const Ball x(0x1.234567p-3);
  EXPECT_TRUE(is_zero(x - x));
  EXPECT_EQ((Ball(0.5) + Ball(0.25)).radius(), 0);
  EXPECT_EQ(exp(Ball(0)).radius(), 0);
  EXPECT_EQ((Ball(3) / Ball(4)).radius(), 0);
  EXPECT_EQ((Ball(3) * Ball(0.25)).radius(), 0);
  EXPECT_GT((Ball(1) / Ball(3)).radius(), 0);
  EXPECT_GT((Ball(0x1.000001p0) * Ball(0x1.0000000000001p0)).radius(), 0);
  EXPECT_GT((Ball(0x1.8p-600) * Ball(0x1.8p-600)).radius(), 0) << "underflow hides the residual";
  EXPECT_TRUE(is_zero(log(Ball(1))));
  EXPECT_GT((Ball(1) + Ball(0x1p-60)).radius(), 0);
  EXPECT_FALSE((x / (x - x)).is_known());
  EXPECT_FALSE(exp(Ball(1e6)).is_known());
  EXPECT_FALSE((Ball(1e308) * Ball(1e308)).is_known());
  EXPECT_FALSE((Ball(1e308) + Ball(1e308)).is_known());
  EXPECT_FALSE(log(Ball(-1)).is_known());
  EXPECT_FALSE(log(Ball(0)).is_known());
  EXPECT_FALSE(max(Ball(INFINITY), Ball(1)).is_known());
  EXPECT_FALSE(Ball(NAN).is_known());
}

TEST(Ball, SumsManyTermsWithoutGrowingError) {
  Ball::Sum sum;
  for (int i = 0; i < 1000000; ++i) sum.add(Ball(0.1));
  // A million times the double nearest to 0.1: exact in 128 bits.
  const auto exact = static_cast<__float128>(0.1) * 1000000;
  const Ball total = sum.value();
  EXPECT_LE(static_cast<double>(exact > total.center() ? exact - total.center() : total.center() - exact),
            total.radius());
  EXPECT_LE(total.radius(), 1e-11);
}

struct Draw {
  const char* contract;
  std::function<double(std::mt19937_64&)> output;
};

double any_finite(Format format, std::mt19937_64& random) {
  const std::int64_t last = last_ordinal(format);
  return from_ordinal(format,
                      static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(2 * last - 1)) - last + 1);
}

TEST(Filter, NeverDisagreesWithTheIntervals) {
  const auto logits = [](auto& r) { return std::normal_distribution<double>(0, 20)(r); };
  const auto probabilities = [](auto& r) {
    const double tail = std::ldexp(uniform(r, 0.5, 1), -static_cast<int>(r() % 24));
    return (r() & 1) != 0 ? tail : 1 - tail;
  };
  const Draw draws[] = {
      {"relu exact f32 forward", logits},
      {"sigmoid exact f32 forward", logits},
      {"sigmoid exact f16 gradient", logits},
      {"log_sigmoid exact bf16 forward", logits},
      {"softplus exact f32 forward", logits},
      {"logit exact f32 forward", probabilities},
      {"logit exact f32 gradient", probabilities},
      {"softmax exact f32 forward", logits},
      {"softmax exact f32 gradient", logits},
      {"log_softmax exact f32 forward", logits},
      {"log_softmax exact f16 gradient", logits},
      {"logsumexp exact f32 forward", logits},
      {"binary_crossentropy exact f32 forward", probabilities},
      {"binary_crossentropy keras1 f32 gradient", probabilities},
      {"binary_crossentropy exact f32 gradient from_logits pos_weight=3 label_smoothing=0.1", logits},
      {"binary_crossentropy exact f32 forward from_logits reduction=mean sample_weights", logits},
      {"categorical_crossentropy exact f32 forward from_logits", logits},
      {"categorical_crossentropy keras1 f32 forward", probabilities},
      {"categorical_crossentropy keras1 bf16 gradient", probabilities},
      {"categorical_crossentropy exact f32 gradient class_weights reduction=mean", probabilities},
      {"sparse_categorical_crossentropy exact f32 forward from_logits label_smoothing=0.1", logits},
      {"sparse_categorical_crossentropy keras1 f32 gradient", probabilities},
      {"mean_squared_error exact f32 forward", logits},
      {"mean_squared_error exact f32 gradient reduction=mean", logits},
      {"cross_entropy_error exact f32 forward", probabilities},
      {"cross_entropy_error exact f32 gradient", probabilities},
  };
  std::mt19937_64 random(7);
  for (const Draw& draw : draws) {
    const Contract contract = parse_contract(draw.contract);
    const Format format = contract.format;
    for (int round = 0; round < 30; ++round) {
      Batch batch;
      batch.shape = {3, 5, 1};
      for (std::size_t i = 0; i < 15; ++i) {
        const bool wild = round % 3 == 2 && traits(contract.function).output == Domain::real;
        batch.output.push_back(wild ? any_finite(format, random) : round_to(format, draw.output(random)));
      }
      const auto unit = [&](std::vector<double>& tensor, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) tensor.push_back(round_to(format, uniform(random, 0, 1)));
      };
      const TargetKind target = traits(contract.function).target;
      if (target == TargetKind::dense) unit(batch.target, 15);
      if (target == TargetKind::labels) batch.labels = {0, 4, 2};
      if (contract.options.class_weights) unit(batch.class_weights, 5);
      if (contract.options.sample_weights) unit(batch.sample_weights, unreduced_size(contract, batch.shape));
      if (contract.pass == Pass::gradient && round % 2 == 1) {
        Contract forward = contract;
        forward.pass = Pass::forward;
        unit(batch.upstream, result_size(forward, batch.shape));
      }
      const std::vector<Expected> filtered = expect(contract, batch);
      const std::vector<Exact> proved = explain(contract, batch, 9);  // by the intervals alone
      for (std::size_t i = 0; i < filtered.size(); ++i) {
        const Expected& exact = proved[i].each[static_cast<std::size_t>(format)];
        ASSERT_EQ(filtered[i].kind, exact.kind) << draw.contract;
        if (exact.kind == Expected::Kind::nan) continue;
        ASSERT_EQ(filtered[i].rounded, exact.rounded) << draw.contract << " result " << i;
        ASSERT_EQ(filtered[i].ulp_exponent, exact.ulp_exponent) << draw.contract << " result " << i;
        ASSERT_NEAR(filtered[i].offset, exact.offset, 0x1p-20) << draw.contract << " result " << i;
      }
    }
  }
}

}  // namespace
}  // namespace lossaudit
