// The number type of the filter: a binary64 number with a bound on its distance from the real number it stands for.
//
// Every operation adds its own rounding to what the operands' errors make of the result (running error analysis:
// Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.3), so the formulas of the interval reference
// run over it unchanged, some fifty times faster. What it cannot bound (overflow, a divisor near 0, NaN, infinities)
// becomes unknown, and is left to the intervals: a Ball never decides a special value.
#pragma once

#include <cmath>
#include <limits>

#include "reference/elementary.hpp"

namespace lossaudit {

class Ball {
 public:
  Ball() = default;
  explicit Ball(double x) : center_(x), radius_(std::isfinite(x) ? 0 : infinity) {}

  [[nodiscard]] double center() const { return center_; }
  /// Bound on abs(real number − center); +inf or NaN when nothing is known.
  [[nodiscard]] double radius() const { return radius_; }
  [[nodiscard]] bool is_known() const { return radius_ <= std::numeric_limits<double>::max(); }

  friend bool is_zero(const Ball& a) { return a.center_ == 0 && a.radius_ == 0; }
  friend bool is_nan(const Ball& a) { return std::isnan(a.center_); }

  friend Ball operator-(const Ball& a) { return {-a.center_, a.radius_}; }
  friend Ball operator+(const Ball& a, const Ball& b) {
    const double sum = a.center_ + b.center_;
    return {sum, up(a.radius_ + b.radius_ + roundoff_of_sum(a.center_, b.center_, sum))};
  }
  friend Ball operator-(const Ball& a, const Ball& b) { return a + (-b); }
  friend Ball operator*(const Ball& a, const Ball& b) {
    const double product = a.center_ * b.center_;
    // A product with the exact 0 is 0; so are the errors that it multiplies.
    if (is_zero(a) || is_zero(b)) return a.is_known() && b.is_known() ? Ball(0) : unknown();
    const bool trivial = (a.radius_ == 0 && std::abs(a.center_) == 1) || (b.radius_ == 0 && std::abs(b.center_) == 1);
    return {product, up(std::abs(a.center_) * b.radius_ + std::abs(b.center_) * a.radius_ + a.radius_ * b.radius_ +
                        (trivial || is_exact_product(a, b, product) ? 0 : roundoff(product)))};
  }
  friend Ball operator/(const Ball& a, const Ball& b) {
    const double nearest = std::abs(b.center_) - b.radius_;
    if (!(nearest > 0)) return unknown();
    const double quotient = a.center_ / b.center_;
    // (a + δa)/(b + δb) − a/b = (δa − (a/b) δb)/(b + δb); `nearest` may have been rounded up by 2u.
    const double spread = up(a.radius_ + std::abs(quotient) * (1 + 0x1p-52) * b.radius_) / nearest;
    const bool exact = is_zero(a) || (spread == 0 && is_exact_product(Ball(quotient), b, a.center_));
    return {quotient, up(spread + (exact ? 0 : roundoff(quotient)))};
  }
  Ball& operator+=(const Ball& b) { return *this = *this + b; }

  /// A running sum that carries the roundings of its additions along, so that its error does not grow with the number
  /// of terms.
  class Sum {
   public:
    void add(const Ball& a) {
      const double sum = high_ + a.center_;
      const double lost = error_of_sum(high_, a.center_, sum);
      const double low = low_ + lost;
      radius_ = up(radius_ + a.radius_ + roundoff_of_sum(low_, lost, low));
      high_ = sum;
      low_ = low;
    }
    [[nodiscard]] Ball value() const { return Ball(high_) + Ball(low_, radius_); }

   private:
    double high_ = 0;
    double low_ = 0;
    double radius_ = 0;
  };

  // A NaN stays one here and in what follows.
  friend Ball exp(const Ball& a) {
    if (is_nan(a)) return a;
    if (is_zero(a)) return Ball(1);
    if (a.center_ < -700 && a.radius_ <= 1) return {0, 0x1p-1000};  // e^-699 < 2^-1008
    if (!(std::abs(a.center_) <= 700 && a.radius_ <= 0x1p-10)) return unknown();
    const double e = elementary::exp(a.center_);
    // e^δ − 1 ≤ δ (1 + δ) for 0 ≤ δ ≤ 1.
    return {e, up(e * up(a.radius_ * (1 + a.radius_) + 2 * elementary::relative_bound))};
  }
  friend Ball log(const Ball& a) {
    if (is_nan(a)) return a;
    if (a.radius_ == 0 && a.center_ == 1) return Ball(0);
    if (!(a.center_ >= 0x1p-1000 && a.center_ <= std::numeric_limits<double>::max())) return unknown();
    return logarithm(elementary::log(a.center_), a.radius_, a.center_ - a.radius_);
  }
  friend Ball log1p(const Ball& a) {
    if (is_nan(a)) return a;
    if (is_zero(a)) return a;
    // Below 2^-1000 the quotient inside might be subnormal.
    if (!(a.center_ > -1 && a.center_ <= 0x1p1000)) return unknown();
    if (std::abs(a.center_) < 0x1p-900) {
      // ln(1 + x) = x (1 + θ), abs(θ) ≤ abs(x): to 2^-899 relative.
      return {a.center_, up(a.radius_ * 2 + std::abs(a.center_) * 0x1p-53 + smallest)};
    }
    return logarithm(elementary::log1p(a.center_), a.radius_, (1 + a.center_) * (1 - 0x1p-52) - a.radius_);
  }

  friend Ball max(const Ball& a, const Ball& b) {
    if (is_nan(a)) return a;
    if (is_nan(b)) return b;
    if (!a.is_known() || !b.is_known()) return unknown();
    return {std::fmax(a.center_, b.center_), std::fmax(a.radius_, b.radius_)};
  }
  friend Ball min(const Ball& a, const Ball& b) { return -max(-a, -b); }

  /// 0 · y as an entropy term has it. An unknown y may stand for a NaN, so only the intervals may call that 0.
  friend Ball zero_times(const Ball& y) { return y.is_known() ? Ball(0) : y; }

  /// y where low ≤ x ≤ high, else 0; an unknown y may be a NaN, which stays one.
  friend Ball passed(const Ball& x, const Ball& low, const Ball& high, const Ball& y) {
    if (!y.is_known()) return y;
    const double margin = up(x.radius_ + low.radius_ + high.radius_);
    const bool exact = margin == 0;
    if (exact) return x.center_ >= low.center_ && x.center_ <= high.center_ ? y : Ball(0);
    const double slack = up(margin + 0x1p-50 * (std::abs(x.center_) + std::abs(low.center_) + std::abs(high.center_)));
    if (x.center_ - low.center_ > slack && high.center_ - x.center_ > slack) return y;
    if (low.center_ - x.center_ > slack || x.center_ - high.center_ > slack) return Ball(0);
    return unknown();
  }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr double smallest = 0x1p-1074;

  Ball(double center, double radius) : center_(center), radius_(radius) {}
  static Ball unknown() { return {0, infinity}; }

  /// An upper bound of the exact sum or product that `r` is the rounded value of, for up to eight roundings and
  /// underflows. Every caller's r is 0 only if its exact value is.
  static double up(double r) { return r == 0 ? 0 : r * (1 + 0x1p-49) + 8 * smallest; }
  /// Whether a point times a point is exactly `product`, so far above underflow that the fused residual tells. Exact powers of 2 among means
  /// would otherwise look as if they might lie on either side.
  static bool is_exact_product(const Ball& a, const Ball& b, double product) {
    return a.radius_ == 0 && b.radius_ == 0 && std::abs(product) > 0x1p-900 &&
           std::fma(a.center_, b.center_, -product) == 0;
  }
  /// Bound on the error of one correctly rounded product or quotient.
  static double roundoff(double result) { return std::abs(result) * 0x1p-53 + smallest; }
  /// The same for a sum, where there is no underflow and exact sums are common (0 + x, x − x).
  static double roundoff_of_sum(double a, double b, double sum) { return std::abs(error_of_sum(a, b, sum)); }
  /// Knuth's TwoSum: a + b − sum, exactly; NaN when something overflowed.
  static double error_of_sum(double a, double b, double sum) {
    const double back = sum - a;
    return (a - (sum - back)) + (b - back);
  }
  /// ln at a center with derivative at most 1 / nearest on the ball.
  static Ball logarithm(double value, double radius, double nearest) {
    if (radius == 0) return {value, up(std::abs(value) * elementary::relative_bound * 2)};
    if (!(nearest > 0)) return unknown();
    return {value, up(radius / nearest * (1 + 0x1p-50) + std::abs(value) * elementary::relative_bound * 2)};
  }

  double center_ = 0;
  double radius_ = 0;
};

}  // namespace lossaudit
