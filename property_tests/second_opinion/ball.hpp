// Exact rationals and Arb's balls: a ball is a midpoint and a radius, and holds every real that the computation may
// mean. Arb (Johansson 2017, "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic") shares no code
// with MPFI.
#pragma once

#include <arb.h>

#include <boost/multiprecision/gmp.hpp>
#include <optional>
#include <string>

namespace lossaudit::second_opinion {

using Rational = boost::multiprecision::number<boost::multiprecision::gmp_rational, boost::multiprecision::et_off>;

/// 2^exponent.
Rational power_of_two(long exponent);

/// A ball; every operation rounds to `Ball::precision` bits and widens the radius by what that loses.
class Ball {
 public:
  inline static thread_local slong precision = 192;

  Ball() { arb_init(ball_); }
  Ball(const Ball& other) : Ball() { arb_set(ball_, other.ball_); }
  Ball(Ball&& other) noexcept : Ball() { arb_swap(ball_, other.ball_); }
  Ball& operator=(Ball other) noexcept {
    arb_swap(ball_, other.ball_);
    return *this;
  }
  ~Ball() { arb_clear(ball_); }

  /// Exact when the rational is dyadic, however long it is.
  explicit Ball(const Rational& value);
  /// A decimal such as "-1.25e-4000"; nothing when it is not one.
  static std::optional<Ball> from_decimal(const std::string& text);

  Ball operator-() const;
  friend Ball operator+(const Ball& a, const Ball& b);
  friend Ball operator-(const Ball& a, const Ball& b);
  friend Ball operator*(const Ball& a, const Ball& b);
  friend Ball operator/(const Ball& a, const Ball& b);
  friend Ball exp(const Ball& x);
  friend Ball log(const Ball& x);
  friend Ball log1p(const Ball& x);

  [[nodiscard]] bool is_zero() const { return arb_is_zero(ball_) != 0; }
  /// −1, 0, 1, or nothing when the ball holds zero and more.
  [[nodiscard]] std::optional<int> sign() const;
  /// floor(log2) of the smallest magnitude in the ball, held within ±2^40; nothing when the ball holds zero.
  [[nodiscard]] std::optional<long> least_binade() const;
  [[nodiscard]] std::string text() const;

 private:
  arb_t ball_;
};

}  // namespace lossaudit::second_opinion
