// Formats: bits to values and back, rounding, order, text. All of f16 and bf16; dense samples of f32 and f64.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <vector>

#include "reference/format.hpp"

namespace lossaudit {
namespace {

constexpr double infinity = HUGE_VAL;

/// The value of bits by the text of IEEE 754-2019, 3.4: sign, biased exponent, fraction.
double value_of_bits(Format format, std::uint64_t bits) {
  const FormatTraits& t = traits(format);
  const int fraction_width = t.precision - 1;
  const int width = 8 * t.bytes;
  const auto fraction = static_cast<double>(bits & ((std::uint64_t{1} << fraction_width) - 1));
  const auto biased = static_cast<int>((bits >> fraction_width) & ((1U << (width - t.precision)) - 1));
  const double sign = (bits >> (width - 1)) != 0 ? -1 : 1;
  if (biased == t.max_exponent * 2 + 1) return fraction != 0 ? std::nan("") : sign * infinity;
  if (biased == 0) return sign * std::ldexp(fraction, t.min_exponent - fraction_width);
  return sign * std::ldexp(1 + std::ldexp(fraction, -fraction_width), biased - t.max_exponent);
}

std::uint64_t bits_of(double x) { return std::bit_cast<std::uint64_t>(x); }

/// Bit patterns to try: every one of the small formats, otherwise a dense sample and the surroundings of all corners.
std::vector<std::uint64_t> sample(Format format) {
  std::vector<std::uint64_t> some;
  if (traits(format).bytes == 2) {
    for (std::uint64_t bits = 0; bits < 65536; ++bits) some.push_back(bits);
    return some;
  }
  std::mt19937_64 engine(42);
  const int width = 8 * traits(format).bytes;
  const std::uint64_t mask = ~std::uint64_t{0} >> (64 - width);
  for (int i = 0; i < 20000; ++i) some.push_back(engine() & mask);
  const int fraction_width = traits(format).precision - 1;
  // The sign counts as the exponent's upper bit here.
  const std::uint64_t exponents = std::uint64_t{1} << (width - fraction_width);
  for (std::uint64_t exponent = 0; exponent < exponents; exponent += 1 + exponent % 3) {
    for (std::uint64_t near = 0; near < 5; ++near) some.push_back(((exponent << fraction_width) + near - 2) & mask);
  }
  return some;
}

class FormatTest : public testing::TestWithParam<Format> {};
INSTANTIATE_TEST_SUITE_P(Formats, FormatTest, testing::Values(Format::f64, Format::f32, Format::f16, Format::bf16),
                         [](const auto& info) { return std::string(traits(info.param).name); });

TEST_P(FormatTest, DecodesByTheStandardAndEncodesBack) {
  for (const std::uint64_t bits : sample(GetParam())) {
    const double value = decode(GetParam(), bits);
    const double due = value_of_bits(GetParam(), bits);
    ASSERT_EQ(std::isnan(value), std::isnan(due)) << std::hex << bits;
    if (!std::isnan(due)) {
      ASSERT_EQ(bits_of(value), bits_of(due)) << std::hex << bits;
    }
    ASSERT_EQ(encode(GetParam(), value), bits) << "payload and sign of a NaN included: " << std::hex << bits;
    if (!std::isnan(due)) {
      ASSERT_EQ(bits_of(round_to(GetParam(), value)), bits_of(value));
    }
  }
}

TEST_P(FormatTest, RoundsToNearestTiesToEven) {
  const Format format = GetParam();
  if (format == Format::f64) return;  // every double is its own rounding, as the test above says
  for (const std::uint64_t bits : sample(format)) {
    const double low = decode(format, bits);
    const double high = decode(format, bits + 1);  // one step away from 0
    if (!std::isfinite(low) || std::isnan(high) || std::signbit(high) != std::signbit(low)) continue;
    // Past the largest number stands 2^(emax+1), as if the format went on.
    const double beyond =
        std::isinf(high) ? std::copysign(std::ldexp(1.0, traits(format).max_exponent + 1), high) : high;
    const double middle = low + (beyond - low) / 2;  // exact: one bit more than the format has
    const double even = (bits & 1) == 0 ? low : high;
    ASSERT_EQ(round_to(format, middle), even) << std::hex << bits;
    ASSERT_EQ(round_to(format, std::nextafter(middle, low)), low) << std::hex << bits;
    ASSERT_EQ(round_to(format, std::nextafter(middle, beyond)), high) << std::hex << bits;
    ASSERT_EQ(encode(format, middle), encode(format, even));
  }
}

TEST(Format, RoundsF32AsTheProcessor) {
  std::mt19937_64 engine(1);
  for (int i = 0; i < 200000; ++i) {
    // Exponents around those of f32, subnormals and overflow included.
    const double x =
        std::ldexp(1 + static_cast<double>(engine() >> 12) * 0x1p-52, static_cast<int>(engine() % 300) - 160);
    const volatile float rounded = static_cast<float>(x);
    ASSERT_EQ(round_to(Format::f32, x), static_cast<double>(rounded)) << x;
  }
}

TEST(Format, OverflowAndUnderflow) {
  // Half an ulp above the largest number is a tie that goes to the infinity.
  const struct {
    Format format;
    double largest, threshold, smallest;
  } rows[] = {{Format::f32, 0x1.fffffep+127, 0x1.ffffffp+127, 0x1p-149},
              {Format::f16, 65504, 65520, 0x1p-24},
              {Format::bf16, 0x1.fep+127, 0x1.ffp+127, 0x1p-133}};
  for (const auto& row : rows) {
    EXPECT_EQ(largest(row.format), row.largest);
    EXPECT_EQ(smallest(row.format), row.smallest);
    EXPECT_EQ(round_to(row.format, row.threshold), infinity);
    EXPECT_EQ(round_to(row.format, -row.threshold), -infinity);
    EXPECT_EQ(round_to(row.format, std::nextafter(row.threshold, 0)), row.largest);
    EXPECT_EQ(bits_of(round_to(row.format, row.smallest / 2)), bits_of(0.0)) << "a tie with 0, which is even";
    EXPECT_EQ(bits_of(round_to(row.format, -row.smallest / 2)), bits_of(-0.0));
    EXPECT_EQ(round_to(row.format, std::nextafter(row.smallest / 2, 1)), row.smallest);
    EXPECT_EQ(round_to(row.format, 0x1p-1074), 0);
    EXPECT_EQ(round_to(row.format, infinity), infinity);
  }
  EXPECT_EQ(largest(Format::f64), std::numeric_limits<double>::max());
  EXPECT_EQ(smallest(Format::f64), std::numeric_limits<double>::denorm_min());
}

TEST(Format, NanPayloads) {
  // binary64's upper payload bits are kept; one that would leave no bit set stays a NaN.
  EXPECT_EQ(encode(Format::f32, std::bit_cast<double>(0x7ff8000000000000)), 0x7fc00000U);
  EXPECT_EQ(encode(Format::f32, std::bit_cast<double>(0xfff0000020000000)), 0xff800001U);
  EXPECT_EQ(encode(Format::f16, std::bit_cast<double>(0x7ff8000000000000)), 0x7e00U);
  EXPECT_EQ(encode(Format::bf16, std::bit_cast<double>(0x7ff8000000000000)), 0x7fc0U);
  for (const Format format : {Format::f32, Format::f16, Format::bf16}) {
    EXPECT_TRUE(std::isnan(decode(format, encode(format, std::bit_cast<double>(0x7ff0000000000001))))) << "lost bits";
  }
}

TEST_P(FormatTest, OrdinalsFollowTheOrderOfNumbers) {
  const Format format = GetParam();
  const std::int64_t last = last_ordinal(format);
  EXPECT_EQ(ordinal(format, infinity), last);
  EXPECT_EQ(ordinal(format, -infinity), -last);
  EXPECT_EQ(ordinal(format, 0.0), 0);
  EXPECT_EQ(ordinal(format, -0.0), 0);
  EXPECT_EQ(ordinal(format, smallest(format)), 1);
  EXPECT_EQ(ordinal(format, -smallest(format)), -1);
  EXPECT_EQ(ordinal(format, largest(format)), last - 1);
  for (const std::uint64_t bits : sample(format)) {
    const double value = decode(format, bits);
    if (std::isnan(value)) continue;
    const std::int64_t place = ordinal(format, value);
    ASSERT_EQ(from_ordinal(format, place), value);
    if (place < last) {
      const double next = from_ordinal(format, place + 1);
      ASSERT_GT(next, value);
      // Nothing of the format lies between: the middle rounds to one of the two.
      const double middle = value / 2 + next / 2;
      if (std::isfinite(middle)) {
        const double rounded = round_to(format, middle);
        ASSERT_TRUE(rounded == value || rounded == next) << middle;
      }
      ASSERT_EQ(step(format, value, 1), next);
      ASSERT_EQ(step(format, next, -1), value);
    }
  }
}

TEST_P(FormatTest, StepsSaturateAtTheInfinities) {
  const Format format = GetParam();
  constexpr std::int64_t far = std::numeric_limits<std::int64_t>::max();
  for (const double x : {-infinity, -largest(format), -1.0, 0.0, smallest(format), infinity}) {
    // Twice, because binary64 has more numbers than 2^63.
    EXPECT_EQ(step(format, step(format, x, far), far), infinity);
    EXPECT_EQ(step(format, step(format, x, -far), -far), -infinity);
    EXPECT_EQ(step(format, step(format, x, -far - 1), -far - 1), -infinity);
    EXPECT_EQ(step(format, x, 0), x);
  }
  EXPECT_EQ(step(format, 1, far), infinity);
  EXPECT_EQ(step(format, -1, -far), -infinity);
  EXPECT_EQ(from_ordinal(format, far), infinity);
  EXPECT_EQ(from_ordinal(format, -far - 1), -infinity);
  EXPECT_EQ(step(format, 0, 1), smallest(format));
  EXPECT_EQ(step(format, smallest(format), -2), -smallest(format));
  EXPECT_EQ(step(format, largest(format), 1), infinity);
}

TEST_P(FormatTest, UlpExponents) {
  const Format format = GetParam();
  const FormatTraits& t = traits(format);
  EXPECT_EQ(ulp_exponent(format, 0), 1 - t.precision);
  EXPECT_EQ(std::ldexp(1.0, ulp_exponent(format, -1000000000)), smallest(format)) << "ulp(0)";
  EXPECT_EQ(ulp_exponent(format, t.min_exponent - 5), ulp_exponent(format, t.min_exponent)) << "subnormal";
  EXPECT_EQ(ulp_exponent(format, t.max_exponent + 5), ulp_exponent(format, t.max_exponent)) << "beyond the range";
  EXPECT_EQ(step(format, 1, 1) - 1, std::ldexp(1.0, ulp_exponent(format, 0)));
}

TEST_P(FormatTest, HexReadsBackToTheSameBits) {
  for (const std::uint64_t bits : sample(GetParam())) {
    const double value = decode(GetParam(), bits);
    const std::string text = to_hex(GetParam(), value);
    const std::optional<double> back = parse_number(GetParam(), text);
    ASSERT_TRUE(back.has_value()) << text;
    ASSERT_EQ(encode(GetParam(), *back), bits) << text;
    if (std::isfinite(value)) {
      ASSERT_EQ(std::strtod(text.c_str(), nullptr), value) << "the C library reads it too";
    }
  }
}

TEST(Format, HexTexts) {
  EXPECT_EQ(to_hex(Format::f32, -103.97), "-0x1.9fe147ae147aep+6");
  EXPECT_EQ(to_hex(Format::f32, 0x1p-149), "0x1p-149");
  EXPECT_EQ(to_hex(Format::f64, 0x1p-1074), "0x1p-1074") << "subnormals begin with 1 as well";
  EXPECT_EQ(to_hex(Format::f64, -0.0), "-0x0p+0");
  EXPECT_EQ(to_hex(Format::f16, infinity), "inf");
  EXPECT_EQ(to_hex(Format::f16, decode(Format::f16, 0x7e00)), "nan");
  EXPECT_EQ(to_hex(Format::f16, decode(Format::f16, 0xfe01)), "nan:0xfe01");
  EXPECT_EQ(to_hex(Format::f32, decode(Format::f32, 0x7fc00001)), "nan:0x7fc00001");
}

TEST_P(FormatTest, DecimalsReadBackAndAreTheShortest) {
  for (const std::uint64_t bits : sample(GetParam())) {
    const double value = decode(GetParam(), bits);
    const std::string text = to_decimal(GetParam(), value);
    const std::optional<double> back = parse_number(GetParam(), text);
    ASSERT_TRUE(back.has_value()) << text;
    if (std::isnan(value)) continue;
    ASSERT_EQ(bits_of(round_to(GetParam(), *back)), bits_of(value)) << text;
    if (!std::isfinite(value) || value == 0) continue;
    // An integer written out has fewer characters than its digits and an exponent.
    if (text.find_first_of(".e") == std::string::npos) continue;
    int digits = 0;
    bool leading = true;
    const std::string significant = text.substr(0, text.find('e'));
    for (const char c : significant) {
      leading = leading && (c == '0' || c == '.' || c == '-');
      digits += !leading && c != '.' ? 1 : 0;
    }
    if (digits < 2) continue;
    // The nearest decimal of one digit less is another value of the format.
    char shorter[64];
    std::snprintf(shorter, sizeof shorter, "%.*e", digits - 2, value);
    ASSERT_NE(round_to(GetParam(), std::strtod(shorter, nullptr)), value) << text << " could be " << shorter;
  }
}

TEST(Format, ParsesNumbers) {
  const struct {
    const char* text;
    double value;
  } good[] = {{"1", 1},
              {"-0.5", -0.5},
              {"+2", 2},
              {"1e3", 1000},
              {".5", 0.5},
              {"0x1.8p+1", 3},
              {"-0X1P-2", -0.25},
              {"inf", infinity},
              {"-inf", -infinity},
              {"1e999", infinity},
              {"-1e999", -infinity},
              {"1e-999", 0},
              {"0x1p-1074", 0x1p-1074},
              {"-0x1p5000", -infinity}};
  for (const auto& row : good) {
    const std::optional<double> value = parse_number(Format::f64, row.text);
    ASSERT_TRUE(value.has_value()) << row.text;
    EXPECT_EQ(*value, row.value) << row.text;
  }
  EXPECT_TRUE(std::signbit(*parse_number(Format::f64, "-0")));
  EXPECT_TRUE(std::isnan(*parse_number(Format::f32, "nan")));
  EXPECT_EQ(encode(Format::f32, *parse_number(Format::f32, "nan:0xff800123")), 0xff800123U);
  for (const char* text : {"",
                           " ",
                           "-",
                           "+",
                           "1 ",
                           " 1",
                           "1x",
                           "0x",
                           "0xg",
                           "--1",
                           "+-1",
                           "one",
                           "1,5",
                           "1e",
                           "nan:",
                           "nan:0x",
                           "nan:0x3f800000",
                           "nan:0x1ffffffff",
                           "nan:0x7f800000",
                           "infinit",
                           "0x1.8p",
                           "1..2"}) {
    EXPECT_FALSE(parse_number(Format::f32, text).has_value()) << "'" << text << "'";
  }
}

TEST(Format, Names) {
  for (const FormatTraits& row : format_table) EXPECT_EQ(format_named(row.name), row.format);
  EXPECT_FALSE(format_named("f8").has_value());
  EXPECT_FALSE(format_named("").has_value());
}

}  // namespace
}  // namespace lossaudit
