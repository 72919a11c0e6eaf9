// From an enclosure to the rounded value, by hand-derived cases; and the two error measures.
#include <gtest/gtest.h>
#include <mpfr.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "reference/rounding.hpp"

namespace lossaudit {
namespace {

constexpr double infinity = HUGE_VAL;
constexpr bool open = true;
constexpr bool closed = false;

/// Two MPFR numbers; their text is a sum "0x1p+24 + -0x1p-300" of hexadecimal terms, exact in 4000 bits.
class Enclosure {
 public:
  Enclosure(const std::string& lower, const std::string& upper, bool lower_open = open, bool upper_open = open)
      : lower_open_(lower_open), upper_open_(upper_open) {
    set(lower_, lower);
    set(upper_, upper);
  }
  ~Enclosure() {
    mpfr_clear(lower_);
    mpfr_clear(upper_);
  }
  Enclosure(const Enclosure&) = delete;
  Enclosure& operator=(const Enclosure&) = delete;
  [[nodiscard]] Bounds bounds() const { return {lower_, upper_, lower_open_, upper_open_}; }

 private:
  static void set(mpfr_ptr x, const std::string& text) {
    mpfr_t term;
    mpfr_init2(x, 4000);
    mpfr_init2(term, 4000);
    mpfr_set_zero(x, 1);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find(" + ", at), text.size());
      EXPECT_EQ(mpfr_set_str(term, text.substr(at, end - at).c_str(), 0, MPFR_RNDN), 0) << text;
      EXPECT_EQ(mpfr_add(x, x, term, MPFR_RNDN), 0) << "inexact: " << text;
      at = end + 3;
    }
    mpfr_clear(term);
  }
  mpfr_t lower_, upper_;
  bool lower_open_, upper_open_;
};

Expected point(Format format, const std::string& x) {
  const Enclosure enclosure(x, x, closed, closed);
  return round_enclosure(format, enclosure.bounds());
}

Expected enclosed(Format format, const std::string& lower, const std::string& upper, bool lower_open = open,
                  bool upper_open = open) {
  const Enclosure enclosure(lower, upper, lower_open, upper_open);
  return round_enclosure(format, enclosure.bounds());
}

void expect_claim(const Expected& e, double rounded, double offset, int ulp_exponent) {
  EXPECT_EQ(e.kind, Expected::Kind::number);
  EXPECT_TRUE(e.proved);
  EXPECT_EQ(e.rounded, rounded);
  EXPECT_EQ(e.offset, offset);
  EXPECT_EQ(e.ulp_exponent, ulp_exponent);
}

TEST(RoundEnclosure, PointsOfTheFormat) {
  expect_claim(point(Format::f32, "0x1.8p+0"), 1.5, 0, -23);
  expect_claim(point(Format::f64, "-0x1.fffffffffffffp+1023"), -0x1.fffffffffffffp+1023, 0, 971);
  expect_claim(point(Format::f16, "0x1p-24"), 0x1p-24, 0, -24);
  expect_claim(point(Format::bf16, "0x1p+0"), 1, 0, -7);
  expect_claim(point(Format::f32, "0x0p+0"), 0, 0, -149);
}

TEST(RoundEnclosure, ExactTiesGoToEven) {
  expect_claim(point(Format::f32, "0x1.000001p+0"), 1, 0.5, -23);
  expect_claim(point(Format::f32, "0x1.000003p+0"), 0x1.000004p+0, -0.5, -23);
  expect_claim(point(Format::f32, "-0x1.000003p+0"), -0x1.000004p+0, 0.5, -23);
  expect_claim(point(Format::f16, "0x1.002p+0"), 1, 0.5, -10);
  expect_claim(point(Format::bf16, "0x1.01p+0"), 1, 0.5, -7);
  expect_claim(point(Format::bf16, "0x1.03p+0"), 0x1.04p+0, -0.5, -7);
  expect_claim(point(Format::f64, "0x1p+0 + 0x1p-53"), 1, 0.5, -52);
  // Up into the next binade: 2 − 2^-24 is halfway to 2, and 2 is even; its ulp is that of its own binade.
  expect_claim(point(Format::f32, "0x1.ffffffp+0"), 2, -0.5, -23);
}

TEST(RoundEnclosure, AnEndThatIsATieDecidesByItsSideWhenOpen) {
  // −16777217 is halfway between −16777216 (even) and −16777218; a hair below it is nearer to the latter.
  expect_claim(enclosed(Format::f32, "-0x1.000001p+24 + -0x1p-1000", "-0x1.000001p+24", closed, open), -16777218, 0.5,
               1);
  // A hair above it is nearer to the former.
  expect_claim(enclosed(Format::f32, "-0x1.000001p+24", "-0x1.000001p+24 + 0x1p-1000", open, closed), -16777216, -0.5,
               1);
  // When the end may be reached itself, it goes to −16777216 and the rest to −16777218: undecided.
  EXPECT_FALSE(enclosed(Format::f32, "-0x1.000001p+24 + -0x1p-1000", "-0x1.000001p+24", closed, closed).proved);
  // Unless the even neighbour is on the side of the others.
  expect_claim(enclosed(Format::f32, "-0x1.000001p+24", "-0x1.000001p+24 + 0x1p-1000", closed, closed), -16777216, -0.5,
               1);
  // On both sides of the tie nothing is decided.
  EXPECT_FALSE(enclosed(Format::f32, "-0x1.000001p+24 + -0x1p-1000", "-0x1.000001p+24 + 0x1p-1000").proved);
}

TEST(RoundEnclosure, PowersOfTwo) {
  expect_claim(point(Format::f32, "0x1p+0"), 1, 0, -23);
  // A hair below 1 the ulp is that of [1/2, 1).
  const Expected below = enclosed(Format::f32, "0x1p+0 + -0x1p-1000", "0x1p+0", closed, open);
  EXPECT_TRUE(below.proved);
  EXPECT_EQ(below.rounded, 1);
  EXPECT_EQ(below.ulp_exponent, -24);
  EXPECT_LE(std::fabs(below.offset), 0x1p-20);
  // When 1 itself is possible, the ulp is not known.
  EXPECT_FALSE(enclosed(Format::f32, "0x1p+0 + -0x1p-1000", "0x1p+0", closed, closed).proved);
  EXPECT_FALSE(enclosed(Format::f32, "0x1p+0 + -0x1p-1000", "0x1p+0 + 0x1p-1000").proved);
  const Expected above = enclosed(Format::f32, "0x1p+0", "0x1p+0 + 0x1p-1000", open, closed);
  EXPECT_TRUE(above.proved);
  EXPECT_EQ(above.ulp_exponent, -23);
  // Below a power of 2 the ties are half as far away: 1 − 2^-25 is halfway between 1 − 2^-24 and 1.
  expect_claim(point(Format::f32, "0x1p+0 + -0x1p-25"), 1, -0.5, -24);
  expect_claim(point(Format::f32, "0x1p+0 + -0x3p-25"), 1 - 0x2p-24, 0.5, -24);
}

TEST(RoundEnclosure, Subnormals) {
  expect_claim(point(Format::f32, "0x1p-150"), 0, 0.5, -149);
  expect_claim(point(Format::f32, "0x1.8p-149"), 0x1p-148, -0.5, -149);
  expect_claim(point(Format::f32, "0x1p-150 + 0x1p-1000"), 0x1p-149, -0.5, -149);
  expect_claim(enclosed(Format::f32, "0x1p-150", "0x1p-150 + 0x1p-1000", open, closed), 0x1p-149, -0.5, -149);
  expect_claim(point(Format::f16, "0x1.ff8p-15"), 0x1.ff8p-15, 0, -24);
  // The largest subnormal and a half: up to the smallest normal number.
  expect_claim(point(Format::f16, "0x1.ffcp-15"), 0x1p-14, -0.5, -24);
  // e^-1000 in f32: somewhere between 0 and 2^-1400.
  const Expected tiny = enclosed(Format::f32, "0x0p+0", "0x1p-1400");
  EXPECT_TRUE(tiny.proved);
  EXPECT_EQ(tiny.rounded, 0);
  EXPECT_EQ(tiny.ulp_exponent, -149);
}

TEST(RoundEnclosure, AroundZero) {
  const Expected around = enclosed(Format::f64, "-0x1p-2000", "0x1p-2000");
  EXPECT_TRUE(around.proved);
  EXPECT_EQ(around.rounded, 0);
  EXPECT_LE(std::fabs(around.offset), 0x1p-20);
  EXPECT_EQ(around.ulp_exponent, -1074);
  EXPECT_FALSE(enclosed(Format::f64, "-0x1p-1070", "0x1p-1070").proved) << "as wide as numbers of the format";
}

TEST(RoundEnclosure, OverflowThreshold) {
  // The largest f32 and half its ulp is a tie that goes to the infinity; 2^128 stands for it.
  expect_claim(point(Format::f32, "0x1.ffffffp+127"), infinity, -0.5, 104);
  expect_claim(point(Format::f32, "-0x1.ffffffp+127"), -infinity, 0.5, 104);
  expect_claim(enclosed(Format::f32, "0x1.ffffffp+127 + -0x1p-800", "0x1.ffffffp+127", closed, open), 0x1.fffffep+127,
               0.5, 104);
  EXPECT_FALSE(enclosed(Format::f32, "0x1.ffffffp+127 + -0x1p-800", "0x1.ffffffp+127", closed, closed).proved);
  // From 2^128 on everything counts as that.
  expect_claim(point(Format::f32, "0x1p+128"), infinity, 0, 104);
  expect_claim(point(Format::f32, "0x1.8p+2000"), infinity, 0, 104);
  expect_claim(point(Format::f16, "-0x1p+20"), -infinity, 0, 5);
  expect_claim(enclosed(Format::f16, "0x1p+20", "0x1p+30"), infinity, 0, 5);
  EXPECT_FALSE(enclosed(Format::f16, "0x1p+15", "0x1p+30").proved);
}

TEST(RoundEnclosure, LimitsAndNan) {
  const Expected up = enclosed(Format::f32, "inf", "inf", closed, closed);
  EXPECT_EQ(up.kind, Expected::Kind::infinity);
  EXPECT_EQ(up.rounded, infinity);
  EXPECT_EQ(enclosed(Format::f32, "-inf", "-inf", closed, closed).rounded, -infinity);
  EXPECT_EQ(enclosed(Format::f32, "nan", "nan").kind, Expected::Kind::nan);
}

TEST(RoundEnclosure, WidthAsksForTheOffset) {
  // Decided, but 2^-19 ulp wide: the offset is not known to 2^-20.
  EXPECT_FALSE(enclosed(Format::f32, "0x1p+0 + 0x1p-26", "0x1p+0 + 0x1p-26 + 0x1p-42").proved);
  EXPECT_TRUE(enclosed(Format::f32, "0x1p+0 + 0x1p-26", "0x1p+0 + 0x1p-26 + 0x1p-44").proved);
}

TEST(Decimals, RoundedAndOutward) {
  const Enclosure enclosure("0x1.921fb54442d18p+1", "0x1.921fb54442d19p+1");  // pi to binary64, and its neighbour
  EXPECT_EQ(decimal_of(enclosure.bounds(), 10), "3.141592654");
  EXPECT_EQ(decimal_of(enclosure.bounds(), 17), "") << "not decided";
  EXPECT_EQ(decimal_below(enclosure.bounds(), 5), "3.1415");
  EXPECT_EQ(decimal_above(enclosure.bounds(), 5), "3.1416");
  const Enclosure tie("0x1p-3 + -0x1p-900", "0x1p-3");
  EXPECT_EQ(decimal_of(tie.bounds(), 2), "0.12");
  EXPECT_EQ(truncated_decimal_of(tie.bounds(), 2), "0.12");
}

Expected number(double rounded, double offset, int ulp_exponent) {
  Expected expected;
  expected.kind = Expected::Kind::number;
  expected.rounded = rounded;
  expected.offset = offset;
  expected.ulp_exponent = ulp_exponent;
  return expected;
}

TEST(UlpError, IsDistanceFromTheExactValue) {
  // exact = 1 + 0.25 · 2^-23
  const Expected expected = number(1, 0.25, -23);
  EXPECT_EQ(ulp_error(Format::f32, expected, 1), 0.25);
  EXPECT_EQ(ulp_error(Format::f32, expected, 1 + 0x1p-23), 0.75);
  EXPECT_EQ(ulp_error(Format::f32, expected, 1 - 0x1p-24), 0.75);
  EXPECT_EQ(ulp_error(Format::f32, expected, 1 + 0x1p-20), 7.75);
  EXPECT_EQ(ulp_error(Format::f32, expected, 0), 0x1p23 + 0.25);
  EXPECT_EQ(ulp_error(Format::f32, expected, -1), 0x1p24 + 0.25);
}

TEST(UlpError, AtZeroAndAmongSubnormals) {
  const Expected zero = number(0, 0, -149);
  EXPECT_EQ(ulp_error(Format::f32, zero, 0), 0);
  EXPECT_EQ(ulp_error(Format::f32, zero, -0.0), 0);
  EXPECT_EQ(ulp_error(Format::f32, zero, 0x1p-149), 1);
  EXPECT_EQ(ulp_error(Format::f32, zero, -0x1p-126), 0x1p23);
  const Expected half = number(0, 0.5, -149);  // exact = 2^-150
  EXPECT_EQ(ulp_error(Format::f32, half, 0), 0.5);
  EXPECT_EQ(ulp_error(Format::f32, half, 0x1p-149), 0.5);
}

TEST(UlpError, InfinityCountsAsTheNextPowerOfTwo) {
  const Expected largest_number = number(0x1.fffffep+127, 0, 104);
  EXPECT_EQ(ulp_error(Format::f32, largest_number, infinity), 1);
  EXPECT_EQ(ulp_error(Format::f32, largest_number, -infinity), 0x1p25 - 1);
  // exact = 2^128 − half an ulp, which rounds to the infinity.
  const Expected overflow = number(infinity, -0.5, 104);
  EXPECT_EQ(ulp_error(Format::f32, overflow, infinity), 0.5);
  EXPECT_EQ(ulp_error(Format::f32, overflow, 0x1.fffffep+127), 0.5);
  EXPECT_EQ(ulp_error(Format::f32, number(1, 0, -23), infinity), 0x1p151 - 0x1p23);
  EXPECT_EQ(ulp_error(Format::f64, number(0x1.fffffffffffffp+1023, 0, 971), infinity), 1);
}

TEST(UlpError, NoNumericAnswer) {
  EXPECT_TRUE(std::isnan(ulp_error(Format::f32, number(1, 0, -23), std::nan(""))));
  Expected nan;
  EXPECT_TRUE(std::isnan(ulp_error(Format::f32, nan, 1)));
  Expected limit;
  limit.kind = Expected::Kind::infinity;
  limit.rounded = infinity;
  EXPECT_TRUE(std::isnan(ulp_error(Format::f32, limit, 1)));
}

TEST(RelativeError, IsOfTheExactValue) {
  // exact = 1.5: rounded 1.5, no offset.
  EXPECT_EQ(relative_error(Format::f32, number(1.5, 0, -23), 1.5), 0);
  EXPECT_EQ(relative_error(Format::f32, number(1.5, 0, -23), 3), 1);
  EXPECT_EQ(relative_error(Format::f32, number(1.5, 0, -23), 0), 1);
  EXPECT_EQ(relative_error(Format::f32, number(-1.5, 0, -23), 1.5), 2);
  // exact = 2^-150, far below the format's steps: 0 is wholly wrong, 2^-149 is twice as much.
  EXPECT_EQ(relative_error(Format::f32, number(0, 0.5, -149), 0), 1);
  EXPECT_EQ(relative_error(Format::f32, number(0, 0.5, -149), 0x1p-149), 1);
  EXPECT_EQ(relative_error(Format::f32, number(0, 0, -149), 0), 0);
  EXPECT_EQ(relative_error(Format::f32, number(0, 0, -149), 0x1p-149), infinity);
  // Half an ulp of 1.5 in bf16 is 2^-8 / 1.5.
  EXPECT_DOUBLE_EQ(relative_error(Format::bf16, number(1.5, 0.5, -7), 1.5), 0x1p-8 / (1.5 + 0x1p-8));
}

}  // namespace
}  // namespace lossaudit
