// A result of the second opinion: NaN, an infinity, or head + tail, where the head is an exact rational and the tail a
// ball.
//
// Keeping the two apart decides ties that no affordable precision would: log_softmax([1, −2^24])₁ is −16777217 (halfway
// between two f32 numbers) less e^−16777217, and the sign of the tail alone says which of the two is nearer.
#pragma once

#include <optional>
#include <string>

#include "property_tests/second_opinion/ball.hpp"
#include "reference/format.hpp"

namespace lossaudit::second_opinion {

struct Value {
  enum class Kind : std::uint8_t {
    finite,
    infinite,
    nan,
    undecided,  ///< the precision does not tell which of these it is
  };

  Value() = default;
  explicit Value(double exact);  ///< any double, infinities and NaN included
  explicit Value(Rational head) : head(std::move(head)) {}
  explicit Value(Ball tail) : tail(std::move(tail)) {}
  Value(Rational head, Ball tail) : head(std::move(head)), tail(std::move(tail)) {}
  static Value infinity(int sign);
  static Value nan();

  [[nodiscard]] bool is_finite() const { return kind == Kind::finite; }
  [[nodiscard]] bool is_nan() const { return kind == Kind::nan; }
  /// Exactly zero, and known to be.
  [[nodiscard]] bool is_zero() const { return is_finite() && head == 0 && tail.is_zero(); }

  /// The sign of (this − other), or nothing when the ball is too wide to tell. Finite values only.
  [[nodiscard]] std::optional<int> compare(const Rational& other) const;
  [[nodiscard]] std::optional<int> sign() const;  ///< also of an infinity
  [[nodiscard]] Ball ball() const { return Ball(head) + tail; }
  [[nodiscard]] std::string text() const;

  Kind kind = Kind::finite;
  int infinity_sign = 0;
  Rational head = 0;
  Ball tail;
};

Value operator+(const Value& a, const Value& b);  ///< ∞ − ∞ is NaN
Value operator-(const Value& a);
Value operator-(const Value& a, const Value& b);
/// 0 · ∞ is NaN.
Value operator*(const Value& a, const Value& b);
/// A term of an entropy: as the product, but a coefficient of exactly 0 gives 0 also beside an infinity.
Value term(const Value& coefficient, const Value& logarithm);
/// NaN when the divisor is 0 or not finite.
Value operator/(const Value& a, const Value& divisor);
/// e^x; head 1 at 0.
Value exp(const Value& x);
/// ln x for x > 0, as ln head + ln(1 + tail / head); −∞ at 0.
Value log(const Value& x);

/// floor(log2 |q|) for q ≠ 0.
long binade(const Rational& q);
/// q rounded to the format, to nearest, ties to even. Throws std::overflow_error beyond the format's range.
Rational nearest(Format format, const Rational& q);

/// ln q for q ≥ 0, without cancellation near 1; −∞ at 0.
Value log_of(const Rational& q);

}  // namespace lossaudit::second_opinion
