// A sum or a row of very many terms, as it is stored, with what is known of its results.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "audit/inputs/random.hpp"
#include "audit/subject.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {

struct Sample {
  Shape shape;
  std::vector<std::byte> output, target;  ///< values of the contract's format
  std::vector<std::int64_t> labels;
  struct Known {
    std::size_t result = 0;  ///< its index
    long double exact = 0;
  };
  std::vector<Known> known;

  [[nodiscard]] StoredTensors tensors() const { return {output, target, {}, labels}; }
};

/// Makes it so long without a copy of what it held, for which there need not be room too.
inline void resize_anew(std::vector<std::byte>& stored, std::size_t size) {
  if (size > stored.capacity()) std::vector<std::byte>().swap(stored);
  stored.resize(size);
}

/// An exact result with all that is known of it: 2^-20 ulp, or the 64 bits of a long double.
inline long double exact_value(const Expected& exact) {
  return exact.rounded + std::ldexp(static_cast<long double>(exact.offset), exact.ulp_exponent);
}

/// Draws places below 2^`bits`, many from each random number, and gives them in blocks.
template <unsigned bits>
class Draws {
 public:
  static constexpr std::size_t each = 64 / bits, block = 1024 * each;

  /// Calls use(first, places) for the places of 0 … n−1, block by block.
  template <class Use>
  void for_each_block(std::uint64_t n, Random& random, Use use) {
    for (std::uint64_t first = 0; first < n; first += block) {
      const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(block, n - first));
      for (std::size_t i = 0; i < count; i += each) {
        std::uint64_t drawn = random.bits();
        for (std::size_t j = 0; j < each; ++j, drawn >>= bits) {
          places_[i + j] = static_cast<std::uint16_t>(drawn & ((1U << bits) - 1));
        }
      }
      use(static_cast<std::size_t>(first), std::span<const std::uint16_t>(places_.data(), count));
    }
  }

 private:
  std::array<std::uint16_t, block> places_;
};

/// Copies the items of `size` bytes at these places of a table to `to`, one after the other.
inline void gather(const std::vector<std::byte>& table, std::size_t size, std::span<const std::uint16_t> places,
                   std::byte* to) {
  const auto copy = [&](auto of_size) {
    constexpr std::size_t bytes = decltype(of_size)::value;
    for (std::size_t i = 0; i < places.size(); ++i) {
      std::memcpy(to + i * bytes, table.data() + places[i] * bytes, bytes);
    }
  };
  if (size == 4) return copy(std::integral_constant<std::size_t, 4>());
  if (size == 8) return copy(std::integral_constant<std::size_t, 8>());
  if (size == 16) return copy(std::integral_constant<std::size_t, 16>());
  for (std::size_t i = 0; i < places.size(); ++i) std::memcpy(to + i * size, table.data() + places[i] * size, size);
}

}  // namespace lossaudit
