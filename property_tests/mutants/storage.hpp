// Values in memory: reading, rounding and writing the four formats.
#pragma once

#include <cstddef>
#include <string_view>

#include "property_tests/mutants/number.hpp"

namespace lossaudit::mutants {

/// A binary format by its parameters (IEEE 754-2019, table 3.5; bfloat16: the upper half of binary32).
struct Storage {
  std::string_view name;
  int precision, min_exponent, max_exponent;
  std::size_t bytes;

  /// The value at `index` of an array of this format.
  [[nodiscard]] Real read(const void* array, std::size_t index) const;
  /// x to nearest, ties to even; beyond the range an infinity.
  [[nodiscard]] Real round(Real x) const;
  /// Writes a value that round() gave.
  void write(Real rounded, void* array, std::size_t index) const;

  [[nodiscard]] Real largest() const { return std::ldexp(2 - std::ldexp(Real(1), 1 - precision), max_exponent); }
  [[nodiscard]] Real smallest_normal() const { return std::ldexp(Real(1), min_exponent); }
};

/// The format of that name, or nullptr.
const Storage* storage_named(std::string_view name);

}  // namespace lossaudit::mutants
