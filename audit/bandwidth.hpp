// The bandwidth limits: what it takes to move arrays between memory, or the caches that hold them, and the processor, and
// do nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace lossaudit {

/// The arrays that a computation cannot do without moving.
enum class Traffic : std::uint8_t { read, read2, read_write, read2_write };

/// One way to move n floats of `a`, and of `b` where two are read, to `result`, or a few bytes there where nothing is
/// written. `result` is aligned to 64 bytes and has room for as many. What the ways leave out at the end is less than
/// 256 bytes. The quickest way at a size is the limit there.
struct Mover {
  Traffic traffic;
  std::string_view name;  ///< "copy", "copy, non-temporal", …
  void (*move)(const float* a, const float* b, float* result, std::size_t n);
};

std::span<const Mover> movers();

}  // namespace lossaudit
