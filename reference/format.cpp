#include "reference/format.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

namespace lossaudit {
namespace {

constexpr std::uint64_t binary64_sign = 1ULL << 63;

int total_bits(const FormatTraits& t) { return t.bytes * 8; }
int fraction_bits(const FormatTraits& t) { return t.precision - 1; }
std::uint64_t sign_bit(const FormatTraits& t) { return 1ULL << (total_bits(t) - 1); }
std::uint64_t exponent_mask(const FormatTraits& t) { return sign_bit(t) - (1ULL << fraction_bits(t)); }
std::uint64_t fraction_mask(const FormatTraits& t) { return (1ULL << fraction_bits(t)) - 1; }

/// The bits a format gives to the NaN that arithmetic makes.
std::uint64_t default_nan(const FormatTraits& t) { return exponent_mask(t) | (1ULL << (fraction_bits(t) - 1)); }

std::uint64_t encode_nan(const FormatTraits& t, double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  std::uint64_t fraction = (bits & ((1ULL << 52) - 1)) >> (53 - t.precision);
  if (fraction == 0) fraction = 1ULL << (fraction_bits(t) - 1);  // the payload's bits all fell off: stay a NaN
  return ((bits & binary64_sign) != 0 ? sign_bit(t) : 0) | exponent_mask(t) | fraction;
}

std::string hex_integer(std::uint64_t bits, int digits) {
  std::string text(static_cast<std::size_t>(digits), '0');
  for (int i = digits; i-- > 0; bits >>= 4) text[static_cast<std::size_t>(i)] = "0123456789abcdef"[bits & 15];
  return "0x" + text;
}

}  // namespace

std::optional<Format> format_named(std::string_view name) {
  for (const FormatTraits& t : format_table) {
    if (t.name == name) return t.format;
  }
  return std::nullopt;
}

double decode(Format format, std::uint64_t bits) {
  const FormatTraits& t = traits(format);
  if (format == Format::f64) return std::bit_cast<double>(bits);
  const std::uint64_t magnitude = bits & (sign_bit(t) - 1);
  const std::uint64_t sign = (bits & sign_bit(t)) != 0 ? binary64_sign : 0;
  if (magnitude >= exponent_mask(t)) {
    const std::uint64_t fraction = (magnitude & fraction_mask(t)) << (53 - t.precision);
    return std::bit_cast<double>(sign | 0x7ff0000000000000ULL | fraction);
  }
  const auto biased = static_cast<int>(magnitude >> fraction_bits(t));
  const auto fraction = static_cast<double>(magnitude & fraction_mask(t));
  const double hidden = biased == 0 ? 0.0 : std::ldexp(1.0, fraction_bits(t));
  const double value = std::ldexp(hidden + fraction, std::max(biased, 1) - 1 + t.min_exponent - fraction_bits(t));
  return sign != 0 ? -value : value;
}

double round_to(Format format, double x) {
  if (format == Format::f64 || !std::isfinite(x) || x == 0) return x;
  if (format == Format::f32) return static_cast<float>(x);
  const int exponent = ulp_exponent(format, std::ilogb(x));
  // |x| < 2^53 ulp, so the scaled value is exact and nearbyint rounds to nearest even.
  const double rounded = std::ldexp(std::nearbyint(std::ldexp(x, -exponent)), exponent);
  return std::abs(rounded) > largest(format) ? std::copysign(std::numeric_limits<double>::infinity(), x) : rounded;
}

std::uint64_t encode(Format format, double value) {
  if (format == Format::f64) return std::bit_cast<std::uint64_t>(value);
  const FormatTraits& t = traits(format);
  if (std::isnan(value)) return encode_nan(t, value);
  const double x = round_to(format, value);
  const std::uint64_t sign = std::signbit(x) ? sign_bit(t) : 0;
  if (x == 0) return sign;
  if (std::isinf(x)) return sign | exponent_mask(t);
  const int exponent = std::max(std::ilogb(x), t.min_exponent);
  const auto significand = static_cast<std::uint64_t>(std::ldexp(std::abs(x), fraction_bits(t) - exponent));
  // A normal's hidden bit adds one to the exponent field; a subnormal has none and its field stays 0.
  return sign | ((static_cast<std::uint64_t>(exponent - t.min_exponent) << fraction_bits(t)) + significand);
}

double largest(Format format) {
  const FormatTraits& t = traits(format);
  return std::ldexp(2.0 - std::ldexp(1.0, 1 - t.precision), t.max_exponent);
}

double smallest(Format format) {
  const FormatTraits& t = traits(format);
  return std::ldexp(1.0, t.min_exponent - t.precision + 1);
}

std::int64_t last_ordinal(Format format) { return static_cast<std::int64_t>(exponent_mask(traits(format))); }

std::int64_t ordinal(Format format, double value) {
  const std::uint64_t bits = encode(format, value);
  const std::uint64_t sign = sign_bit(traits(format));
  const auto magnitude = static_cast<std::int64_t>(bits & (sign - 1));
  return (bits & sign) != 0 ? -magnitude : magnitude;
}

double from_ordinal(Format format, std::int64_t place) {
  const std::int64_t last = last_ordinal(format);
  const std::int64_t bounded = std::clamp(place, -last, last);
  const double magnitude = decode(format, static_cast<std::uint64_t>(std::abs(bounded)));
  return bounded < 0 ? -magnitude : magnitude;
}

double step(Format format, double value, std::int64_t steps) {
  const std::int64_t last = last_ordinal(format);
  const std::int64_t place = ordinal(format, value);
  // Both distances fit in 64 bits unsigned only: in f64 the ordinals span nearly all of the signed range.
  const auto up = static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(place);
  const auto down = static_cast<std::uint64_t>(place) + static_cast<std::uint64_t>(last);
  if (steps > 0 && static_cast<std::uint64_t>(steps) >= up) return from_ordinal(format, last);
  if (steps < 0 && 0 - static_cast<std::uint64_t>(steps) >= down) return from_ordinal(format, -last);
  return from_ordinal(format, place + steps);
}

std::string to_hex(Format format, double value) {
  const FormatTraits& t = traits(format);
  if (std::isnan(value)) {
    const std::uint64_t bits = encode(format, value);
    return bits == default_nan(t) ? "nan" : "nan:" + hex_integer(bits, t.bytes * 2);
  }
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (value == 0) return std::signbit(value) ? "-0x0p+0" : "0x0p+0";
  // to_chars writes subnormals with a leading 0: take the exponent apart so that every number begins with 1.
  const int exponent = std::ilogb(value);
  char buffer[40];
  const double significand = std::ldexp(std::abs(value), -exponent);
  const auto end = std::to_chars(std::begin(buffer), std::end(buffer), significand, std::chars_format::hex).ptr;
  std::string text(std::begin(buffer), end);
  text.resize(text.find('p'));
  return (std::signbit(value) ? "-0x" : "0x") + text + "p" + (exponent < 0 ? "-" : "+") +
         std::to_string(std::abs(exponent));
}

std::string to_decimal(Format format, double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[40];
  if (format == Format::f64) {
    return {std::begin(buffer), std::to_chars(std::begin(buffer), std::end(buffer), value).ptr};
  }
  // binary64 prints shorter formats too long: take the fewest digits that read back to the same value of the format.
  for (int digits = 1;; ++digits) {
    const auto end = std::to_chars(std::begin(buffer), std::end(buffer), value, std::chars_format::general, digits).ptr;
    double back = 0;
    std::from_chars(std::begin(buffer), end, back);
    if (digits == 17 || round_to(format, back) == value) return to_decimal(Format::f64, back);
  }
}

std::optional<double> parse_number(Format format, std::string_view text) {
  bool negative = false;
  std::string_view rest = text;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  const auto with_sign = [negative](double x) { return negative ? -x : x; };
  if (rest == "inf" || rest == "infinity") return with_sign(std::numeric_limits<double>::infinity());
  if (rest == "nan") return with_sign(std::numeric_limits<double>::quiet_NaN());
  if (rest.starts_with("nan:0x") && !negative) {
    std::uint64_t bits = 0;
    rest.remove_prefix(6);
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), bits, 16);
    if (error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
    if (const int width = total_bits(traits(format)); width < 64 && (bits >> width) != 0) return std::nullopt;
    const double value = decode(format, bits);
    return std::isnan(value) ? std::optional(value) : std::nullopt;
  }
  auto style = std::chars_format::general;
  if (rest.starts_with("0x") || rest.starts_with("0X")) {
    rest.remove_prefix(2);
    style = std::chars_format::hex;
  }
  if (rest.empty() || (rest[0] != '.' && std::isxdigit(static_cast<unsigned char>(rest[0])) == 0)) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value, style);
  if (end != rest.data() + rest.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // from_chars leaves the value alone; strtod says which side it fell off.
    value = std::strtod(std::string(style == std::chars_format::hex ? "0x" : "").append(rest).c_str(), nullptr);
  } else if (error != std::errc()) {
    return std::nullopt;
  }
  return with_sign(value);
}

}  // namespace lossaudit
