#include "audit/bandwidth.hpp"

#include <hwy/cache_control.h>

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "audit/bandwidth.cpp"
#include "hwy/foreach_target.h"
//
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

const hn::ScalableTag<std::uint32_t> d;
using V = hn::Vec<decltype(d)>;

/// The bits are as good as any.
HWY_INLINE V LoadBits(const float* p) { return hn::LoadU(d, reinterpret_cast<const std::uint32_t*>(p)); }

/// All that is read is combined, at no cost to speak of, so that no load is left out.
template <bool second>
void Read(const float* a, const float* b, float* result, std::size_t n) {
  const std::size_t lanes = hn::Lanes(d);
  V s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  const auto combine = [&](V sum, std::size_t i) HWY_ATTR {
    sum = hn::Or(sum, LoadBits(a + i));
    if constexpr (second) sum = hn::Xor(sum, LoadBits(b + i));
    return sum;
  };
  for (std::size_t i = 0; i + 4 * lanes <= n; i += 4 * lanes) {
    s0 = combine(s0, i);
    s1 = combine(s1, i + lanes);
    s2 = combine(s2, i + 2 * lanes);
    s3 = combine(s3, i + 3 * lanes);
  }
  hn::StoreU(hn::Xor(hn::Xor(s0, s1), hn::Xor(s2, s3)), d, reinterpret_cast<std::uint32_t*>(result));
}

template <bool second, bool past_caches>
void ReadAndWrite(const float* a, const float* b, float* result, std::size_t n) {
  const std::size_t lanes = hn::Lanes(d);
  const auto move = [&](std::size_t i) HWY_ATTR {
    V x = LoadBits(a + i);
    if constexpr (second) x = hn::Xor(x, LoadBits(b + i));
    auto* const to = reinterpret_cast<std::uint32_t*>(result + i);
    if constexpr (past_caches) {
      hn::Stream(x, d, to);
    } else {
      hn::Store(x, d, to);
    }
  };
  for (std::size_t i = 0; i + 4 * lanes <= n; i += 4 * lanes) {
    move(i);
    move(i + lanes);
    move(i + 2 * lanes);
    move(i + 3 * lanes);
  }
  if constexpr (past_caches) hwy::FlushStream();
}

void ReadOne(const float* a, const float* b, float* result, std::size_t n) { Read<false>(a, b, result, n); }
void ReadTwo(const float* a, const float* b, float* result, std::size_t n) { Read<true>(a, b, result, n); }
void Copy(const float* a, const float* b, float* result, std::size_t n) { ReadAndWrite<false, false>(a, b, result, n); }
void CopyPast(const float* a, const float* b, float* result, std::size_t n) {
  ReadAndWrite<false, true>(a, b, result, n);
}
void Merge(const float* a, const float* b, float* result, std::size_t n) { ReadAndWrite<true, false>(a, b, result, n); }
void MergePast(const float* a, const float* b, float* result, std::size_t n) {
  ReadAndWrite<true, true>(a, b, result, n);
}

}  // namespace lossaudit::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit {
namespace {

HWY_EXPORT(ReadOne);
HWY_EXPORT(ReadTwo);
HWY_EXPORT(Copy);
HWY_EXPORT(CopyPast);
HWY_EXPORT(Merge);
HWY_EXPORT(MergePast);

#define MOVER(function) \
  [](const float* a, const float* b, float* result, std::size_t n) { HWY_DYNAMIC_DISPATCH(function)(a, b, result, n); }

constexpr Mover table[] = {
    {Traffic::read, "read", MOVER(ReadOne)},
    {Traffic::read2, "two reads", MOVER(ReadTwo)},
    {Traffic::read_write, "copy", MOVER(Copy)},
    {Traffic::read_write, "copy, non-temporal", MOVER(CopyPast)},
    {Traffic::read_write, "memcpy",
     [](const float* a, const float* /*b*/, float* result, std::size_t n) {
       std::memcpy(result, a, n * sizeof(float));
     }},
    {Traffic::read2_write, "two reads, one write", MOVER(Merge)},
    {Traffic::read2_write, "two reads, one write, non-temporal", MOVER(MergePast)},
};

#undef MOVER

}  // namespace

std::span<const Mover> movers() { return table; }

}  // namespace lossaudit
#endif
