// Functions of one argument in float lanes: how a tensor is walked, and how it is read and written past the caches.
#if defined(LOSSAUDIT_FAST_FLOAT_BLOCKS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_FLOAT_BLOCKS_INL_H_
#undef LOSSAUDIT_FAST_FLOAT_BLOCKS_INL_H_
#else
#define LOSSAUDIT_FAST_FLOAT_BLOCKS_INL_H_
#endif

#include <cstddef>

#include "fast/float_lanes-inl.h"
#include "fast/streaming-inl.h"
#include "hwy/cache_control.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// How a kernel reads a vector of its argument and writes one of its results. Where these are streamed, each load asks
/// for what comes later, and each result leaves from its register: stores that are gathered in a buffer
/// and streamed in a burst hold up the stores of the arithmetic after them.
template <bool kStreamed>
struct Passage {
  static HWY_INLINE VF Load(const float* from) {
    if constexpr (kStreamed) FetchLater(from, kFetchedAhead);
    return hn::LoadU(FD(), from);
  }
  static HWY_INLINE void Store(VF x, float* to) {
    if constexpr (kStreamed) {
      hn::Stream(x, FD(), to);
    } else {
      hn::StoreU(x, FD(), to);
    }
  }
};

/// A kernel for MapBlocks of a function with two kinds of code that give the same bits: a quick one for usual
/// arguments, and a wide one for all. A block goes the first way, and the second where that meets other arguments (in
/// its first vectors: at once, because numbers out of range may be slow to compute with); after such a block the next
/// ones go the second way at once, until one has none.
///
/// `function` has kAtOnce, the number of vectors that suits its registers, and function.Several<kN, kWide, kStreamed>(
/// from, to, flags), which computes kN vectors and adds to the flags what function.IsOutside then tells unusual
/// arguments by.
template <class Function>
class TwoKinds {
 public:
  HWY_INLINE TwoKinds() {}  // not the implicit one, which would not be compiled for the target

  template <bool kStreamed>
  HWY_INLINE void Block(const float* from, float* to, std::size_t vectors) {
    const bool is_done = !is_wide_ && !Run<false, kStreamed>(from, to, vectors);
    if (HWY_LIKELY(is_done)) return;
    is_wide_ = RunWide<kStreamed>(from, to, vectors);
  }

 private:
  /// Apart, to leave the registers to the usual kind.
  template <bool kStreamed>
  HWY_FLATTEN HWY_NOINLINE bool RunWide(const float* from, float* to, std::size_t vectors) const {
    return Run<true, kStreamed>(from, to, vectors);
  }

  template <bool kWide, bool kStreamed>
  HWY_INLINE bool Run(const float* from, float* to, std::size_t vectors) const {
    constexpr std::size_t kAtOnce = Function::kAtOnce;
    const std::size_t lanes = hn::Lanes(FD());
    auto flags = Function::NoFlags();
    std::size_t v = 0;
    for (; v + kAtOnce <= vectors; v += kAtOnce) {
      flags = function_.template Several<kAtOnce, kWide, kStreamed>(from + v * lanes, to + v * lanes, flags);
      if (!kWide && v == 0 && HWY_UNLIKELY(Function::IsOutside(flags))) return true;
    }
    if (v < vectors && vectors >= kAtOnce) {  // the last ones once more with those before them
      v = vectors - kAtOnce;
      flags = function_.template Several<kAtOnce, kWide, kStreamed>(from + v * lanes, to + v * lanes, flags);
      v = vectors;
    }
    for (; v < vectors; ++v) {
      flags = function_.template Several<1, kWide, kStreamed>(from + v * lanes, to + v * lanes, flags);
    }
    return Function::IsOutside(flags);
  }

  Function function_;
  bool is_wide_ = false;
};

/// result[i] = f(x[i]), where kernel.Block<kStreamed>(from, to, vectors) computes that for whole vectors, at most
/// kBlockVectors at once, `to` not being `from`. The last lanes take the same way, so that no result depends on its
/// place; nothing beyond the ends is touched.
template <class Kernel>
HWY_INLINE void MapBlocks(Kernel kernel, const float* x, float* result, std::size_t n) {
  const FD d;
  const std::size_t lanes = hn::Lanes(d);
  constexpr std::size_t kBlockVectors = 64;
  HWY_ALIGN_MAX float from[kBlockVectors * hn::MaxLanes(FD())];
  HWY_ALIGN_MAX float to[hn::MaxLanes(FD())];
  const auto some_lanes = [&](std::size_t at, std::size_t count) HWY_ATTR {
    hn::Store(LoadPart(x + at, count, 0), d, from);
    kernel.template Block<false>(from, to, 1);
    StorePart(hn::Load(d, to), result + at, count);
  };
  const bool is_streamed = n >= kStreamedFrom;
  std::size_t i = is_streamed ? FloatsBeforeAligned(result) : 0;
  if (i != 0) some_lanes(0, i);
  while (n - i >= lanes) {
    const std::size_t vectors = HWY_MIN(kBlockVectors, (n - i) / lanes);
    const float* block = x + i;
    if (x == result) {
      for (std::size_t v = 0; v < vectors * lanes; v += lanes) hn::Store(hn::LoadU(d, x + i + v), d, from + v);
      block = from;
    }
    if (is_streamed) {
      kernel.template Block<true>(block, result + i, vectors);
    } else {
      kernel.template Block<false>(block, result + i, vectors);
    }
    i += vectors * lanes;
  }
  if (i < n) some_lanes(i, n - i);
  if (is_streamed) hwy::FlushStream();
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
