// Sixteen short rows of logits at a time, a row in each virtual lane: no row's end is met, and nothing is added across
// lanes.
#if defined(LOSSAUDIT_FAST_SHORT_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_SHORT_ROWS_INL_H_
#undef LOSSAUDIT_FAST_SHORT_ROWS_INL_H_
#else
#define LOSSAUDIT_FAST_SHORT_ROWS_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fast/exp_sum-inl.h"
#include "fast/scaled_exp-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

#if HWY_NATIVE_FMA

/// Four vectors of four-lane blocks, each block transposed: lane c of block b of rows[i] becomes lane i of block b of
/// columns[c]. Its own inverse.
HWY_INLINE void TransposeBlocks(const VF* rows, VF* columns) {
  const FD d;
  const hn::RepartitionToWide<FD> wide;
  const auto lower = [&](VF a, VF b) HWY_ATTR { return hn::BitCast(wide, hn::InterleaveLower(d, a, b)); };
  const auto upper = [&](VF a, VF b) HWY_ATTR { return hn::BitCast(wide, hn::InterleaveUpper(d, a, b)); };
  const auto low01 = lower(rows[0], rows[1]);
  const auto low23 = lower(rows[2], rows[3]);
  const auto high01 = upper(rows[0], rows[1]);
  const auto high23 = upper(rows[2], rows[3]);
  columns[0] = hn::BitCast(d, hn::InterleaveLower(wide, low01, low23));
  columns[1] = hn::BitCast(d, hn::InterleaveUpper(wide, low01, low23));
  columns[2] = hn::BitCast(d, hn::InterleaveLower(wide, high01, high23));
  columns[3] = hn::BitCast(d, hn::InterleaveUpper(wide, high01, high23));
}

/// Four floats from each of `from`, `from` + 4 stride, ..., as the blocks of a vector.
template <class Tag>
HWY_INLINE hn::Vec<Tag> LoadBlocks(Tag d, const float* from, std::size_t stride) {
  if constexpr (hn::MaxLanes(Tag()) == 4) {
    return hn::LoadU(d, from);
  } else {
    const hn::Half<Tag> half;
    const std::size_t blocks = hn::MaxLanes(Tag()) / 8;
    return hn::Combine(d, LoadBlocks(half, from + blocks * 4 * stride, stride), LoadBlocks(half, from, stride));
  }
}

template <class Tag>
HWY_INLINE void StoreBlocks(Tag d, hn::Vec<Tag> v, float* to, std::size_t stride) {
  if constexpr (hn::MaxLanes(Tag()) == 4) {
    hn::StoreU(v, d, to);
  } else {
    const hn::Half<Tag> half;
    const std::size_t blocks = hn::MaxLanes(Tag()) / 8;
    StoreBlocks(half, hn::LowerHalf(half, v), to, stride);
    StoreBlocks(half, hn::UpperHalf(half, v), to + blocks * 4 * stride, stride);
  }
}

/// How far apart short rows are written: at least the four floats that are written at a time.
HWY_INLINE std::size_t ShortStride(std::size_t n) { return HWY_MAX(n, 4); }

/// Up to 16 contiguous rows, transposed: a column has one class of each row, in lanes of its own.
class ShortColumns {
 public:
  static constexpr std::size_t kRows = 16;
  static constexpr std::size_t kMostClasses = 64;

  /// The lanes of rows that are not there hold zeros. `is_followed`: by more of the tensor.
  HWY_INLINE ShortColumns(const float* x, std::size_t count, std::size_t n, bool is_followed) : n_(n) {
    // Blocks of four end up to three floats behind a row.
    const bool ends_in_rows = count == kRows && (n % 4 == 0 || (is_followed && n >= 3));
    HWY_ALIGN float copy[kRows * kMostClasses + 4];
    if (!ends_in_rows) {
      std::memcpy(copy, x, count * n * sizeof(float));
      std::memset(copy + count * n, 0, ((kRows - count) * n + 4) * sizeof(float));
      x = copy;
    }
    for (std::size_t c = 0; c < n; c += 4) {
      for (std::size_t p = 0; p < kRowParts; ++p) {
        VF rows[4];
        VF columns[4];
        for (std::size_t i = 0; i < 4; ++i) rows[i] = LoadBlocks(FD(), x + (p * kFloatLanes + i) * n + c, n);
        TransposeBlocks(rows, columns);
        for (std::size_t i = 0; i < 4; ++i) hn::Store(columns[i], FD(), Column(c + i, p));
      }
    }
  }

  HWY_INLINE std::size_t size() const { return n_; }
  HWY_INLINE const float* Column(std::size_t c, std::size_t p) const { return columns_ + c * kRows + p * kFloatLanes; }
  HWY_INLINE float* Column(std::size_t c, std::size_t p) { return columns_ + c * kRows + p * kFloatLanes; }

 private:
  std::size_t n_;
  HWY_ALIGN float columns_[kMostClasses * kRows];
};

/// Rows of n classes from the columns that come from column(c, p), up to three more than there are. They begin
/// ShortStride(n) floats apart, and four floats behind the last are written too.
template <class Column>
HWY_INLINE void StoreShortRows(const Column& column, std::size_t n, float* result) {
  const std::size_t stride = ShortStride(n);
  // From the last columns on, so that what is written behind a row is overwritten by the next row's own.
  for (std::size_t c = (n + 3) / 4 * 4; c > 0; c -= 4) {
    for (std::size_t p = 0; p < kRowParts; ++p) {
      VF columns[4];
      VF rows[4];
      for (std::size_t i = 0; i < 4; ++i) columns[i] = column(c - 4 + i, p);
      TransposeBlocks(columns, rows);
      for (std::size_t i = 0; i < 4; ++i)
        StoreBlocks(FD(), rows[i], result + (p * kFloatLanes + i) * stride + c - 4, stride);
    }
  }
}

/// Where rows of StoreShortRows go: those that are `left` stay as they are.
HWY_INLINE void CopyShortRows(const float* rows, std::size_t n, std::size_t count, std::uint32_t left, float* result) {
  const std::size_t stride = ShortStride(n);
  if (left == 0 && stride == n) {
    std::memcpy(result, rows, count * n * sizeof(float));
    return;
  }
  for (std::size_t r = 0; r < count; ++r) {
    if ((left >> r & 1) == 0) std::memcpy(result + r * n, rows + r * stride, n * sizeof(float));
  }
}

/// The sums of exponentials of such rows, and multiples of these. All that is one a row is in lanes, and nothing of it is
/// stored by itself and loaded with others, which would have to wait for it.
class ShortRows : public ShortColumns {
 public:
  HWY_INLINE ShortRows(const float* x, std::size_t count, std::size_t n, bool is_followed)
      : ShortColumns(x, count, n, is_followed) {
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

  /// What SumExp gives, for each row, without its class `left_out` (-1: none); without a list of them, without its first
  /// maximum. For Scaled the terms are kept. Rows with infinite maxima give nonsense.
  HWY_INLINE void Sum(const std::int32_t* left_out, bool keeps, double* sum) {
    const hn::Repartition<double, FD> dd;
    const hn::Rebind<float, decltype(dd)> half;
    const ExpTable exp;
    for (std::size_t p = 0; p < kRowParts; ++p) {
      const std::size_t r = p * kFloatLanes;
      const VI out = left_out == nullptr ? Integers(-1) : hn::Load(ID(), left_out + r);
      const VF maximum = hn::Load(FD(), maximum_ + r);
      const VF shift = hn::Load(FD(), shift_ + r);
      const VF floor = hn::Load(FD(), floor_ + r);
      const VI exponent = ExponentBits(RowScale::kExponent, r);
      MF seeks = hn::Eq(Floats(left_out == nullptr ? 0 : 1), hn::Zero(FD()));
      VF own = Floats(0);
      auto low = hn::Zero(dd);
      auto high = hn::Zero(dd);
      std::size_t c = 0;
      while (c < size()) {
        VF rests = hn::Zero(FD());
        const std::size_t end = HWY_MIN(size(), c + kRows);
        for (; c < end; ++c) {
          const VF x = hn::Load(FD(), Column(c, p));
          const Exponential e = exp(MaxOrNaN(hn::Sub(x, shift), floor));
          const MF is_first = hn::And(seeks, hn::Eq(x, maximum));
          seeks = hn::AndNot(is_first, seeks);
          const MF is_out = hn::Or(is_first, hn::RebindMask(FD(), hn::Eq(out, Integers(static_cast<std::int32_t>(c)))));
          own = hn::IfThenElse(is_out, x, own);
          const VF t = hn::IfThenZeroElse(is_out, FloatOf(hn::Add(BitsOf(e.t), exponent)));
          if (keeps) {
            hn::Store(t, FD(), t_ + c * kRows + r);
            hn::Store(e.p, FD(), p_ + c * kRows + r);
          }
          rests = hn::IfThenElse(is_out, rests, hn::MulAdd(t, e.p, rests));
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
  /// RowScale's, in lanes.
  HWY_INLINE void Scale(std::size_t p) {
    const std::size_t r = p * kFloatLanes;
    VF maximum = Floats(kNoLogit);
    for (std::size_t c = 0; c < size(); ++c) maximum = MaxOrNaN(maximum, hn::Load(FD(), Column(c, p)));
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
