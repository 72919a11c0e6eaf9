#include "property_tests/mutants/storage.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace lossaudit::mutants {
namespace {

constexpr Storage storages[] = {
    {"f64", 53, -1022, 1023, 8},
    {"f32", 24, -126, 127, 4},
    {"f16", 11, -14, 15, 2},
    {"bf16", 8, -126, 127, 2},
};

template <typename T>
T load(const void* array, std::size_t index) {
  T value;
  std::memcpy(&value, static_cast<const char*>(array) + index * sizeof(T), sizeof(T));
  return value;
}

template <typename T>
void save(T value, void* array, std::size_t index) {
  std::memcpy(static_cast<char*>(array) + index * sizeof(T), &value, sizeof(T));
}

Real half_value(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  Real magnitude = exponent == 0 ? std::ldexp(Real(fraction), -24) : std::ldexp(Real(1024 + fraction), exponent - 25);
  if (exponent == 31) magnitude = fraction == 0 ? infinity : not_a_number;
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

std::uint16_t half_bits(Real x) {
  const std::uint16_t sign = std::signbit(x) ? 0x8000 : 0;
  if (std::isnan(x)) return 0x7e00;
  if (std::isinf(x)) return sign | 0x7c00;
  if (x == 0) return sign;
  const int exponent = std::max(std::ilogb(x), -14);
  const auto significand = static_cast<int>(std::ldexp(std::abs(x), 10 - exponent));
  return static_cast<std::uint16_t>(sign | (((exponent + 14) << 10) + significand));
}

}  // namespace

const Storage* storage_named(std::string_view name) {
  for (const Storage& storage : storages) {
    if (storage.name == name) return &storage;
  }
  return nullptr;
}

Real Storage::read(const void* array, std::size_t index) const {
  if (bytes == 8) return load<double>(array, index);
  if (bytes == 4) return load<float>(array, index);
  const auto bits = load<std::uint16_t>(array, index);
  return precision == 11 ? half_value(bits) : Real(std::bit_cast<float>(std::uint32_t{bits} << 16));
}

Real Storage::round(Real x) const {
  if (!std::isfinite(x) || x == 0) return x;
  const int ulp = std::max(std::ilogb(x), min_exponent) - precision + 1;
  const Real rounded = std::ldexp(std::nearbyint(std::ldexp(x, -ulp)), ulp);
  return std::abs(rounded) > largest() ? std::copysign(infinity, x) : rounded;
}

void Storage::write(Real rounded, void* array, std::size_t index) const {
  if (bytes == 8) return save(static_cast<double>(rounded), array, index);
  if (bytes == 4) return save(static_cast<float>(rounded), array, index);
  const std::uint32_t single = std::bit_cast<std::uint32_t>(static_cast<float>(rounded)) >> 16;
  const std::uint16_t brain = std::isnan(rounded) ? 0x7fc0 : static_cast<std::uint16_t>(single);
  save(precision == 11 ? half_bits(rounded) : brain, array, index);
}

}  // namespace lossaudit::mutants
