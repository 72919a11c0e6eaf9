#include "reports/speed/bandwidth.hpp"

#include <cstring>

#ifdef __SSE__
#include <immintrin.h>
#endif

namespace lossaudit::speed {
namespace {

using adapters::KernelCall;

// GCC's vectors: as wide as the instructions that this file is compiled for. May alias floats, at their alignment.
#if defined(__AVX512F__)
constexpr std::size_t bytes = 64;
#elif defined(__AVX__)
constexpr std::size_t bytes = 32;
#else
constexpr std::size_t bytes = 16;
#endif
using Vec [[gnu::vector_size(bytes), gnu::may_alias, gnu::aligned(4)]] = int;
constexpr std::size_t lanes = bytes / sizeof(float), unrolled = 4 * lanes;

Vec load(const float* p) { return *reinterpret_cast<const Vec*>(p); }

void store(float* p, Vec x) { *reinterpret_cast<Vec*>(p) = x; }

/// Past the caches. The place must be aligned to a vector.
void store_past(float* p, Vec x) {
#if defined(__AVX512F__)
  _mm512_stream_si512(reinterpret_cast<__m512i*>(p), reinterpret_cast<__m512i>(x));
#elif defined(__AVX__)
  _mm256_stream_si256(reinterpret_cast<__m256i*>(p), reinterpret_cast<__m256i>(x));
#elif defined(__SSE2__)
  _mm_stream_si128(reinterpret_cast<__m128i*>(p), reinterpret_cast<__m128i>(x));
#else
  store(p, x);
#endif
}

/// The bits of all that is read, combined at no cost to speak of, so that no load is left out.
template <bool second>
void read(const KernelCall& call) {
  const std::size_t n = call.count();
  const float* a = call.output;
  const float* b = call.target;
  Vec sums[4] = {};
  std::size_t i = 0;
  for (; i + unrolled <= n; i += unrolled) {
    for (std::size_t k = 0; k < 4; ++k) {
      sums[k] |= load(a + i + k * lanes);
      if constexpr (second) sums[k] ^= load(b + i + k * lanes);
    }
  }
  store(call.loss, sums[0] ^ sums[1] ^ sums[2] ^ sums[3]);
}

template <bool second, bool past>
void read_and_write(const KernelCall& call) {
  const std::size_t n = call.count();
  for (std::size_t i = 0; i + unrolled <= n; i += unrolled) {
    for (std::size_t k = 0; k < unrolled; k += lanes) {
      Vec x = load(call.output + i + k);
      if constexpr (second) x ^= load(call.target + i + k);
      if constexpr (past) {
        store_past(call.result + i + k, x);
      } else {
        store(call.result + i + k, x);
      }
    }
  }
#ifdef __SSE__
  if constexpr (past) _mm_sfence();
#endif
}

constexpr Mover table[] = {
    {Traffic::read, "read", read<false>},
    {Traffic::read2, "two reads", read<true>},
    {Traffic::read_write, "copy", read_and_write<false, false>},
    {Traffic::read_write, "copy, non-temporal", read_and_write<false, true>},
    {Traffic::read_write, "memcpy",
     [](const KernelCall& call) { std::memcpy(call.result, call.output, call.count() * sizeof(float)); }},
    {Traffic::read2_write, "two reads, one write", read_and_write<true, false>},
    {Traffic::read2_write, "two reads, one write, non-temporal", read_and_write<true, true>},
};

}  // namespace

std::span<const Mover> movers() { return table; }

}  // namespace lossaudit::speed
