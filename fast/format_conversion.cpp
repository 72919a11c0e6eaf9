#include <cstddef>
#include <cstdint>

#include "fast/formats.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/format_conversion.cpp"
#include "hwy/foreach_target.h"
//
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// In integer and float32 arithmetic, which every target has. Where there are instructions for binary16 they give the same
// bits (tried with every float), but that a NaN may keep its payload.
#undef LOSSAUDIT_FAST_HAS_F16C
#define LOSSAUDIT_FAST_HAS_F16C (HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3)
using DF = hn::ScalableTag<float>;
using DU = hn::RebindToUnsigned<DF>;
using DI = hn::RebindToSigned<DF>;
using D16 = hn::Rebind<std::uint16_t, DF>;
using VF = hn::Vec<DF>;
using VU = hn::Vec<DU>;
using MU = hn::Mask<DU>;

HWY_INLINE VU Bits(std::uint32_t x) { return hn::Set(DU(), x); }
HWY_INLINE MU Above(VU a, std::uint32_t b) {
  // Both are below 2^31, so that the signed comparison, which every target has, is the unsigned one.
  return hn::RebindMask(DU(), hn::Gt(hn::BitCast(DI(), a), hn::Set(DI(), static_cast<std::int32_t>(b))));
}

HWY_INLINE VU LoadWords(const std::uint16_t* half) { return hn::PromoteTo(DU(), hn::LoadU(D16(), half)); }
HWY_INLINE hn::Vec<D16> Words(VU half) { return hn::DemoteTo(D16(), hn::BitCast(DI(), half)); }

#if LOSSAUDIT_FAST_HAS_F16C
struct Binary16 {
  using DH = hn::Rebind<hwy::float16_t, DF>;
  static HWY_INLINE VF WidenFrom(const std::uint16_t* half) {
    return hn::PromoteTo(DF(), hn::BitCast(DH(), hn::LoadU(D16(), half)));
  }
  static HWY_INLINE hn::Vec<D16> NarrowTo(VF x) { return hn::BitCast(D16(), hn::DemoteTo(DH(), x)); }
};
#else
struct Binary16 {
  /// Exponent and significand stand 13 places higher in a float32, and the exponents' biases differ by 112: the product
  /// by 2^112 is exact, subnormals become normal by it. Infinities and NaNs keep the largest exponent.
  static HWY_INLINE VF WidenFrom(const std::uint16_t* words) {
    const VU half = LoadWords(words);
    const VU magnitude = hn::And(half, Bits(0x7fff));
    const VU sign = hn::ShiftLeft<16>(hn::Xor(half, magnitude));
    const VU shifted = hn::ShiftLeft<13>(magnitude);
    const VF finite = hn::Mul(hn::BitCast(DF(), shifted), hn::Set(DF(), 0x1p112F));
    const VU special = hn::Or(shifted, Bits(0x7f800000));
    const VU wide = hn::IfThenElse(Above(magnitude, 0x7bff), special, hn::BitCast(DU(), finite));
    return hn::BitCast(DF(), hn::Or(wide, sign));
  }

  /// From 2^-14 on, the 13 places that are lost are rounded by an integer addition, which carries into the exponent as it
  /// must. Below, adding 1/2 rounds to its last place, 2^-24, which is the unit of the subnormals.
  static HWY_INLINE hn::Vec<D16> NarrowTo(VF x) {
    const VU bits = hn::BitCast(DU(), x);
    const VU magnitude = hn::And(bits, Bits(0x7fffffff));
    const VU sign = hn::ShiftRight<16>(hn::Xor(bits, magnitude));
    const VU odd = hn::And(hn::ShiftRight<13>(magnitude), Bits(1));
    const VU rounded = hn::ShiftRight<13>(hn::Sub(hn::Add(hn::Add(magnitude, Bits(0xfff)), odd), Bits(112U << 23)));
    const VF raised = hn::Add(hn::BitCast(DF(), magnitude), hn::Set(DF(), 0.5F));
    const VU subnormal = hn::Sub(hn::BitCast(DU(), raised), Bits(0x3f000000));
    VU half = hn::IfThenElse(Above(magnitude, 0x387fffff), rounded, subnormal);
    half = hn::IfThenElse(Above(magnitude, 0x477fefff), Bits(0x7c00), half);  // from 65520 on
    half = hn::IfThenElse(Above(magnitude, 0x7f800000), Bits(0x7e00), half);
    return Words(hn::Or(half, sign));
  }
};
#endif

struct Brain16 {
  static HWY_INLINE VF WidenFrom(const std::uint16_t* words) {
    return hn::BitCast(DF(), hn::ShiftLeft<16>(LoadWords(words)));
  }

  /// The lower half is rounded away by an integer addition, which also carries the largest numbers to infinity.
  static HWY_INLINE hn::Vec<D16> NarrowTo(VF x) {
    const VU bits = hn::BitCast(DU(), x);
    const VU odd = hn::And(hn::ShiftRight<16>(bits), Bits(1));
    const VU rounded = hn::ShiftRight<16>(hn::Add(hn::Add(bits, Bits(0x7fff)), odd));
    const MU is_nan = Above(hn::And(bits, Bits(0x7fffffff)), 0x7f800000);
    return Words(hn::IfThenElse(is_nan, hn::Or(hn::ShiftRight<16>(bits), Bits(0x40)), rounded));
  }
};

/// to[i] = function of from[i], and the last ones through whole vectors in memory of ours.
template <class From, class To, class Function>
HWY_INLINE void MapVectors(const From* from, To* to, std::size_t n, const Function& function) {
  const std::size_t lanes = hn::Lanes(DF());
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) function(from + i, to + i);
  if (i == n) return;
  HWY_ALIGN From last[hn::MaxLanes(DF())] = {};
  HWY_ALIGN To result[hn::MaxLanes(DF())];
  for (std::size_t j = 0; i + j < n; ++j) last[j] = from[i + j];
  function(last, result);
  for (std::size_t j = 0; i + j < n; ++j) to[i + j] = result[j];
}

template <class Kind>
HWY_INLINE void WidenAll(const std::uint16_t* from, float* to, std::size_t n) {
  MapVectors(from, to, n,
             [](const std::uint16_t* half, float* wide) HWY_ATTR { hn::StoreU(Kind::WidenFrom(half), DF(), wide); });
}

template <class Kind>
HWY_INLINE void NarrowAll(const float* from, std::uint16_t* to, std::size_t n) {
  MapVectors(from, to, n, [](const float* wide, std::uint16_t* half) HWY_ATTR {
    hn::StoreU(Kind::NarrowTo(hn::LoadU(DF(), wide)), D16(), half);
  });
}

void WidenBinary16(const std::uint16_t* from, float* to, std::size_t n) { WidenAll<Binary16>(from, to, n); }
void WidenBrain16(const std::uint16_t* from, float* to, std::size_t n) { WidenAll<Brain16>(from, to, n); }
void NarrowBinary16(const float* from, std::uint16_t* to, std::size_t n) { NarrowAll<Binary16>(from, to, n); }
void NarrowBrain16(const float* from, std::uint16_t* to, std::size_t n) { NarrowAll<Brain16>(from, to, n); }

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(WidenBinary16);
HWY_EXPORT(WidenBrain16);
HWY_EXPORT(NarrowBinary16);
HWY_EXPORT(NarrowBrain16);

namespace {

// A struct of one std::uint16_t lies in memory as that number does.
template <class T>
const std::uint16_t* words(const T* x) {
  static_assert(sizeof(T) == sizeof(std::uint16_t));
  return x == nullptr ? nullptr : &x->bits;
}
template <class T>
std::uint16_t* words(T* x) {
  return x == nullptr ? nullptr : &x->bits;
}

}  // namespace

void to_floats(const Float16* from, float* to, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(WidenBinary16)(words(from), to, n);
}
void to_floats(const BFloat16* from, float* to, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(WidenBrain16)(words(from), to, n);
}
void from_floats(const float* from, Float16* to, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(NarrowBinary16)(from, words(to), n);
}
void from_floats(const float* from, BFloat16* to, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(NarrowBrain16)(from, words(to), n);
}

}  // namespace lossaudit::fast
#endif
