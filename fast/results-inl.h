// Results element by element from any number of arguments: how tensors are walked, in vectors side by side, and written
// past the caches.
#if defined(LOSSAUDIT_FAST_RESULTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_RESULTS_INL_H_
#undef LOSSAUDIT_FAST_RESULTS_INL_H_
#else
#define LOSSAUDIT_FAST_RESULTS_INL_H_
#endif

#include <cstddef>

#include "fast/float_lanes-inl.h"
#include "fast/lanes-inl.h"
#include "fast/streaming-inl.h"
#include "hwy/cache_control.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// As many results as V has lanes, rounded to float. With kStreamed they go past the caches, where that many floats are
/// no less than the target streams at once, and `to` is aligned to them.
template <bool kStreamed>
HWY_INLINE void StoreResults(V x, float* to) {
  if constexpr (kStreamed && hn::MaxLanes(F()) >= 4) {
    hn::Stream(ToFloat(x), F(), to);
  } else {
    StoreFloats(x, to);
  }
}

/// result[i] for all i < n. terms.Several(i, y) computes as many vectors as y has, which stand side by side in registers
/// or next to them, from element i on; terms.First(i, count) the first lanes of one. Where the results are
/// streamed, the arguments, tensors of n floats, are fetched ahead. The last lanes take the same way as all, so that
/// no result depends on its place. `result` may be an argument itself.
template <std::size_t kAtOnce, bool kStreamed, class Terms, class... Argument>
HWY_INLINE void WriteResultsBy(const Terms& terms, float* result, std::size_t n, const Argument*... argument) {
  const std::size_t lanes = hn::Lanes(D());
  const auto some = [&](std::size_t i, std::size_t end) HWY_ATTR {
    for (; i < end; i += HWY_MIN(lanes, end - i)) {
      const std::size_t count = HWY_MIN(lanes, end - i);
      StoreFirst(terms.First(i, count), result + i, count);
    }
  };
  std::size_t i = kStreamed ? FloatsBeforeAligned(result) : 0;
  some(0, i);
  for (; i + kAtOnce * lanes <= n; i += kAtOnce * lanes) {
    if (kStreamed) {
      Each<kAtOnce>([&](std::size_t v) HWY_ATTR { (FetchLater(argument + i + v * lanes, kFetchedAhead), ...); });
    }
    V y[kAtOnce];
    terms.Several(i, y);
    Each<kAtOnce>([&](std::size_t v) HWY_ATTR { StoreResults<kStreamed>(y[v], result + i + v * lanes); });
  }
  for (; i + lanes <= n; i += lanes) {
    V y[1];
    terms.Several(i, y);
    StoreFloats(y[0], result + i);
  }
  some(i, n);
  if constexpr (kStreamed) hwy::FlushStream();
}
template <std::size_t kAtOnce, class Terms, class... Argument>
HWY_INLINE void WriteResults(const Terms& terms, bool is_streamed, float* result, std::size_t n,
                             const Argument*... argument) {
  if (is_streamed) {
    WriteResultsBy<kAtOnce, true>(terms, result, n, argument...);
  } else {
    WriteResultsBy<kAtOnce, false>(terms, result, n, argument...);
  }
}

/// derivative(x) upstream, rounded once beside the derivative's own error and 2^-53; without an upstream the derivative.
template <class Derivative, bool kHasUpstream>
struct GradientTerms {
  template <std::size_t kN>
  HWY_INLINE void Several(std::size_t at, V (&y)[kN]) const {
    const std::size_t lanes = hn::Lanes(D());
    Each<kN>([&](std::size_t i) HWY_ATTR { y[i] = LoadFloats(x + at + i * lanes); });
    derivative(y);
    if constexpr (kHasUpstream) {
      Each<kN>([&](std::size_t i) HWY_ATTR { y[i] = hn::Mul(y[i], LoadFloats(upstream + at + i * lanes)); });
    }
  }
  HWY_INLINE V First(std::size_t at, std::size_t count) const {
    V y[] = {LoadFirst(x + at, count, 0)};
    derivative(y);
    if constexpr (kHasUpstream) y[0] = hn::Mul(y[0], LoadFirst(upstream + at, count, 0));
    return y[0];
  }
  const Derivative& derivative;
  const float* x;
  const float* upstream;
};

/// gradient[i] = f'(x[i]) upstream[i], where derivative(y) puts f'(y) in the place of the vectors y, and suits kAtOnce of
/// them.
template <std::size_t kAtOnce, class Derivative>
HWY_INLINE void MapGradient(const Derivative& derivative, const float* x, const float* upstream, float* gradient,
                            std::size_t n) {
  const bool is_streamed = n >= kStreamedFrom;
  if (upstream == nullptr) {
    WriteResults<kAtOnce>(GradientTerms<Derivative, false>{derivative, x, nullptr}, is_streamed, gradient, n, x);
  } else {
    WriteResults<kAtOnce>(GradientTerms<Derivative, true>{derivative, x, upstream}, is_streamed, gradient, n, x,
                          upstream);
  }
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
