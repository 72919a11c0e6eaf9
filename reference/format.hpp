// The number formats: what a value is stored in, and the ulp that errors are counted in.
//
// Every value of every format is exactly representable in binary64, so values travel as `double`
// throughout the suite and only become bits of their format at a subject's door.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lossaudit {

enum class Format : std::uint8_t { f64, f32, f16, bf16 };

/// One row of the table of formats (IEEE 754-2019, table 3.5; bfloat16 as in the Intel white paper of 2018).
struct FormatTraits {
  Format format;
  std::string_view name;
  int precision;     ///< bits of the significand, the implicit one included (p)
  int min_exponent;  ///< exponent of the smallest normal number (emin)
  int max_exponent;  ///< exponent of the largest finite number (emax)
  int bytes;         ///< size of a stored value
};

inline constexpr FormatTraits format_table[] = {
    {Format::f64, "f64", 53, -1022, 1023, 8},
    {Format::f32, "f32", 24, -126, 127, 4},
    {Format::f16, "f16", 11, -14, 15, 2},
    {Format::bf16, "bf16", 8, -126, 127, 2},
};

constexpr const FormatTraits& traits(Format format) { return format_table[static_cast<int>(format)]; }

/// The format of that name, or nothing.
std::optional<Format> format_named(std::string_view name);

/// The value that these bits mean in the format. NaNs keep their sign and payload.
double decode(Format format, std::uint64_t bits);

/// The bits of a value of the format. A double that is not a value of the format is rounded to nearest even first.
std::uint64_t encode(Format format, double value);

/// x rounded to the format, to nearest, ties to even; overflow gives an infinity.
double round_to(Format format, double x);

/// Largest finite value and smallest positive (subnormal) value.
double largest(Format format);
double smallest(Format format);

/// e such that ulp(y) = 2^e, for a real y with floor(log2 |y|) = `binade` (any very negative number for y = 0).
constexpr int ulp_exponent(Format format, long binade) {
  const FormatTraits& t = traits(format);
  const long bounded = binade < t.min_exponent ? t.min_exponent : binade > t.max_exponent ? t.max_exponent : binade;
  return static_cast<int>(bounded) - t.precision + 1;
}

/// Place of a value in the order of the format's numbers: 0 for ±0, 1 for the smallest positive, −1 for its
/// negative, … up to the infinities. Not for NaN.
std::int64_t ordinal(Format format, double value);
double from_ordinal(Format format, std::int64_t place);  ///< inverse; beyond the infinities it stays at them
std::int64_t last_ordinal(Format format);                ///< the ordinal of +inf

/// The next value of the format above (steps > 0) or below; saturates at the infinities.
double step(Format format, double value, std::int64_t steps);

/// Hexadecimal floating text that reads back to the same bits: "-0x1.9fe148p+6", "inf", "nan", "nan:0x7fc00001"
/// (bits of the format, when the NaN is not the default quiet one).
std::string to_hex(Format format, double value);

/// The shortest decimal that reads back to the same value of the format.
std::string to_decimal(Format format, double value);

/// Reads decimal, hexadecimal floating text, "inf", "-inf", "nan", "nan:0x…" (bits). Nothing if it is not a number or
/// has trailing text. The result is *not* rounded to a format, except that NaN bits are read as that format's.
std::optional<double> parse_number(Format format, std::string_view text);

}  // namespace lossaudit
