// Float lanes: what the kernels share that compute in float itself, not in double (lanes-inl.h).
//
// They are exact enough only with fused multiply-add (kFused): where the target has none, their callers take double
// lanes.
#if defined(LOSSAUDIT_FAST_FLOAT_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_FLOAT_LANES_INL_H_
#undef LOSSAUDIT_FAST_FLOAT_LANES_INL_H_
#else
#define LOSSAUDIT_FAST_FLOAT_LANES_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <utility>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using FD = hn::ScalableTag<float>;
using VF = hn::Vec<FD>;
using MF = hn::Mask<FD>;
using ID = hn::RebindToSigned<FD>;
using VI = hn::Vec<ID>;
using MI = hn::Mask<ID>;

/// Whether hn::MulAdd rounds once.
inline constexpr bool kFused = HWY_NATIVE_FMA != 0;

HWY_INLINE VF Floats(float x) { return hn::Set(FD(), x); }
HWY_INLINE VI Integers(std::int32_t x) { return hn::Set(ID(), x); }
HWY_INLINE VI BitsOf(VF x) { return hn::BitCast(ID(), x); }
HWY_INLINE VF FloatOf(VI bits) { return hn::BitCast(FD(), bits); }

/// o | (a ^ b).
HWY_INLINE VI OrXor(VI o, VI a, VI b) {
#if HWY_TARGET <= HWY_AVX3
  return VI{_mm512_ternarylogic_epi32(o.raw, a.raw, b.raw, 0xf6)};
#else
  return hn::Or(o, hn::Xor(a, b));
#endif
}

/// Sixteen floats, of which every lane picks one by the low four bits of its index; in registers where there are
/// permutations of eight lanes or more.
class Table16 {
 public:
  static constexpr std::size_t kParts = 16 / hn::MaxLanes(FD());

  HWY_INLINE explicit Table16(const float* HWY_RESTRICT entries)
      : Table16([=](std::size_t first) HWY_ATTR { return hn::LoadU(FD(), entries + first); }) {}

  /// From part(first), the entries from that number on as a vector.
  template <class Part, class = decltype(std::declval<Part>()(0))>
  HWY_INLINE explicit Table16(const Part& part) {
#pragma GCC unroll 16
    for (std::size_t p = 0; p < kParts; ++p) Set(p, part(p * hn::MaxLanes(FD())));
  }

  HWY_INLINE VF operator[](VI index) const {
#if HWY_TARGET <= HWY_AVX3
    return hn::TableLookupLanes(parts_[0], hn::Indices512<float>{index.raw});  // looks at four bits alone
#elif HWY_TARGET == HWY_AVX2
    const hn::Indices256<float> indices = {index.raw};  // at three bits alone
    return hn::IfNegativeThenElse(FloatOf(hn::ShiftLeft<28>(index)), hn::TableLookupLanes(parts_[1], indices),
                                  hn::TableLookupLanes(parts_[0], indices));
#else
    return hn::GatherIndex(FD(), entries_, hn::And(index, Integers(15)));
#endif
  }

 private:
#if HWY_TARGET <= HWY_AVX2
  HWY_INLINE void Set(std::size_t p, VF part) { parts_[p] = part; }
  VF parts_[kParts];
#else
  HWY_INLINE void Set(std::size_t p, VF part) { hn::StoreU(part, FD(), entries_ + p * hn::MaxLanes(FD())); }
  float entries_[16];
#endif
};

/// The first `count` floats, fewer than there are lanes, and `pad` in the other lanes. Nothing beyond them is read.
HWY_INLINE VF LoadPart(const float* from, std::size_t count, float pad) {
#if HWY_MEM_OPS_MIGHT_FAULT
  HWY_ALIGN float lanes[hn::MaxLanes(FD())];
  hn::Store(Floats(pad), FD(), lanes);
  for (std::size_t i = 0; i < count; ++i) lanes[i] = from[i];
  return hn::Load(FD(), lanes);
#else
  const MF is_there = hn::FirstN(FD(), count);
  return hn::IfThenElse(is_there, hn::MaskedLoad(is_there, FD(), from), Floats(pad));
#endif
}

HWY_INLINE void StorePart(VF x, float* to, std::size_t count) {
#if HWY_MEM_OPS_MIGHT_FAULT
  HWY_ALIGN float lanes[hn::MaxLanes(FD())];
  hn::Store(x, FD(), lanes);
  for (std::size_t i = 0; i < count; ++i) to[i] = lanes[i];
#else
  hn::BlendedStore(x, hn::FirstN(FD(), count), FD(), to);
#endif
}

/// f(0), f(1), ..., f(kCount - 1), one after the other without a loop: steps of several vectors side by side hide each
/// other's latency better than the vectors one after another.
template <std::size_t kCount, class F>
HWY_INLINE void Each(const F& f) {
  [&]<std::size_t... kIndex>(std::index_sequence<kIndex...>) HWY_ATTR { (f(kIndex), ...); }
  (std::make_index_sequence<kCount>());
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
