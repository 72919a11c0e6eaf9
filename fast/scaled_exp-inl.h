// A factor times e^x in float lanes, rounded once: softmax, and the gradients that are multiples of it.
#if defined(LOSSAUDIT_FAST_SCALED_EXP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_SCALED_EXP_INL_H_
#undef LOSSAUDIT_FAST_SCALED_EXP_INL_H_
#else
#define LOSSAUDIT_FAST_SCALED_EXP_INL_H_
#endif

#include <bit>
#include <cstddef>
#include <cstdint>

#include "fast/exp_sum-inl.h"
#include "fast/lanes-inl.h"
#include "fast/streaming-inl.h"
#include "fast/table_exp-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

#if HWY_NATIVE_FMA

/// 2^(-j/16)
HWY_ALIGN_MAX inline constexpr double kDoubleInverseRoots[16] = {
    0x1.0000000000000p+0, 0x1.ea4afa2a490dap-1, 0x1.d5818dcfba487p-1, 0x1.c199bdd85529cp-1,
    0x1.ae89f995ad3adp-1, 0x1.9c49182a3f090p-1, 0x1.8ace5422aa0dbp-1, 0x1.7a11473eb0187p-1,
    0x1.6a09e667f3bcdp-1, 0x1.5ab07dd485429p-1, 0x1.4bfdad5362a27p-1, 0x1.3dea64c123422p-1,
    0x1.306fe0a31b715p-1, 0x1.2387a6e756238p-1, 0x1.172b83c7d517bp-1, 0x1.0b5586cf9890fp-1};

/// How a factor below 2^61 in magnitude comes into products with e^x / 2^binade: its significand in [1, 2), with its
/// sign, and its exponent. Products are 2^30 times too large (1 / kUnit), so that t is a normal float where the product
/// is a subnormal one; those below 2^-154 of the row's unit are taken as that, which rounds to 0.
struct ScaledRange {
  static constexpr float kUnit = 0x1p-30f;

  HWY_INLINE explicit ScaledRange(double factor) {
    const auto bits = std::bit_cast<std::uint64_t>(factor);
    const std::int32_t binade = HWY_MAX(static_cast<std::int32_t>(bits >> 52 & 0x7ff) - 1023, -400);
    const double one = std::bit_cast<double>((bits & 0x800fffffffffffffu) | 0x3ff0000000000000u);
    significand = factor == factor ? one : factor;
    exponent = binade + 30;
    depth = (155 + static_cast<float>(binade)) * 0x1.62e430p-1f;
  }
  double significand;
  std::int32_t exponent;
  float depth;  ///< logits further than this below the top are taken as that far
};

/// factor e^(x - shift) / 2^binade for the logits of a row (RowScale), for a factor below 2^61 in magnitude.
///
/// The factor is multiplied into the table of ExpTable: T_j is the float nearest factor 2^(j/16), with its rest beside it
/// as there, and t + t p is rounded once, by one fused step: within 2^-27.3 of itself and half an ulp. The last step
/// brings everything to its size, and rounds subnormal results a second time.
class ScaledExp {
 public:
  HWY_INLINE ScaledExp(const RowScale& row, double factor) : ScaledExp(row, ScaledRange(factor)) {}

  template <bool kIsFar>
  HWY_INLINE ExpTable::Reduced Begin(VF x) const {
    return ExpTable::Reduce(MaxOrNaN(kIsFar ? hn::Sub(x, shift_) : x, floor_));
  }
  HWY_INLINE VF End(const ExpTable::Reduced& x) const {
    const Exponential e = exp_.Raise(x);
    return hn::Mul(hn::MulAdd(e.t, e.p, e.t), Floats(ScaledRange::kUnit));
  }

 private:
  HWY_INLINE ScaledExp(const RowScale& row, const ScaledRange& range)
      : exp_(Table(range.significand, range.exponent - row.binade)),
        shift_(Floats(row.shift)),
        floor_(Floats(row.top - row.shift - range.depth)) {}

  /// w_j = significand 2^(j/16) as floats times 2^exponent, and what these lack relatively.
  static HWY_INLINE ExpTable Table(double significand, std::int32_t exponent) {
    constexpr std::size_t kHalf = hn::MaxLanes(D());
    const V s = Constant(significand);
    const V inverse = Constant(1 / significand);
    const auto rounded = [&](std::size_t j)
                             HWY_ATTR { return ToFloat(hn::Mul(hn::Load(D(), kDoubleRootsOfTwo + j), s)); };
    const auto rest = [&](std::size_t j) HWY_ATTR {
      const V root = hn::Load(D(), kDoubleRootsOfTwo + j);
      const V lacking = hn::Sub(hn::Mul(root, s), hn::PromoteTo(D(), rounded(j)));
      return ToFloat(hn::Mul(hn::Mul(lacking, inverse), hn::Load(D(), kDoubleInverseRoots + j)));
    };
    return ExpTable([&](std::size_t j) HWY_ATTR { return hn::Combine(FD(), rounded(j + kHalf), rounded(j)); },
                    [&](std::size_t j) HWY_ATTR { return hn::Combine(FD(), rest(j + kHalf), rest(j)); }, exponent);
  }

  ExpTable exp_;
  VF shift_, floor_;
};

/// An element of a result that is known otherwise.
struct OneElement {
  std::size_t index = kNoClass;
  float value = 0;

  HWY_INLINE void Replace(VF* vectors, std::size_t at) const {
    const VI place = Integers(static_cast<std::int32_t>(at % kFloatLanes));
    const MF is_own = hn::RebindMask(FD(), hn::Eq(hn::Iota(ID(), 0), place));
    VF& vector = vectors[at / kFloatLanes];
    vector = hn::IfThenElse(is_own, Floats(value), vector);
  }
};

/// The logits of a row, on their way to ScaledExp's results.
template <bool kIsFar>
struct FromLogits {
  const ScaledExp& scaled;
  const float* x;
  HWY_INLINE ExpTable::Reduced Begin(std::ptrdiff_t i) const { return scaled.Begin<kIsFar>(hn::LoadU(FD(), x + i)); }
  HWY_INLINE ExpTable::Reduced BeginPart(std::size_t i, std::size_t count) const {
    return scaled.Begin<kIsFar>(LoadPart(x + i, count, 0));
  }
  HWY_INLINE VF End(const ExpTable::Reduced& reduced) const { return scaled.End(reduced); }
};

/// A row's exponentials as its sum has left them (KeptTerms), times a factor in two floats: t h + t (p h + l), rounded
/// once. A factor from 2^-116 on has all its digits there, and gives ScaledRange's unit to what they are multiplied by,
/// so that nothing that reaches a float is lost beneath the least normal number.
struct FromTerms {
  static constexpr double kLeastFactor = 0x1p-116;

  HWY_INLINE FromTerms(const KeptTerms& terms, double factor)
      : t(terms.t),
        p(terms.p),
        high(Floats(static_cast<float>(factor))),
        low(Floats(static_cast<float>(factor - static_cast<float>(factor)))) {}

  HWY_INLINE Exponential Begin(std::ptrdiff_t i) const { return {hn::LoadU(FD(), t + i), hn::LoadU(FD(), p + i)}; }
  HWY_INLINE Exponential BeginPart(std::size_t i, std::size_t count) const {
    return {LoadPart(t + i, count, 0), LoadPart(p + i, count, 0)};
  }
  HWY_INLINE VF End(const Exponential& e) const {
    const VF rest = hn::Mul(e.t, hn::MulAdd(e.p, high, low));
    return hn::Mul(hn::MulAdd(e.t, high, rest), Floats(ScaledRange::kUnit));
  }

  const float* t;
  const float* p;
  VF high, low;
};

/// result[i] = what comes from there, in two halves, of which one step's second stands behind the next one's first, as
/// in ExpSum; but for one element; past the caches if it streams, and then with the ends that it shares with rows beside
/// it. As many floats from `fetched` on come into the cache meanwhile, unless that is nullptr.
template <bool kStreams, class From>
HWY_INLINE void MapRow(const From& from, float* result, std::size_t n, const OneElement& own, const float* fetched,
                       SharedVector& shared) {
  constexpr std::size_t kVectors = 4;
  constexpr std::size_t kFloats = kVectors * kFloatLanes;
  const FD d;
  decltype(from.Begin(0)) begun[kVectors];
  VF y[kVectors];
  const auto begin = [&](std::size_t i) HWY_ATTR {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) begun[v] = from.Begin(i + v * kFloatLanes);
    if (fetched == nullptr) return;
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kFloats; k += 16) __builtin_prefetch(fetched + i + k);
  };
  const auto end = [&](std::size_t i) HWY_ATTR {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) y[v] = from.End(begun[v]);
    if (kStreams && own.index - i < kFloats) own.Replace(y, own.index - i);
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      if (kStreams) {
        hn::Stream(y[v], d, result + i + v * kFloatLanes);
      } else {
        hn::StoreU(y[v], d, result + i + v * kFloatLanes);
      }
    }
  };
  // What was streamed must not be written again: that would fetch the line back.
  const auto with_own = [&](VF v, std::size_t i, std::size_t count) HWY_ATTR {
    if (kStreams && own.index - i < count) own.Replace(&v, own.index - i);
    return v;
  };
  const std::size_t first = kStreams ? HWY_MIN(n, FloatsBeforeAligned(result)) : 0;
  const std::size_t streamed = (n - first) / kFloats * kFloats;
  std::size_t i = first;
  if (i != 0 && shared.IsFollowedBy(result)) {
    // The lanes before the row are what its predecessor has there.
    const VF last = from.End(from.Begin(static_cast<std::ptrdiff_t>(i) - static_cast<std::ptrdiff_t>(kFloatLanes)));
    VF both[2] = {last, last};
    if (own.index < i) own.Replace(both, own.index + kFloatLanes - i);
    shared.End(both[0]);
  } else if (i != 0) {
    StorePart(with_own(from.End(from.BeginPart(0, i)), 0, i), result, i);
  }
  if (streamed != 0) {
    begin(i);
    for (; i + 2 * kFloats <= n; i += kFloats) {
      end(i);
      begin(i + kFloats);
    }
    end(i);
    i += kFloats;
  }
  for (; i + kFloatLanes <= n; i += kFloatLanes) {
    const VF v = with_own(from.End(from.Begin(i)), i, kFloatLanes);
    if (kStreams) {
      hn::Stream(v, d, result + i);
    } else {
      hn::StoreU(v, d, result + i);
    }
  }
  if (i < n) {
    const VF v = with_own(from.End(from.BeginPart(i, n - i)), i, n - i);
    if (kStreams) {
      shared.Begin(v, result + i, n - i);
    } else {
      StorePart(v, result + i, n - i);
    }
  }
  if (!kStreams && own.index < n) result[own.index] = own.value;
}

/// result[i] = factor e^(x[i] - shift) / 2^binade, but for one element.
HWY_INLINE void MapScaledExp(const RowScale& row, double factor, const float* x, float* result, std::size_t n,
                             const OneElement& own, bool streams, const float* fetched, SharedVector& shared) {
  const ScaledExp scaled(row, factor);
  if (row.shift != 0) return MapRow<false>(FromLogits<true>{scaled, x}, result, n, own, fetched, shared);
  if (streams) return MapRow<true>(FromLogits<false>{scaled, x}, result, n, own, fetched, shared);
  MapRow<false>(FromLogits<false>{scaled, x}, result, n, own, fetched, shared);
}

/// The same from kept terms, with the factor that they are to be multiplied by, times 2^30.
HWY_INLINE void MapKeptTerms(const KeptTerms& terms, double factor, float* result, std::size_t n, const OneElement& own,
                             bool streams, const float* fetched, SharedVector& shared) {
  const FromTerms from(terms, factor);
  if (streams) return MapRow<true>(from, result, n, own, fetched, shared);
  MapRow<false>(from, result, n, own, fetched, shared);
}

#endif

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
