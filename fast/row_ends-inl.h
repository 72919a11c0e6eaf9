// What the sum of a row's exponentials comes to: its loss, and what its exponentials are to be multiplied by.
#if defined(LOSSAUDIT_FAST_ROW_ENDS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_ROW_ENDS_INL_H_
#undef LOSSAUDIT_FAST_ROW_ENDS_INL_H_
#else
#define LOSSAUDIT_FAST_ROW_ENDS_INL_H_
#endif

#include "fast/brief-inl.h"
#include "fast/float_row-inl.h"
#include "fast/table_exp-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

#if HWY_NATIVE_FMA

/// Factors beyond this in magnitude, or NaN, are left to others.
inline constexpr double kLargestFactor = 0x1p60;

/// Of a row without a label, from its sum, which is 2^100 times too large: what its exponentials, 2^100 times too large
/// themselves, are to be multiplied by.
HWY_INLINE V FactorOf(V sum) { return hn::Div(Constant(0x1p100), sum); }

/// A row in each lane, with a label.
struct LabelledEnd {
  /// From the sum, 2^100 times too large, without the label's own term; RowScale::Exponent of the row; and how far the
  /// label's logit is below the maximum. All in units of e^maximum.
  HWY_INLINE LabelledEnd(const DoubleExpTable& exp, V sum_without, V exponent, V distance) {
    V scale_and_own[2] = {exponent, hn::Neg(distance)};
    exp.Raise<2>(scale_and_own);
    const V scale = scale_and_own[0];
    const V own = scale_and_own[1];
    const V sum = hn::Mul(hn::Mul(sum_without, Constant(0x1p-100)), scale);
    // The sum is without the label's own term, which is 1 where the label has the maximum; elsewhere the sum is at
    // least 1.
    const V others = hn::IfThenElse(hn::Eq(distance, hn::Zero(D())), sum, hn::Add(hn::Sub(sum, Constant(1)), own));
    const V all = hn::Add(sum, own);
    loss = hn::Add(distance, BriefLog1p(others));
    factor = hn::Div(scale, all);
    missing = hn::Div(sum, all);
  }

  V loss;     ///< logsumexp(x) - x_label
  V factor;   ///< as FactorOf
  V missing;  ///< 1 - softmax(x)_label
};

#endif

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
