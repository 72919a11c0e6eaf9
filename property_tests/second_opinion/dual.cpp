#include "property_tests/second_opinion/dual.hpp"

#include <algorithm>
#include <cmath>

namespace lossaudit::second_opinion {

namespace {

/// The dual with that value and, for every j, the slope that `slope_of(j)` gives.
template <typename SlopeOf>
Dual with_slopes(Value value, std::size_t n, SlopeOf&& slope_of) {
  Dual result(std::move(value));
  for (std::size_t j = 0; j < n; ++j) result.slopes.push_back(slope_of(j));
  return result;
}

}  // namespace

Dual variable(double x, std::size_t j, std::size_t n) {
  return with_slopes(Value(x), n, [j](std::size_t k) { return Value(k == j ? 1.0 : 0.0); });
}

Dual undefined(std::size_t n) { return {Value::nan(), std::vector<Value>(n, Value::nan())}; }

Dual operator+(const Dual& a, const Dual& b) {
  return with_slopes(a.value + b.value, std::max(a.slopes.size(), b.slopes.size()),
                     [&](std::size_t j) { return a.slope(j) + b.slope(j); });
}

Dual operator-(const Dual& a) {
  return with_slopes(-a.value, a.slopes.size(), [&](std::size_t j) { return -a.slope(j); });
}

Dual operator-(const Dual& a, const Dual& b) { return a + -b; }

Dual operator*(const Dual& a, const Dual& b) {
  // A slope of 0 adds nothing, also beside an infinite factor.
  return with_slopes(a.value * b.value, std::max(a.slopes.size(), b.slopes.size()),
                     [&](std::size_t j) { return term(a.slope(j), b.value) + term(b.slope(j), a.value); });
}

Dual operator/(const Dual& a, const Dual& b) {
  const Value quotient = a.value / b.value;
  return with_slopes(quotient, std::max(a.slopes.size(), b.slopes.size()),
                     [&](std::size_t j) { return (a.slope(j) - term(b.slope(j), quotient)) / b.value; });
}

Dual exp(const Dual& x) {
  const Value value = exp(x.value);
  return with_slopes(value, x.slopes.size(), [&](std::size_t j) { return x.slope(j) * value; });
}

Dual log(const Dual& x) {
  return with_slopes(log(x.value), x.slopes.size(), [&](std::size_t j) {
    return x.value.is_zero() ? term(x.slope(j), Value::infinity(1)) : x.slope(j) / x.value;
  });
}

Dual term(const Value& c, const Dual& x) {
  return with_slopes(term(c, x.value), x.slopes.size(), [&](std::size_t j) { return term(c, x.slope(j)); });
}

}  // namespace lossaudit::second_opinion
