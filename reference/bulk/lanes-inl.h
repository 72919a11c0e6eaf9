// Double lanes: loading and storing, and the error-free transformations that both number types stand on.
#if defined(LOSSAUDIT_REFERENCE_BULK_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_REFERENCE_BULK_LANES_INL_H_
#undef LOSSAUDIT_REFERENCE_BULK_LANES_INL_H_
#else
#define LOSSAUDIT_REFERENCE_BULK_LANES_INL_H_
#endif

#include <cstddef>
#include <limits>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::bulk::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<double>;
using V = hn::Vec<D>;
using M = hn::Mask<D>;

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kRoundoff = 0x1p-53;  // u: bound on the relative error of one rounding

HWY_INLINE V Constant(double x) { return hn::Set(D(), x); }

/// 2^k for an integer −1022 ≤ k ≤ 1023.
HWY_INLINE V PowerOfTwo(V k) {
  const hn::RebindToUnsigned<D> du;
  // Adding 1.5 · 2^52 + 1023 leaves the biased exponent in the low bits.
  return hn::BitCast(D(), hn::ShiftLeft<52>(hn::BitCast(du, hn::Add(k, Constant(0x1.8p52 + 1023)))));
}

/// The nearest integer, for |x| < 2^51.
HWY_INLINE V Nearest(V x) {
  const V magic = Constant(0x1.8p52);
  return hn::Sub(hn::Add(x, magic), magic);
}

/// An unevaluated sum: hi + lo exactly, |lo| ≤ ulp(hi) / 2.
struct ExactSum {
  V hi, lo;
};

/// Knuth's TwoSum: a + b exactly, where nothing overflows.
HWY_INLINE ExactSum TwoSum(V a, V b) {
  const V sum = hn::Add(a, b);
  const V back = hn::Sub(sum, a);
  return {sum, hn::Add(hn::Sub(a, hn::Sub(sum, back)), hn::Sub(b, back))};
}
HWY_INLINE ExactSum TwoDifference(V a, V b) { return TwoSum(a, hn::Neg(b)); }

/// Dekker's FastTwoSum: a + b exactly, where |a| ≥ |b| or a = 0.
HWY_INLINE ExactSum FastTwoSum(V a, V b) {
  const V sum = hn::Add(a, b);
  return {sum, hn::Sub(b, hn::Sub(sum, a))};
}

/// a · b exactly, where nothing overflows (above 2^995 in Veltkamp's splitting) and the product is 0 or above 2^-960.
HWY_INLINE ExactSum TwoProduct(V a, V b) {
  const V product = hn::Mul(a, b);
#if HWY_NATIVE_FMA
  return {product, hn::MulSub(a, b, product)};
#else
  const V splitter = Constant(0x1p27 + 1);
  const V a_scaled = hn::Mul(a, splitter);
  const V b_scaled = hn::Mul(b, splitter);
  const V a_high = hn::Sub(a_scaled, hn::Sub(a_scaled, a));
  const V b_high = hn::Sub(b_scaled, hn::Sub(b_scaled, b));
  const V a_low = hn::Sub(a, a_high);
  const V b_low = hn::Sub(b, b_high);
  const V error = hn::Sub(hn::Mul(a_high, b_high), product);
  return {product,
          hn::Add(hn::Add(hn::Add(error, hn::Mul(a_high, b_low)), hn::Mul(a_low, b_high)), hn::Mul(a_low, b_low))};
#endif
}

/// The first `count` doubles, and `pad` in the other lanes. Nothing beyond them is read.
HWY_NOINLINE inline V LoadFirst(const double* from, std::size_t count, double pad) {
  HWY_ALIGN double lanes[hn::MaxLanes(D())];
  hn::Store(Constant(pad), D(), lanes);
  for (std::size_t i = 0; i < count; ++i) lanes[i] = from[i];
  return hn::Load(D(), lanes);
}
HWY_NOINLINE inline void StoreFirst(V x, double* to, std::size_t count) {
  HWY_ALIGN double lanes[hn::MaxLanes(D())];
  hn::Store(x, D(), lanes);
  for (std::size_t i = 0; i < count; ++i) to[i] = lanes[i];
}

/// A vector of an array, or the first lanes of one at the array's end: one code for both.
class Part {
 public:
  /// The part of n values that starts at i.
  HWY_INLINE Part(std::size_t i, std::size_t n) : count_(n - i) {}
  HWY_INLINE V Load(const double* from, double pad) const {
    return HWY_LIKELY(count_ >= hn::Lanes(D())) ? hn::LoadU(D(), from) : LoadFirst(from, count_, pad);
  }
  HWY_INLINE void Store(V x, double* to) const {
    if (HWY_LIKELY(count_ >= hn::Lanes(D()))) return hn::StoreU(x, D(), to);
    StoreFirst(x, to, count_);
  }

 private:
  std::size_t count_;
};

}  // namespace lossaudit::bulk::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
