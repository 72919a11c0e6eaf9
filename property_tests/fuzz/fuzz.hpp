// What every fuzzed reader has: libFuzzer calls it with any bytes (`make fuzz`), and so does replay.cpp in `make test`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "reference/contract.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace lossaudit::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Ends the program, which is what a fuzzer looks for, unless the condition holds.
inline void require(bool condition) {
  if (!condition) __builtin_trap();
}

/// Does `read`; the one way out that a reader has is a BadInput of one printable line.
template <class Read>
void refuses_in_a_line(Read read) {
  try {
    read();
  } catch (const BadInput& error) {
    const std::string_view line = error.what();
    require(!line.empty() && line.size() < 2000);
    for (const char c : line) require(c >= ' ' && c != 127);
  }
}

}  // namespace lossaudit::fuzz
