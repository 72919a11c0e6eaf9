// Numbers and text in reports: errors never look smaller than they are, and no text acts.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "property_tests/report_fixture.hpp"
#include "reports/round_up.hpp"
#include "reports/visible.hpp"

namespace lossaudit {
namespace {

std::string ten_megabytes(char c) {
  std::string text;
  text.resize(10'000'000, c);
  return text;
}

TEST(RoundUp, NeverDown) {
  EXPECT_EQ(quotient_text(2.01, false), "2.1");
  EXPECT_EQ(quotient_text(2.09, true), "2.0");
  EXPECT_EQ(round_up(1.0000001), "1.01");
  EXPECT_EQ(round_up(std::nextafter(1.0, 2.0)), "1.01");
  EXPECT_EQ(round_up(0.5), "0.5");
  EXPECT_EQ(round_up(0.5000001), "0.501");
  EXPECT_EQ(round_up(4), "4");
  EXPECT_EQ(round_up(100), "100");
  EXPECT_EQ(round_up(99.91), "100");
  EXPECT_EQ(round_up(999.1), "1000");
  EXPECT_EQ(round_up(1234), "1240");
  EXPECT_EQ(round_up(9991), "1e4");
  EXPECT_EQ(round_up(8388608), "8.39e6");
  EXPECT_EQ(round_up(1e83), "1e83");
  EXPECT_EQ(round_up(0.001), "0.001");
  EXPECT_EQ(round_up(0.00012341), "1.24e-4");
  EXPECT_EQ(round_up(5.9604645e-8), "5.97e-8");
  EXPECT_EQ(round_up(0.1), "0.1");
  EXPECT_EQ(round_up(0), "0");
  EXPECT_EQ(round_up(-1.009), "-1");
  EXPECT_EQ(round_up(fixture::infinity), "inf");
  EXPECT_EQ(round_up(fixture::not_a_number), "nan");
  EXPECT_EQ(round_up(std::numeric_limits<double>::denorm_min()), "4.94e-324");
}

TEST(RoundUp, IsAboveByAHundredthAtMost) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponent(-300, 300);
  for (int i = 0; i < 20000; ++i) {
    const double x = std::pow(10.0, exponent(random));
    const double shown = std::stod(round_up(x));
    ASSERT_GE(shown, x) << round_up(x);
    ASSERT_LE(shown, x * 1.0101) << round_up(x);
  }
}

TEST(ExponentText, HasNoMinusZero) {
  EXPECT_EQ(exponent_text(-0.004), "0.00");
  EXPECT_EQ(exponent_text(-0.006), "-0.01");
  EXPECT_EQ(exponent_text(0.924), "0.92");
}

TEST(PercentDown, NeverUp) {
  EXPECT_EQ(percent_down(1), "100%");
  EXPECT_EQ(percent_down(0.9999999), "99.9%");
  EXPECT_EQ(percent_down(0.5), "50.0%");
  EXPECT_EQ(percent_down(0.0625), "6.2%");
  EXPECT_EQ(percent_down(0), "0%");
  EXPECT_EQ(percent_down(fixture::not_a_number), "nan");
}

TEST(Grouped, ByThousands) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(4294967296), "4,294,967,296");
}

TEST(Visible, ShowsWhatWouldAct) {
  EXPECT_EQ(visible("sigmoid – α", 100), "sigmoid – α");
  EXPECT_EQ(visible("a\nb\x1b[31m", 100), "a⟨U+000A⟩b⟨U+001B⟩[31m");
  EXPECT_EQ(visible(std::string("a\0b", 3), 100), "a⟨U+0000⟩b");
  EXPECT_EQ(visible("a\u202eb\u2066c\u200fd\ufeffe\u2028f", 100), "a⟨U+202E⟩b⟨U+2066⟩c⟨U+200F⟩d⟨U+FEFF⟩e⟨U+2028⟩f");
  EXPECT_EQ(visible("\uffff\U0001ffff\U000e0041", 100), "⟨U+FFFF⟩⟨U+1FFFF⟩⟨U+E0041⟩");
  EXPECT_EQ(visible("a\xff\xc0\x80z", 100).substr(0, 4), "a\ufffd");
  EXPECT_EQ(visible("\U0001f600\u00e9", 100), "\U0001f600\u00e9");
}

TEST(Visible, IsCut) {
  EXPECT_EQ(visible("abc", 3), "abc");
  EXPECT_EQ(visible("abcd", 3), "abc…");
  EXPECT_EQ(visible("ααα", 2), "αα…");
  EXPECT_EQ(visible(ten_megabytes('x'), 5), "xxxxx…");
  EXPECT_EQ(visible(ten_megabytes('\xf0'), 5).size(), 5 * 3 + 3U);
  RunRecord record = fixture::record();
  record.subjects[0].name = ten_megabytes('x');
  EXPECT_LT(visible(record).subjects[0].name.size(), 2100U);
}

TEST(Visible, KeepsCommandsWhole) {
  RunRecord record = fixture::record();
  record.accuracy[0].worst.replay = std::string(100'000, 'x');
  EXPECT_EQ(visible(record).accuracy[0].worst.replay.size(), 100'000U);
}

}  // namespace
}  // namespace lossaudit
