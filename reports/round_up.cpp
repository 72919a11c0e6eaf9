#include "reports/round_up.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace lossaudit {
namespace {

constexpr int digits_shown = 3;

/// significand · 10^exponent without an exponent where that is short, and without zeros that say nothing.
std::string decimal_text(long significand, int exponent) {
  for (; significand % 10 == 0; significand /= 10) ++exponent;
  std::string digits = std::to_string(significand);
  const int leading = exponent + static_cast<int>(digits.size()) - 1;  // the exponent in scientific notation
  if (leading >= 4 || leading < -3) {
    if (digits.size() > 1) digits.insert(1, ".");
    return fmt::format("{}e{}", digits, leading);
  }
  if (exponent >= 0) return digits.append(static_cast<std::size_t>(exponent), '0');
  if (leading < 0) return "0." + std::string(static_cast<std::size_t>(-leading - 1), '0') + digits;
  return digits.insert(static_cast<std::size_t>(leading) + 1, ".");
}

}  // namespace

std::string round_up(double x) {
  if (std::isnan(x)) return "nan";
  if (std::isinf(x)) return x > 0 ? "inf" : "-inf";
  if (x == 0) return "0";
  // To nearest first, in text; then one more unit of the last digit if that fell below x.
  const std::string nearest = fmt::format("{:.{}e}", std::abs(x), digits_shown - 1);
  const std::size_t mark = nearest.find('e');
  long significand = 0;
  for (const char c : nearest.substr(0, mark)) {
    if (c != '.') significand = 10 * significand + (c - '0');
  }
  const int exponent = std::stoi(nearest.substr(mark + 1)) - (digits_shown - 1);
  double shown = 0;
  std::from_chars(nearest.data(), nearest.data() + nearest.size(), shown);
  if (x > 0 && shown < x) ++significand;
  if (x < 0 && -shown < x) --significand;
  return (x < 0 ? "-" : "") + decimal_text(significand, exponent);
}

std::string percent_down(double fraction) {
  if (std::isnan(fraction)) return "nan";
  const double tenths = std::floor(fraction * 1000);
  return fmt::format("{:.{}f}%", tenths / 10, std::fmod(tenths, 1000) == 0 ? 0 : 1);
}

std::string quotient_text(double quotient, bool is_merit) {
  return fmt::format("{:.1f}", (is_merit ? std::floor(quotient * 10) : std::ceil(quotient * 10)) / 10);
}

std::string exponent_text(double x) {
  const std::string text = fmt::format("{:.2f}", x);
  return text == "-0.00" ? "0.00" : text;
}

std::string grouped(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t place = text.size(); place > 3;) text.insert(place -= 3, ",");
  return text;
}

}  // namespace lossaudit
