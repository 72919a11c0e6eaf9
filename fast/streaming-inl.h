// Results that go past the caches, and arguments that are fetched into them.
#if defined(LOSSAUDIT_FAST_STREAMING_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_STREAMING_INL_H_
#undef LOSSAUDIT_FAST_STREAMING_INL_H_
#else
#define LOSSAUDIT_FAST_STREAMING_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "fast/float_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// How many floats stand before the first that a vector's aligned store can begin at.
HWY_INLINE std::size_t FloatsBeforeAligned(const float* to) {
  return (0 - reinterpret_cast<std::uintptr_t>(to)) / sizeof(float) % hn::MaxLanes(FD());
}

/// Fetches the lines at the ends of a row, which are shared and so are written through the cache, before a streaming
/// store has to wait behind them.
HWY_INLINE void FetchEnds(float* row, std::size_t n) {
  __builtin_prefetch(row, 1);
  __builtin_prefetch(row + n - 1, 1);
}

/// Asks for what stands `floats` behind, perhaps beyond the tensor's end.
HWY_INLINE void FetchLater(const float* from, std::size_t floats) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a pointer beyond its array may not even be computed
  __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(from) + floats * sizeof(float)));
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
