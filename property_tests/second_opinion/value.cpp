#include "property_tests/second_opinion/value.hpp"

#include <cmath>
#include <stdexcept>

namespace lossaudit::second_opinion {

namespace {

Value undecided() {
  Value value;
  value.kind = Value::Kind::undecided;
  return value;
}

}  // namespace

Value::Value(double exact) {
  if (std::isnan(exact)) {
    kind = Kind::nan;
  } else if (std::isinf(exact)) {
    kind = Kind::infinite;
    infinity_sign = exact > 0 ? 1 : -1;
  } else {
    head = Rational(exact);
  }
}

Value Value::infinity(int sign) { return Value(sign * HUGE_VAL); }
Value Value::nan() { return Value(std::nan("")); }

std::optional<int> Value::compare(const Rational& other) const {
  const Rational difference = head - other;
  if (difference == 0) return tail.sign();
  if (tail.is_zero()) return difference.sign();
  return (Ball(difference) + tail).sign();
}

std::optional<int> Value::sign() const { return kind == Kind::infinite ? infinity_sign : compare(0); }

std::string Value::text() const {
  switch (kind) {
    case Kind::nan:
      return "nan";
    case Kind::undecided:
      return "undecided";
    case Kind::infinite:
      return infinity_sign > 0 ? "inf" : "-inf";
    default:
      return ball().text();
  }
}

Value operator+(const Value& a, const Value& b) {
  if (a.is_nan() || b.is_nan()) return Value::nan();
  if (a.kind == Value::Kind::undecided || b.kind == Value::Kind::undecided) return undecided();
  if (a.is_finite() && b.is_finite()) {
    if (a.is_zero()) return b;
    if (b.is_zero()) return a;
    return {a.head + b.head, a.tail + b.tail};
  }
  if (a.is_finite()) return b;
  if (b.is_finite() || a.infinity_sign == b.infinity_sign) return a;
  return Value::nan();
}

Value operator-(const Value& a) {
  Value result = a;
  result.infinity_sign = -a.infinity_sign;
  result.head = -a.head;
  result.tail = -a.tail;
  return result;
}

Value operator-(const Value& a, const Value& b) { return a + -b; }

Value operator*(const Value& a, const Value& b) {
  if (a.is_nan() || b.is_nan()) return Value::nan();
  if (a.kind == Value::Kind::undecided || b.kind == Value::Kind::undecided) return undecided();
  if (a.is_finite() && b.is_finite()) {
    if (a.is_zero() || b.is_zero()) return {};
    const auto scaled = [](const Rational& head, const Ball& tail) {
      return head == 0 || tail.is_zero() ? Ball() : Ball(head) * tail;
    };
    Ball tail = scaled(a.head, b.tail) + scaled(b.head, a.tail);
    if (!a.tail.is_zero() && !b.tail.is_zero()) tail = tail + a.tail * b.tail;
    return {a.head * b.head, tail};
  }
  const std::optional<int> signs[] = {a.sign(), b.sign()};
  if (!signs[0] || !signs[1]) return undecided();
  const int sign = *signs[0] * *signs[1];
  return sign == 0 ? Value::nan() : Value::infinity(sign);
}

Value term(const Value& coefficient, const Value& logarithm) {
  return coefficient.is_zero() && !logarithm.is_nan() ? Value() : coefficient * logarithm;
}

Value operator/(const Value& a, const Value& divisor) {
  if (divisor.kind == Value::Kind::undecided) return undecided();
  if (!divisor.is_finite() || divisor.is_zero()) return Value::nan();
  if (!a.is_finite() || divisor.tail.is_zero()) {
    if (divisor.tail.is_zero()) return a * Value(Rational(1 / divisor.head));
    const std::optional<int> sign = divisor.sign();
    return sign ? a * Value(static_cast<double>(*sign)) : undecided();
  }
  if (a.is_zero()) return {};
  if (divisor.head == 0) return Value(a.ball() / divisor.tail);
  // (h + t) / (k + u) = q + (t − q u) / (k + u) with q = h / k
  const Rational quotient = a.head / divisor.head;
  return {quotient, (a.tail - Ball(quotient) * divisor.tail) / divisor.ball()};
}

Value exp(const Value& x) { return x.is_zero() ? Value(1.0) : Value(exp(x.ball())); }

Value log(const Value& x) {
  if (!x.is_finite()) return x;
  if (x.tail.is_zero()) return log_of(x.head);
  if (x.head == 0) return Value(log(x.tail));
  return log_of(x.head) + Value(log1p(x.tail / Ball(x.head)));
}

long binade(const Rational& q) {
  using boost::multiprecision::msb;
  const Rational magnitude = q < 0 ? Rational(-q) : q;
  const long guess = static_cast<long>(msb(numerator(magnitude))) - static_cast<long>(msb(denominator(magnitude)));
  return magnitude < power_of_two(guess) ? guess - 1 : guess;
}

Rational nearest(Format format, const Rational& q) {
  if (q == 0) return q;
  const Rational ulp = power_of_two(ulp_exponent(format, binade(q)));
  const Rational place = (q < 0 ? Rational(-q) : q) / ulp;
  boost::multiprecision::mpz_int steps = numerator(place) / denominator(place);
  const Rational rest = place - Rational(steps);
  const Rational half(1, 2);
  if (rest > half || (rest == half && bit_test(steps, 0))) ++steps;
  const Rational rounded = Rational(steps) * ulp;
  if (rounded > Rational(largest(format))) throw std::overflow_error("beyond the format's range");
  return q < 0 ? Rational(-rounded) : rounded;
}

Value log_of(const Rational& q) {
  if (q == 0) return Value::infinity(-1);
  if (q == 1) return Value();
  const bool near_one = q > Rational(1, 2) && q < 2;
  return Value(near_one ? log1p(Ball(Rational(q - 1))) : log(Ball(q)));
}

}  // namespace lossaudit::second_opinion
