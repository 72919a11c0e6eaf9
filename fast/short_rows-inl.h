// The sums of exponentials of sixteen short rows of logits at a time, a row in each virtual lane, and multiples of these
// exponentials.
#if defined(LOSSAUDIT_FAST_SHORT_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_SHORT_ROWS_INL_H_
#undef LOSSAUDIT_FAST_SHORT_ROWS_INL_H_
#else
#define LOSSAUDIT_FAST_SHORT_ROWS_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "fast/exp_sum-inl.h"
#include "fast/scaled_exp-inl.h"
#include "fast/short_columns-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

#if HWY_NATIVE_FMA

/// Which class of a row its sum is without.
enum class LeftOut : std::uint8_t { none, listed, first_maximum };

/// All that is one a row is in lanes, and nothing of it is stored by itself and loaded with others, which would have to
/// wait for it.
class ShortRows : public ShortColumns {
 public:
  HWY_INLINE ShortRows() {}  // as of ShortColumns

  HWY_INLINE void Load(const float* x, std::size_t count, std::size_t n, bool is_followed) {
    ShortColumns::Load(x, count, n, is_followed);
    for (std::size_t p = 0; p < kRowParts; ++p) Scale(p);
  }

  /// Of the rows from r on: the largest logits, passing over NaNs; RowScale::Exponent of them; the logits that were left
  /// out of the sum.
  HWY_INLINE V Maxima(std::size_t r) const { return LoadFloats(maximum_ + r); }
  HWY_INLINE V Exponents(std::size_t r) const {
    constexpr double kLn2 = 0x1.62e42fefa39efp-1;
    const V binade = hn::PromoteTo(D(), hn::Load(hn::Rebind<std::int32_t, D>(), binade_ + r));
    return hn::MulSub(binade, Constant(kLn2), hn::Sub(Maxima(r), LoadFloats(shift_ + r)));
  }
  HWY_INLINE V Own(std::size_t r) const { return LoadFloats(own_ + r); }

  /// What SumExp gives, for each row, but for what is left out: `left_out` has the rows' classes, -1 for none. With kKeeps
  /// the terms are kept for Scaled. Rows with infinite maxima give nonsense.
  template <LeftOut kLeftOut, bool kKeeps>
  HWY_INLINE void Sum(const std::int32_t* left_out, double* sum) {
    for (std::size_t p = 0; p < kRowParts; ++p) SumPart<kLeftOut, kKeeps>(p, left_out, sum);
  }

  /// What MapKeptTerms gives for each row and its factor, and MapScaledExp where that is too small for it; `own` in the
  /// classes that were left out. A factor that is NaN makes its row that. The result is as StoreShortRows has it.
  HWY_INLINE void Scaled(const double* factor, const std::int32_t* left_out, const float* own, float* result) {
    M is_tiny = hn::FirstN(D(), 0);
    for (std::size_t r = 0; r < kRows; r += hn::Lanes(D())) {
      const V f = hn::Mul(hn::Load(D(), factor + r), Constant(0x1p-70));  // as in LogitStages::Write
      const hn::Vec<F> high = ToFloat(f);
      hn::Store(high, F(), high_ + r);
      hn::Store(ToFloat(hn::Sub(f, hn::PromoteTo(D(), high))), F(), low_ + r);
      is_tiny = hn::Or(is_tiny, hn::Lt(hn::Abs(f), Constant(FromTerms::kLeastFactor)));
    }
    const bool has_tiny = !hn::AllFalse(D(), is_tiny);
    if (has_tiny) {
      for (std::size_t r = 0; r < kRows; ++r) SetTiny(r, factor[r]);
    }
    const auto column = [&](std::size_t c, std::size_t p) HWY_ATTR {
      c = HWY_MIN(c, size() - 1);
      const std::size_t r = p * kFloatLanes;
      const VF t = hn::Load(FD(), t_ + c * kRows + r);
      const VF high = hn::Load(FD(), high_ + r);
      const VF rest = hn::Mul(t, hn::MulAdd(hn::Load(FD(), p_ + c * kRows + r), high, hn::Load(FD(), low_ + r)));
      VF y = hn::Mul(hn::MulAdd(t, high, rest), Floats(ScaledRange::kUnit));
      if (has_tiny) {
        const MF is_row_tiny = hn::Lt(hn::Abs(high), Floats(static_cast<float>(FromTerms::kLeastFactor)));
        y = hn::IfThenElse(is_row_tiny, TinyPart(c, p), y);
      }
      const MI is_own = hn::Eq(hn::Load(ID(), left_out + r), Integers(static_cast<std::int32_t>(c)));
      return hn::IfThenElse(hn::RebindMask(FD(), is_own), hn::Load(FD(), own + r), y);
    };
    StoreShortRows(column, size(), result);
  }

 private:
  template <LeftOut kLeftOut, bool kKeeps>
  HWY_INLINE void SumPart(std::size_t p, const std::int32_t* left_out, double* sum) {
    const hn::Repartition<double, FD> dd;
    const hn::Rebind<float, decltype(dd)> half;
    const ExpTable exp;
    const std::size_t r = p * kFloatLanes;
    const VI out = kLeftOut == LeftOut::listed ? hn::Load(ID(), left_out + r) : Integers(-1);
    const VF maximum = hn::Load(FD(), maximum_ + r);
    const VF shift = hn::Load(FD(), shift_ + r);
    const VF floor = hn::Load(FD(), floor_ + r);
    const VI exponent = ExponentBits(RowScale::kExponent, r);
    MF seeks = hn::Eq(shift, shift);
    VF own = Floats(0);
    auto low = hn::Zero(dd);
    auto high = hn::Zero(dd);
    std::size_t c = 0;
    while (c < size()) {
      VF rests = hn::Zero(FD());
      const std::size_t end = HWY_MIN(size(), c + kRows);
#pragma GCC unroll 2
      for (; c < end; ++c) {
        const VF x = hn::Load(FD(), Column(c, p));
        const Exponential e = exp(MaxOrNaN(hn::Sub(x, shift), floor));
        VF t = FloatOf(hn::Add(BitsOf(e.t), exponent));
        if constexpr (kLeftOut != LeftOut::none) {
          MF is_out = hn::RebindMask(FD(), hn::Eq(out, Integers(static_cast<std::int32_t>(c))));
          if constexpr (kLeftOut == LeftOut::first_maximum) {
            is_out = hn::And(seeks, hn::Eq(x, maximum));
            seeks = hn::AndNot(is_out, seeks);
          }
          own = hn::IfThenElse(is_out, x, own);
          t = hn::IfThenZeroElse(is_out, t);
        }
        if (kKeeps) {
          hn::Store(t, FD(), t_ + c * kRows + r);
          hn::Store(e.p, FD(), p_ + c * kRows + r);
        }
        rests = hn::MulAdd(t, e.p, rests);  // a NaN that is left out makes all of its row that anyway
        low = hn::Add(low, hn::PromoteTo(dd, hn::LowerHalf(half, t)));
        high = hn::Add(high, hn::PromoteTo(dd, hn::UpperHalf(half, t)));
      }
      low = hn::Add(low, hn::PromoteTo(dd, hn::LowerHalf(half, rests)));
      high = hn::Add(high, hn::PromoteTo(dd, hn::UpperHalf(half, rests)));
    }
    hn::Store(own, FD(), own_ + r);
    hn::Store(low, dd, sum + r);
    hn::Store(high, dd, sum + r + kFloatLanes / 2);
  }

  /// RowScale's, in lanes.
  HWY_INLINE void Scale(std::size_t p) {
    const std::size_t r = p * kFloatLanes;
    VF even = Floats(kNoLogit);
    VF odd = even;
    std::size_t c = 0;
    for (; c + 2 <= size(); c += 2) {
      even = MaxOrNaN(even, hn::Load(FD(), Column(c, p)));
      odd = MaxOrNaN(odd, hn::Load(FD(), Column(c + 1, p)));
    }
    if (c < size()) even = MaxOrNaN(even, hn::Load(FD(), Column(c, p)));
    const VF maximum = hn::Max(even, odd);
    const VF top = hn::IfThenElseZero(hn::Eq(hn::Sub(maximum, maximum), hn::Zero(FD())), maximum);
    const VF shift = hn::IfThenElseZero(hn::Gt(hn::Abs(top), Floats(RowScale::kFar)), top);
    const VF shifted = hn::Sub(top, shift);
    const VF scaled = hn::Add(hn::Mul(shifted, Floats(0x1.715476p+0f)), Floats(RowScale::kFar * 2));
    const VI binade = hn::Sub(hn::ConvertTo(ID(), scaled), Integers(static_cast<std::int32_t>(RowScale::kFar * 2)));
    hn::Store(maximum, FD(), maximum_ + r);
    hn::Store(shift, FD(), shift_ + r);
    hn::Store(hn::Sub(shifted, Floats(RowScale::kDepth)), FD(), floor_ + r);
    hn::Store(binade, ID(), binade_ + r);
  }

  /// What is added to the bits of t for e^(x - shift) 2^exponent / 2^binade.
  HWY_INLINE VI ExponentBits(std::int32_t exponent, std::size_t r) const {
    return hn::ShiftLeft<23>(hn::Sub(Integers(exponent), hn::Load(ID(), binade_ + r)));
  }

  /// As ScaledExp has it: the factor's significand in two floats and its exponent in t.
  HWY_NOINLINE void SetTiny(std::size_t r, double factor) {
    const ScaledRange range(factor);
    const float top = IsFinite(maximum_[r]) ? maximum_[r] : 0;
    tiny_floor_[r] = top - shift_[r] - range.depth;
    tiny_exponent_[r] = static_cast<std::int32_t>(static_cast<std::uint32_t>(range.exponent - binade_[r]) << 23);
    tiny_high_[r] = static_cast<float>(range.significand);
    tiny_low_[r] = static_cast<float>(range.significand - tiny_high_[r]);
  }
  HWY_NOINLINE VF TinyPart(std::size_t c, std::size_t p) const {
    const auto of = [&](const float* lanes) HWY_ATTR { return hn::Load(FD(), lanes + p * kFloatLanes); };
    const VF x = hn::Sub(hn::Load(FD(), Column(c, p)), of(shift_));
    const Exponential e = ExpTable()(MaxOrNaN(x, of(tiny_floor_)));
    const VF t = FloatOf(hn::Add(BitsOf(e.t), hn::Load(ID(), tiny_exponent_ + p * kFloatLanes)));
    const VF rest = hn::Mul(t, hn::MulAdd(e.p, of(tiny_high_), of(tiny_low_)));
    return hn::Mul(hn::MulAdd(t, of(tiny_high_), rest), Floats(ScaledRange::kUnit));
  }

  HWY_ALIGN float maximum_[kRows];
  HWY_ALIGN float shift_[kRows];
  HWY_ALIGN float floor_[kRows];
  HWY_ALIGN std::int32_t binade_[kRows];
  HWY_ALIGN float own_[kRows];
  HWY_ALIGN float high_[kRows];
  HWY_ALIGN float low_[kRows];
  HWY_ALIGN float tiny_floor_[kRows];
  HWY_ALIGN float tiny_high_[kRows];
  HWY_ALIGN float tiny_low_[kRows];
  HWY_ALIGN std::int32_t tiny_exponent_[kRows];
  HWY_ALIGN_MAX float t_[kMostClasses * kRows];
  HWY_ALIGN_MAX float p_[kMostClasses * kRows];
};

#endif

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
