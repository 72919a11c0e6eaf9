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

#include "fast/float_row-inl.h"
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

  /// The maxima, and the first class of each. A NaN is passed over, or stays where it is the first.
  HWY_INLINE void Maxima(float* maximum, std::int32_t* top) const {
    for (std::size_t p = 0; p < kRowParts; ++p) {
      VF m = hn::Load(FD(), Column(0, p));
      VI at = hn::Zero(ID());
      for (std::size_t c = 1; c < n_; ++c) {
        const VF x = hn::Load(FD(), Column(c, p));
        const MF is_larger = hn::Lt(m, x);
        at = hn::IfThenElse(hn::RebindMask(ID(), is_larger), Integers(static_cast<std::int32_t>(c)), at);
        m = hn::IfThenElse(is_larger, x, m);
      }
      hn::StoreU(m, FD(), maximum + p * kFloatLanes);
      hn::StoreU(at, ID(), top + p * kFloatLanes);
    }
  }

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

/// The sums of exponentials of such rows, and multiples of these.
class ShortRows : public ShortColumns {
 public:
  HWY_INLINE ShortRows(const float* x, std::size_t count, std::size_t n, bool is_followed)
      : ShortColumns(x, count, n, is_followed) {}

  /// What SumExp gives, for each row, without its class `left_out` (-1: none). Rows with infinite maxima give nonsense.
  HWY_INLINE void Sums(const float* maximum, const std::int32_t* left_out, double* sum) {
    for (std::size_t r = 0; r < kRows; ++r) {
      const RowScale scale(maximum[r]);
      shift_[r] = scale.shift;
      floor_[r] = scale.floor;
      SetExponent(r, RowScale::kExponent - scale.binade);
    }
    const hn::Repartition<double, FD> dd;
    const hn::Rebind<float, decltype(dd)> half;
    const ExpTable exp;
    for (std::size_t p = 0; p < kRowParts; ++p) {
      const VI out = hn::LoadU(ID(), left_out + p * kFloatLanes);
      const VF shift = hn::Load(FD(), shift_ + p * kFloatLanes);
      const VF floor = hn::Load(FD(), floor_ + p * kFloatLanes);
      const VI exponent = hn::Load(ID(), exponent_ + p * kFloatLanes);
      auto low = hn::Zero(dd);
      auto high = hn::Zero(dd);
      std::size_t c = 0;
      while (c < size()) {
        VF rests = hn::Zero(FD());
        const std::size_t end = HWY_MIN(size(), c + kRows);
        for (; c < end; ++c) {
          const Exponential e = exp(MaxOrNaN(hn::Sub(hn::Load(FD(), Column(c, p)), shift), floor));
          const MF is_out = hn::RebindMask(FD(), hn::Eq(out, Integers(static_cast<std::int32_t>(c))));
          const VF t = hn::IfThenZeroElse(is_out, FloatOf(hn::Add(BitsOf(e.t), exponent)));
          rests = hn::IfThenElse(is_out, rests, hn::MulAdd(t, e.p, rests));
          low = hn::Add(low, hn::PromoteTo(dd, hn::LowerHalf(half, t)));
          high = hn::Add(high, hn::PromoteTo(dd, hn::UpperHalf(half, t)));
        }
        low = hn::Add(low, hn::PromoteTo(dd, hn::LowerHalf(half, rests)));
        high = hn::Add(high, hn::PromoteTo(dd, hn::UpperHalf(half, rests)));
      }
      hn::StoreU(low, dd, sum + p * kFloatLanes);
      hn::StoreU(high, dd, sum + p * kFloatLanes + kFloatLanes / 2);
    }
  }

  /// What MapScaledExp gives, for each row and its factor: rounded once, with the factor's significand in two floats and
  /// its exponent in t. A factor that is NaN makes its row that. The result is as StoreShortRows has it.
  HWY_INLINE void Scaled(const float* maximum, const double* factor, float* result) {
    for (std::size_t r = 0; r < kRows; ++r) SetFactor(r, maximum[r], factor[r]);
    StoreShortRows([&](std::size_t c, std::size_t p) HWY_ATTR { return ScaledPart(c, p); }, size(), result);
  }

 private:
  HWY_INLINE void SetExponent(std::size_t r, std::int32_t exponent) {
    exponent_[r] = static_cast<std::int32_t>(static_cast<std::uint32_t>(exponent) << 23);
  }

  HWY_INLINE void SetFactor(std::size_t r, float maximum, double factor) {
    const RowScale scale(maximum);
    const ScaledRange range(factor);
    floor_[r] = scale.top - scale.shift - range.depth;
    SetExponent(r, range.exponent - scale.binade);
    high_[r] = static_cast<float>(range.significand);
    low_[r] = static_cast<float>(range.significand - high_[r]);
  }

  HWY_INLINE VF ScaledPart(std::size_t c, std::size_t p) const {
    const auto of = [&](const float* lanes) HWY_ATTR { return hn::Load(FD(), lanes + p * kFloatLanes); };
    const VF x = hn::Sub(hn::Load(FD(), Column(c, p)), of(shift_));
    const Exponential e = ExpTable()(MaxOrNaN(x, of(floor_)));
    const VF t = FloatOf(hn::Add(BitsOf(e.t), hn::Load(ID(), exponent_ + p * kFloatLanes)));
    const VF rest = hn::Mul(t, hn::MulAdd(e.p, of(high_), of(low_)));
    return hn::Mul(hn::MulAdd(t, of(high_), rest), Floats(ScaledRange::kUnit));
  }

  HWY_ALIGN float shift_[kRows];
  HWY_ALIGN float floor_[kRows];
  HWY_ALIGN float high_[kRows];
  HWY_ALIGN float low_[kRows];
  HWY_ALIGN std::int32_t exponent_[kRows];
};

#endif

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
