// Forward-mode differentiation: a value together with its derivatives with respect to the outputs of its element or
// row. The gradients of the second opinion are not written down: they follow from its forward formulas by the rules for
// sums, products, quotients, exponentials and logarithms.
#pragma once

#include <cstddef>
#include <vector>

#include "property_tests/second_opinion/value.hpp"

namespace lossaudit::second_opinion {

struct Dual {
  Dual() = default;
  explicit Dual(Value value) : value(std::move(value)) {}
  Dual(Value value, std::vector<Value> slopes) : value(std::move(value)), slopes(std::move(slopes)) {}

  [[nodiscard]] Value slope(std::size_t j) const { return j < slopes.size() ? slopes[j] : Value(); }

  Value value;
  std::vector<Value> slopes;  ///< ∂value/∂o_j; those that are missing are 0
};

/// The j-th of n variables; n = 0 asks for no derivatives.
Dual variable(double x, std::size_t j, std::size_t n);
/// NaN, and so are its n derivatives.
Dual undefined(std::size_t n);

Dual operator+(const Dual& a, const Dual& b);
Dual operator-(const Dual& a);
Dual operator-(const Dual& a, const Dual& b);
Dual operator*(const Dual& a, const Dual& b);
Dual operator/(const Dual& a, const Dual& b);
Dual exp(const Dual& x);
/// At 0 the derivatives are infinite where those of x are not 0.
Dual log(const Dual& x);
/// c · x as it counts in a sum, the derivatives too: 0 where c is 0, also beside an infinity.
Dual term(const Value& c, const Dual& x);

}  // namespace lossaudit::second_opinion
