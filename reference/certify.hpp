// Certification: the bulk oracle's bounds, tried on the floats themselves.
//
// A claim is that lanes enclose one elementwise function for every input of a format. In f32 all 2^32 inputs can be
// tried. Single lanes are judged by pair lanes, whose own bound is derived and some 2^40 times narrower, or by
// intervals, which take nothing on trust and a few hundred times as long; pair lanes by intervals alone, at random bit
// patterns of f64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "reference/bulk.hpp"

namespace lossaudit {

struct Claim {
  std::string_view name;  ///< "sigmoid f32 forward", "binary_crossentropy f32 forward t=1"
  Function function;
  Format format;  ///< f32: single lanes; f64: pair lanes
  Pass pass;
  double target;  ///< binary_crossentropy from logits; else not used
};

/// The table of claims.
std::span<const Claim> claims();
/// Throws BadInput that names the nearest claims. A function's name alone means all its claims.
std::vector<const Claim*> claims_named(std::string_view name);

/// What judges a claim about f32.
enum class Judge : std::uint8_t { pairs, intervals };

/// The inputs of a claim come in blocks: of f32, block b holds the bit patterns b · 2^20 … (b + 1) · 2^20 − 1; of f64,
/// random ones.
inline constexpr std::size_t block_size = std::size_t{1} << 20;
std::size_t block_count(const Claim& claim);

/// What some blocks showed.
struct Certified {
  std::uint64_t inputs = 0;
  std::uint64_t unknown = 0;    ///< left to the intervals whole: NaN, infinities, outside the domain
  std::uint64_t undecided = 0;  ///< the enclosure is too wide to round by
  std::uint64_t broken = 0;     ///< the exact result lies, or may lie, outside the enclosure
  double tightest = 0;          ///< the largest |exact − value| / radius, rounded up
  double tightest_at = 0;       ///< its input
  double broken_at = 0;         ///< an input that broke the claim, when broken > 0
  /// The same in whatever order blocks are added.
  Certified& operator+=(const Certified& more);
};

/// Tries one block, up to the hundredth input that breaks the claim. Holds nothing but a block in memory. The radii are taken times `scale`: with less than 1, what is
/// claimed is more than was derived, which tests that a wrong bound is seen.
Certified certify(const Claim& claim, std::size_t block, Judge judge, double scale = 1);

}  // namespace lossaudit
