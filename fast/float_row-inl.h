// A row of logits in float lanes: what its exponentials are measured from, and its maximum. Where the target fuses (kFused)
// alone; the others take row-inl.h.
#if defined(LOSSAUDIT_FAST_FLOAT_ROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_FLOAT_ROW_INL_H_
#undef LOSSAUDIT_FAST_FLOAT_ROW_INL_H_
#else
#define LOSSAUDIT_FAST_FLOAT_ROW_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <limits>

#include "fast/float_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// A step is 64 floats, in 16 virtual lanes as in lane_sum-inl.h: what is added to what does not depend on the target.
inline constexpr std::size_t kStepFloats = 64;
inline constexpr std::size_t kFloatLanes = hn::MaxLanes(FD());
inline constexpr std::size_t kRowParts = HWY_MAX(16 / kFloatLanes, 1);
inline constexpr std::size_t kStepVectors = kStepFloats / kFloatLanes;

inline constexpr std::size_t kNoClass = std::numeric_limits<std::size_t>::max();
inline constexpr float kNoLogit = -std::numeric_limits<float>::infinity();

HWY_INLINE bool IsFinite(float x) { return x - x == 0; }
HWY_INLINE bool IsInfinite(float x) { return x == -kNoLogit || x == kNoLogit; }

/// What a row's exponentials are measured from, so that none overflows: e^(x - shift) 2^kExponent / 2^binade, with the
/// `top` in that binade, a logit of the row that the others are at most kReach above. Nothing is subtracted from x, which
/// would round it, unless the top is beyond 256: then x - top is exact wherever its exponential is not negligible. Logits
/// further than kDepth below the top are taken as that far.
struct RowScale {
  static constexpr float kFar = 256;
  static constexpr float kReach = 16;   ///< e^16 = 2^23.1
  static constexpr float kDepth = 150;  ///< e^-150 = 2^-216.4
  static constexpr std::int32_t kExponent = 100;

  /// A row whose top is not finite is left to others: any scale will do.
  HWY_INLINE explicit RowScale(float row_top)
      : top(IsFinite(row_top) ? row_top : 0), shift(top <= kFar && top >= -kFar ? 0 : top) {
    const float shifted = top - shift;
    binade = static_cast<std::int32_t>(shifted * 0x1.715476p+0f + kFar * 2) - static_cast<std::int32_t>(kFar * 2);
    floor = shifted - kDepth;
  }
  HWY_INLINE bool Reaches(float maximum) const { return maximum - top <= kReach; }
  /// The logarithm of 2^binade in units of e^(maximum - shift): at most 0.
  HWY_INLINE double Exponent(float maximum) const {
    constexpr double kLn2 = 0x1.62e42fefa39efp-1;
    return binade * kLn2 - (static_cast<double>(maximum) - shift);
  }

  float top, shift, floor;
  std::int32_t binade;
};

#if HWY_NATIVE_FMA

/// max(x, y), and NaN where x is.
HWY_INLINE VF MaxOrNaN(VF x, VF y) {
#if HWY_ARCH_X86
  return hn::Max(y, x);  // the second where one is NaN
#else
  return hn::IfThenElse(hn::Lt(x, y), y, x);
#endif
}

/// The largest x_i, passing over NaNs.
HWY_INLINE float FloatRowMaximum(const float* HWY_RESTRICT x, std::size_t n) {
  const FD d;
  constexpr std::size_t N = kFloatLanes;
  VF maximum[4] = {Floats(kNoLogit), Floats(kNoLogit), Floats(kNoLogit), Floats(kNoLogit)};
  std::size_t i = 0;
  for (; i + 4 * N <= n; i += 4 * N) {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < 4; ++v) maximum[v] = MaxOrNaN(maximum[v], hn::LoadU(d, x + i + v * N));
  }
  for (; i + N <= n; i += N) maximum[0] = MaxOrNaN(maximum[0], hn::LoadU(d, x + i));
  if (i < n) {
    const VF last = n >= N ? hn::LoadU(d, x + n - N) : LoadPart(x + i, n - i, kNoLogit);
    maximum[1] = MaxOrNaN(maximum[1], last);
  }
  return hn::GetLane(hn::MaxOfLanes(d, hn::Max(hn::Max(maximum[0], maximum[1]), hn::Max(maximum[2], maximum[3]))));
}

/// A logit that few rows have others far above: the largest of the first 128, passing over NaNs.
HWY_INLINE float SampleTop(const float* HWY_RESTRICT x, std::size_t n) {
  const float top = FloatRowMaximum(x, HWY_MIN(n, 128));
  return IsFinite(top) ? top : FloatRowMaximum(x, n);
}

#endif  // HWY_NATIVE_FMA

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
