#include "property_tests/second_opinion/ball.hpp"

#include <flint/fmpq.h>

#include <algorithm>

namespace lossaudit::second_opinion {

Rational power_of_two(long exponent) {
  using Integer = boost::multiprecision::mpz_int;
  const Integer power = Integer(1) << static_cast<unsigned long>(exponent < 0 ? -exponent : exponent);
  return exponent < 0 ? Rational(Integer(1), power) : Rational(power);
}

Ball::Ball(const Rational& value) : Ball() {
  fmpq_t q;
  fmpq_init(q);
  fmpq_set_mpq(q, value.backend().data());
  const bool dyadic = fmpz_val2(fmpq_denref(q)) + 1 == fmpz_bits(fmpq_denref(q));
  const slong bits = static_cast<slong>(fmpz_bits(fmpq_numref(q)));
  arb_set_fmpq(ball_, q, dyadic ? std::max(precision, bits + 2) : precision);
  fmpq_clear(q);
}

std::optional<Ball> Ball::from_decimal(const std::string& text) {
  Ball ball;
  if (arb_set_str(ball.ball_, text.c_str(), precision) != 0 || arb_is_finite(ball.ball_) == 0) return std::nullopt;
  return ball;
}

Ball Ball::operator-() const {
  Ball result;
  arb_neg(result.ball_, ball_);
  return result;
}

Ball operator+(const Ball& a, const Ball& b) {
  Ball result;
  arb_add(result.ball_, a.ball_, b.ball_, Ball::precision);
  return result;
}

Ball operator-(const Ball& a, const Ball& b) {
  Ball result;
  arb_sub(result.ball_, a.ball_, b.ball_, Ball::precision);
  return result;
}

Ball operator*(const Ball& a, const Ball& b) {
  Ball result;
  arb_mul(result.ball_, a.ball_, b.ball_, Ball::precision);
  return result;
}

Ball operator/(const Ball& a, const Ball& b) {
  Ball result;
  arb_div(result.ball_, a.ball_, b.ball_, Ball::precision);
  return result;
}

Ball exp(const Ball& x) {
  Ball result;
  arb_exp(result.ball_, x.ball_, Ball::precision);
  return result;
}

Ball log(const Ball& x) {
  Ball result;
  arb_log(result.ball_, x.ball_, Ball::precision);
  return result;
}

Ball log1p(const Ball& x) {
  Ball result;
  arb_log1p(result.ball_, x.ball_, Ball::precision);
  return result;
}

std::optional<int> Ball::sign() const {
  if (arb_is_zero(ball_) != 0) return 0;
  if (arb_is_positive(ball_) != 0) return 1;
  if (arb_is_negative(ball_) != 0) return -1;
  return std::nullopt;
}

std::optional<long> Ball::least_binade() const {
  arf_t least;
  arf_init(least);
  arb_get_abs_lbound_arf(least, ball_, precision);
  std::optional<long> binade;
  if (arf_sgn(least) > 0) {
    constexpr long bound = 1L << 40;
    // Arb's exponent e means a mantissa in [1/2, 1).
    binade = arf_cmpabs_2exp_si(least, bound) >= 0    ? bound
             : arf_cmpabs_2exp_si(least, -bound) <= 0 ? -bound
                                                      : static_cast<long>(arf_abs_bound_lt_2exp_si(least)) - 1;
  }
  arf_clear(least);
  return binade;
}

std::string Ball::text() const {
  char* digits = arb_get_str(ball_, 30, 0);
  std::string result = digits;
  flint_free(digits);
  return result;
}

}  // namespace lossaudit::second_opinion
