// Random numbers that are the same on every machine: the standard's engine, and distributions of our own (the standard
// leaves its distributions to the library).
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace lossaudit {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t bits() { return engine_(); }

  /// Uniform on [0, 1), 53 bits.
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  double uniform(double from, double to) { return from + (to - from) * uniform(); }

  /// Uniform on 0 … n−1 (n ≥ 1; the bias of a remainder is below 2^-40 for the counts used here).
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(bits() % n); }
  std::int64_t between(std::int64_t from, std::int64_t to) {
    // Unsigned: the ordinals of f64 span more than the positive half of 64 bits.
    const std::uint64_t first = static_cast<std::uint64_t>(from);
    return static_cast<std::int64_t>(first + bits() % (static_cast<std::uint64_t>(to) - first + 1));
  }

  bool one_in(std::size_t n) { return below(n) == 0; }

  /// Standard normal to a good approximation: the sum of twelve uniforms (Irwin-Hall) needs no libm, whose last bits
  /// differ between machines.
  double normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace lossaudit
