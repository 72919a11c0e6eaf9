// How float32 tensors meet double lanes: every kernel loads float, computes in double, and rounds once at the end.
#if defined(LOSSAUDIT_FAST_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_LANES_INL_H_
#undef LOSSAUDIT_FAST_LANES_INL_H_
#else
#define LOSSAUDIT_FAST_LANES_INL_H_
#endif

#include <cstddef>
#include <limits>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<double>;
using V = hn::Vec<D>;
using M = hn::Mask<D>;
using F = hn::Rebind<float, D>;  // as many floats as there are double lanes

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

HWY_INLINE V Constant(double x) { return hn::Set(D(), x); }

/// min(max(x, low), high), and NaN for NaN.
HWY_INLINE V Clamped(V x, double low, double high) {
  const V raised = hn::IfThenElse(hn::Lt(x, Constant(low)), Constant(low), x);
  return hn::IfThenElse(hn::Gt(raised, Constant(high)), Constant(high), raised);
}

/// Lanes(D()) floats, exactly.
HWY_INLINE V LoadFloats(const float* from) { return hn::PromoteTo(D(), hn::LoadU(F(), from)); }

/// Rounds to nearest even, subnormal results included; beyond the range it gives infinities.
HWY_INLINE hn::Vec<F> ToFloat(V x) {
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(F(), static_cast<float>(hn::GetLane(x)));  // Highway's DemoteTo saturates here, as nowhere else
#else
  return hn::DemoteTo(F(), x);
#endif
}

HWY_INLINE void StoreFloats(V x, float* to) { hn::StoreU(ToFloat(x), F(), to); }

/// The first `count` floats, and `pad` in the other lanes. Nothing beyond them is read.
HWY_INLINE V LoadFirst(const float* from, std::size_t count, float pad) {
  HWY_ALIGN float lanes[hn::MaxLanes(F())];
  hn::Store(hn::Set(F(), pad), F(), lanes);
  for (std::size_t i = 0; i < count; ++i) lanes[i] = from[i];
  return hn::PromoteTo(D(), hn::Load(F(), lanes));
}

HWY_INLINE void StoreFirst(V x, float* to, std::size_t count) {
  HWY_ALIGN float lanes[hn::MaxLanes(F())];
  hn::Store(ToFloat(x), F(), lanes);
  for (std::size_t i = 0; i < count; ++i) to[i] = lanes[i];
}

/// result[i] = function(x[i]). The last lanes take the same vector code, so that no result depends on its place.
template <class Function>
HWY_INLINE void MapElements(const Function& function, const float* x, float* result, std::size_t n) {
  const std::size_t lanes = hn::Lanes(D());
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) StoreFloats(function(LoadFloats(x + i)), result + i);
  if (i < n) StoreFirst(function(LoadFirst(x + i, n - i, 0)), result + i, n - i);
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
