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

/// From here on the result of elementwise functions bypasses the caches: it and the arguments are out of the second
/// level anyway. Arguments are asked for that many floats ahead: 1024 to 8192 take the same time, and without it it is up
/// to a fifth more.
inline constexpr std::size_t kStreamedFrom = std::size_t{1} << 20;
inline constexpr std::size_t kFetchedAhead = 2048;

/// A call that writes less of such a result leaves it in the caches: what it streams is waited for at its end.
inline constexpr std::size_t kStreamedPart = 1024;

/// How many floats stand before the first that a vector's aligned store can begin at.
HWY_INLINE std::size_t FloatsBeforeAligned(const float* to) {
  return (0 - reinterpret_cast<std::uintptr_t>(to)) / sizeof(float) % hn::MaxLanes(FD());
}

/// A vector of results that the end of one row shares with the beginning of the next, and that is streamed when it is
/// whole: its two parts would have to be written through the cache, each into a line that must be read first.
class SharedVector {
 public:
  HWY_INLINE SharedVector() : first_(Floats(0)) {}  // not the implicit one, which would not be compiled for the target

  /// The last `count` floats of a row.
  HWY_INLINE void Begin(VF first, float* to, std::size_t count) {
    Flush();
    first_ = first;
    to_ = to;
    count_ = count;
  }
  /// Whether a row that begins there is what it waits for.
  HWY_INLINE bool IsFollowedBy(const float* row) const { return count_ != 0 && to_ + count_ == row; }
  /// The vector whose last lanes are the first floats of that row.
  HWY_INLINE void End(VF last) {
    hn::Stream(hn::IfThenElse(hn::FirstN(FD(), count_), first_, last), FD(), to_);
    count_ = 0;
  }
  HWY_INLINE void Flush() {
    if (count_ != 0) StorePart(first_, to_, count_);
    count_ = 0;
  }

 private:
  VF first_;
  float* to_ = nullptr;
  std::size_t count_ = 0;
};

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
