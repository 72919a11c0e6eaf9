// The number type of the reference: intervals with directed rounding that prove what they enclose.
//
// An Interval holds a real number x with lower ≤ x ≤ upper; an endpoint marked open is proved never to be reached.
// Openness is what lets a rounding be decided when the exact result lies a hair beside a tie, as in −2^24 − 1 − ln(1 +
// e^-16777217): no affordable precision separates the two, but the inexactness of the exponential does.
//
// Storage and arithmetic are Boost.Multiprecision's MPFI backend. The operations go to MPFI directly, because Boost
// drops its inexact flags (MPFI 1.5 manual, "Return values": bits 1 and 2 say that the left and right endpoint were
// rounded).
#pragma once

#include <mpfi.h>
#include <mpfr.h>

#include <boost/multiprecision/mpfi.hpp>

namespace lossaudit {

template <unsigned Digits>
class Interval {
 public:
  Interval() : Interval(0.0) {}
  /// The exact value of a double; infinities are points too, and a NaN is an interval that is_nan().
  explicit Interval(double x) { mpfi_set_d(data(), x); }

  [[nodiscard]] mpfr_srcptr lower() const { return &data()->left; }
  [[nodiscard]] mpfr_srcptr upper() const { return &data()->right; }
  [[nodiscard]] bool lower_open() const { return lower_open_; }
  [[nodiscard]] bool upper_open() const { return upper_open_; }

  friend bool is_nan(const Interval& a) { return mpfr_nan_p(a.lower()) != 0 || mpfr_nan_p(a.upper()) != 0; }
  friend bool is_zero(const Interval& a) { return mpfr_zero_p(a.lower()) != 0 && mpfr_zero_p(a.upper()) != 0; }

  friend Interval operator-(const Interval& a) {
    Interval r{Unset{}};
    mpfi_neg(r.data(), a.data());
    r.lower_open_ = a.upper_open_;
    r.upper_open_ = a.lower_open_;
    return r;
  }

  friend Interval operator+(const Interval& a, const Interval& b) {
    Interval r{Unset{}};
    const int flags = mpfi_add(r.data(), a.data(), b.data());
    // ∞ − ∞ is undefined when both are certain. Where only an end is infinite, nothing is known at this precision.
    if (is_nan(r) && !is_nan(a) && !is_nan(b) && !(a.is_point() && b.is_point())) return everything();
    r.lower_open_ =
        sum_open(flags & MPFI_FLAGS_LEFT_ENDPOINT_INEXACT, a.lower(), a.lower_open_, b.lower(), b.lower_open_);
    r.upper_open_ =
        sum_open(flags & MPFI_FLAGS_RIGHT_ENDPOINT_INEXACT, a.upper(), a.upper_open_, b.upper(), b.upper_open_);
    return r;
  }
  friend Interval operator-(const Interval& a, const Interval& b) { return a + (-b); }

  friend Interval operator*(const Interval& a, const Interval& b) {
    if (a.is_nonpositive()) return -((-a) * b);
    if (b.is_nonpositive()) return -(a * (-b));
    Interval r{Unset{}};
    const int flags = mpfi_mul(r.data(), a.data(), b.data());
    if (a.is_nonnegative() && b.is_nonnegative()) {
      // A product of ends is missed when either factor misses its end and the other cannot make up for it by being 0
      // or infinite.
      const bool a_low = a.lower_open_ && (is_positive(b.lower()) || b.lower_open_);
      const bool b_low = b.lower_open_ && (is_positive(a.lower()) || a.lower_open_);
      r.lower_open_ = (flags & MPFI_FLAGS_LEFT_ENDPOINT_INEXACT) != 0 || a_low || b_low;
      const bool a_high = a.upper_open_ && (is_positive(b.upper()) || (b.upper_open_ && mpfr_sgn(b.upper()) > 0));
      const bool b_high = b.upper_open_ && (is_positive(a.upper()) || (a.upper_open_ && mpfr_sgn(a.upper()) > 0));
      r.upper_open_ = (flags & MPFI_FLAGS_RIGHT_ENDPOINT_INEXACT) != 0 || a_high || b_high;
    }
    return r;
  }

  friend Interval operator/(const Interval& a, const Interval& b) {
    if (a.is_nonpositive()) return -((-a) / b);
    if (b.is_nonpositive()) return -(a / (-b));
    Interval r{Unset{}};
    const int flags = mpfi_div(r.data(), a.data(), b.data());
    if (a.is_nonnegative() && mpfr_sgn(b.lower()) > 0) {
      // As for products: an infinite dividend and an infinite divisor give their infinity and 0 whatever the other is.
      const bool a_low = a.lower_open_ && (mpfr_inf_p(b.upper()) == 0 || b.upper_open_);
      const bool b_high = b.upper_open_ && (is_positive(a.lower()) || (a.lower_open_ && mpfr_sgn(a.lower()) > 0));
      r.lower_open_ = (flags & MPFI_FLAGS_LEFT_ENDPOINT_INEXACT) != 0 || a_low || b_high;
      const bool a_high = a.upper_open_ && (mpfr_inf_p(b.lower()) == 0 || b.lower_open_);
      const bool b_low = b.lower_open_ && (is_positive(a.upper()) || (a.upper_open_ && mpfr_sgn(a.upper()) > 0));
      r.upper_open_ = (flags & MPFI_FLAGS_RIGHT_ENDPOINT_INEXACT) != 0 || a_high || b_low;
    }
    return r;
  }

  Interval& operator+=(const Interval& b) { return *this = *this + b; }

  /// A running sum: what a number type with a cleverer one brings as its own (Ball).
  class Sum {
   public:
    void add(const Interval& a) { total_ += a; }
    [[nodiscard]] const Interval& value() const { return total_; }

   private:
    Interval total_;
  };

  friend Interval exp(const Interval& a) { return increasing(mpfi_exp, mpfr_exp, a); }
  friend Interval log(const Interval& a) { return increasing(mpfi_log, mpfr_log, a); }
  friend Interval log1p(const Interval& a) { return increasing(mpfi_log1p, mpfr_log1p, a); }

  friend Interval max(const Interval& a, const Interval& b) {
    if (is_nan(a)) return a;
    if (is_nan(b)) return b;
    const int low = mpfr_cmp(a.lower(), b.lower());
    const int high = mpfr_cmp(a.upper(), b.upper());
    Interval r = between(low >= 0 ? a : b, high >= 0 ? a : b);
    // A common end is passed when either passes it, and reached when either reaches it.
    if (low == 0) r.lower_open_ = a.lower_open_ || b.lower_open_;
    if (high == 0) r.upper_open_ = a.upper_open_ && b.upper_open_;
    return r;
  }
  friend Interval min(const Interval& a, const Interval& b) { return -max(-a, -b); }

  /// 0 · y as an entropy term has it: 0, also beside an infinity.
  friend Interval zero_times(const Interval& y) { return is_nan(y) ? y : Interval(0.0); }

  /// y where low ≤ x ≤ high, else 0; the hull of both when x is not known well enough to say.
  friend Interval passed(const Interval& x, const Interval& low, const Interval& high, const Interval& y) {
    if (is_nan(x) || is_nan(y)) return is_nan(x) ? x : y;
    if (mpfr_cmp(x.lower(), low.upper()) >= 0 && mpfr_cmp(x.upper(), high.lower()) <= 0) return y;
    if (mpfr_cmp(x.upper(), low.lower()) < 0 || mpfr_cmp(x.lower(), high.upper()) > 0) return Interval(0.0);
    const Interval zero(0.0);
    return between(min(y, zero), max(y, zero));
  }

 private:
  using Number =
      boost::multiprecision::number<boost::multiprecision::mpfi_float_backend<Digits>, boost::multiprecision::et_off>;
  struct Unset {};
  explicit Interval(Unset /*unset*/) {}

  [[nodiscard]] mpfi_ptr data() { return value_.backend().data(); }
  [[nodiscard]] mpfi_srcptr data() const { return value_.backend().data(); }

  /// Above 0 and finite.
  static bool is_positive(mpfr_srcptr x) { return mpfr_sgn(x) > 0 && mpfr_inf_p(x) == 0; }

  [[nodiscard]] bool is_point() const { return !is_nan(*this) && mpfr_equal_p(lower(), upper()) != 0; }
  [[nodiscard]] bool is_nonnegative() const { return !is_nan(*this) && mpfr_sgn(lower()) >= 0; }
  /// Below 0 and not merely the point 0, so that a change of sign ends the recursion of * and /.
  [[nodiscard]] bool is_nonpositive() const {
    return !is_nan(*this) && mpfr_sgn(upper()) <= 0 && mpfr_sgn(lower()) < 0;
  }

  /// Whether an end of a sum is missed: an infinite end is only missed when no operand reaches infinity there.
  static bool sum_open(int inexact, mpfr_srcptr a, bool a_open, mpfr_srcptr b, bool b_open) {
    const bool a_infinite = mpfr_inf_p(a) != 0;
    const bool b_infinite = mpfr_inf_p(b) != 0;
    if (a_infinite || b_infinite) return (!a_infinite || a_open) && (!b_infinite || b_open);
    return inexact != 0 || a_open || b_open;
  }

  static Interval increasing(int (*operation)(mpfi_ptr, mpfi_srcptr),
                             int (*at_point)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t), const Interval& a) {
    Interval r{Unset{}};
    if (!is_nan(a) && mpfr_equal_p(a.lower(), a.upper()) != 0) {
      // At a point the upper end is the lower one's neighbour, unless the lower is exact: one evaluation instead of
      // two.
      const mpfr_ptr left = &r.data()->left;
      const mpfr_ptr right = &r.data()->right;
      const bool inexact = at_point(left, a.lower(), MPFR_RNDD) != 0;
      mpfr_set(right, left, MPFR_RNDU);
      if (inexact) mpfr_nextabove(right);
      r.lower_open_ = r.upper_open_ = inexact;
      return r;
    }
    const int flags = operation(r.data(), a.data());
    r.lower_open_ = a.lower_open_ || (flags & MPFI_FLAGS_LEFT_ENDPOINT_INEXACT) != 0;
    r.upper_open_ = a.upper_open_ || (flags & MPFI_FLAGS_RIGHT_ENDPOINT_INEXACT) != 0;
    return r;
  }

  static Interval everything() {
    Interval r{Unset{}};
    mpfr_set_inf(&r.data()->left, -1);
    mpfr_set_inf(&r.data()->right, 1);
    return r;
  }

  static Interval between(const Interval& low, const Interval& high) {
    Interval r{Unset{}};
    mpfi_interv_fr(r.data(), low.lower(), high.upper());
    r.lower_open_ = low.lower_open_;
    r.upper_open_ = high.upper_open_;
    return r;
  }

  Number value_;
  bool lower_open_ = false;
  bool upper_open_ = false;
};

}  // namespace lossaudit
