// A row's exponentials times a factor of the row: softmax, and the gradients that are multiples of it.
#if defined(LOSSAUDIT_FAST_SCALED_EXP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_SCALED_EXP_INL_H_
#undef LOSSAUDIT_FAST_SCALED_EXP_INL_H_
#else
#define LOSSAUDIT_FAST_SCALED_EXP_INL_H_
#endif

#include <cstddef>

#include "fast/logit_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

#if HWY_NATIVE_FMA

/// Where exponentials wait for their sum: in the first-level cache for rows up to this, else in the result.
inline constexpr std::size_t kKeptFloats = 4096;

/// result[i] = kept[i] * factor. The factor is split in two floats, so before its own rounding a product is within 2^-48
/// of itself, beside the 2^-24 that the kept exponential was rounded by: 1.5 ulp and the sum's 2^-26. Where the product
/// is subnormal its lesser part rounds too, to half of the least float.
HWY_INLINE void ScaleRow(const float* kept, double factor, float* result, std::size_t n) {
  const FD d;
  const auto high = static_cast<float>(factor);
  const VF h = Floats(high);
  const VF l = Floats(static_cast<float>(factor - high));
  const auto scaled = [&](VF v) { return hn::MulAdd(v, h, hn::Mul(v, l)); };
  std::size_t i = 0;
  for (; i + kFloatLanes <= n; i += kFloatLanes) hn::StoreU(scaled(hn::LoadU(d, kept + i)), d, result + i);
  if (i < n) StorePart(scaled(LoadPart(kept + i, n - i, 0)), result + i, n - i);
}

#endif

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
