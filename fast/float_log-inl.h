// ln(1 + u) in float lanes, as an unevaluated sum.
#if defined(LOSSAUDIT_FAST_FLOAT_LOG_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_FLOAT_LOG_INL_H_
#undef LOSSAUDIT_FAST_FLOAT_LOG_INL_H_
#else
#define LOSSAUDIT_FAST_FLOAT_LOG_INL_H_
#endif

#include "fast/float_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// An unevaluated sum; high is the sum rounded, or nearly so.
struct FloatSum {
  VF high;
  VF low;
};

/// a + b exactly, where a is 0 or the larger, or an exact multiple of b's last place.
HWY_INLINE FloatSum SumOf(VF larger, VF smaller) {
  const VF high = hn::Add(larger, smaller);
  return {high, hn::Sub(smaller, hn::Sub(high, larger))};
}

/// c_j, near 1 / (1 + j / 15.5), and their logarithms' negatives: c_j was searched for so that -ln c_j is within 2^-37
/// of a float.
HWY_ALIGN_MAX inline constexpr float kLogScales[16] = {0x1.000000p+0f, 0x1.e0ccd4p-1f, 0x1.c59196p-1f, 0x1.acdd2ap-1f,
                                                       0x1.96eb86p-1f, 0x1.833d1ep-1f, 0x1.71095cp-1f, 0x1.6090b6p-1f,
                                                       0x1.51ab7ap-1f, 0x1.44092cp-1f, 0x1.375bfap-1f, 0x1.2b85eep-1f,
                                                       0x1.2090e2p-1f, 0x1.1672d6p-1f, 0x1.0cd9c4p-1f, 0x1.040ca6p-1f};
HWY_ALIGN_MAX inline constexpr float kLogsOfScales[16] = {
    0.0f,           0x1.018722p-4f, 0x1.f0583ap-4f, 0x1.6adff2p-3f, 0x1.d67124p-3f, 0x1.1dfc6cp-2f,
    0x1.4f4986p-2f, 0x1.7e0b00p-2f, 0x1.aa3f06p-2f, 0x1.d47328p-2f, 0x1.fd506ep-2f, 0x1.128002p-1f,
    0x1.2594d0p-1f, 0x1.37dacep-1f, 0x1.49d078p-1f, 0x1.5adb1ep-1f};

/// ln(1 + u + v) for u in [0, 1] and abs(v) <= ulp(u) / 2, NaN for NaN.
///
/// With j the integer nearest 15.49 u it is -ln c_j + ln(1 + z), z = c_j (1 + u + v) - 1, abs(z) <= 0.0323, where c_j -
/// 1 is exact. ln(1 + z) is z and the powers from z^2 to z^5, within 2^-36. Where j is 0, c_j is 1, z is u itself, and
/// all that is rounded is the low part: a relative 2^-28. Elsewhere the logarithm is above 0.031, and z, its v left to
/// the low part, rounds by at most 2^-30.
///
/// Found over all floats u with v from -ulp(u) / 2 to ulp(u) / 2: at most 2^-29.6 absolutely, 2^-24.8 relatively (0.28
/// ulp); low is at most 2^-6 of high.
class Log1pTable {
 public:
  HWY_INLINE Log1pTable() : scales_(kLogScales), logs_(kLogsOfScales) {}

  HWY_INLINE FloatSum operator()(VF u, VF v) const {
    const VI j = Index(u);
    const VF c = Scale(j);
    const VF z = hn::MulAdd(u, c, hn::Sub(c, Floats(1)));
    const FloatSum sum = SumOf(LogOfScale(j), z);
    return {sum.high, hn::Add(sum.low, hn::MulAdd(hn::Mul(z, z), Quotient(z), hn::Mul(c, v)))};
  }

  /// The parts of it: j, c_j, -ln c_j, and (ln(1 + z) - z) / z^2.
  static HWY_INLINE VI Index(VF u) { return BitsOf(hn::MulAdd(u, Floats(15.49F), Floats(0x1.8p23f))); }
  HWY_INLINE VF Scale(VI j) const { return scales_[j]; }
  HWY_INLINE VF LogOfScale(VI j) const { return logs_[j]; }
  static HWY_INLINE VF Quotient(VF z) {
    VF q = hn::MulAdd(z, Floats(0x1.9a1cd2p-3f), Floats(-0x1.003f3ap-2f));
    q = hn::MulAdd(q, z, Floats(0x1.55554ep-2f));
    return hn::MulAdd(q, z, Floats(-0x1.fffffap-2f));
  }

 private:
  Table16 scales_;
  Table16 logs_;
};

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
