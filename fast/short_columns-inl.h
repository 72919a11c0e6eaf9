// Sixteen short rows at a time, transposed: a row in each virtual lane, so that no row's end is met, and nothing is added
// across lanes.
#if defined(LOSSAUDIT_FAST_SHORT_COLUMNS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_SHORT_COLUMNS_INL_H_
#undef LOSSAUDIT_FAST_SHORT_COLUMNS_INL_H_
#else
#define LOSSAUDIT_FAST_SHORT_COLUMNS_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fast/float_row-inl.h"

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

  HWY_INLINE ShortColumns() {}  // not the implicit one, which would not be compiled for the target
  HWY_INLINE ShortColumns(const float* x, std::size_t count, std::size_t n, bool is_followed) {
    Load(x, count, n, is_followed);
  }

  HWY_INLINE void Load(const float* x, std::size_t count, std::size_t n, bool is_followed) {
    n_ = n;
    ForEach(x, count, n, is_followed,
            [&](std::size_t c, std::size_t p, VF column) HWY_ATTR { hn::Store(column, FD(), Column(c, p)); });
  }

  /// take(c, p, part p of column c), up to three more columns than there are. The lanes of rows that are not there hold
  /// zeros. `is_followed`: by more of the tensor.
  template <class Take>
  static HWY_INLINE void ForEach(const float* x, std::size_t count, std::size_t n, bool is_followed, const Take& take) {
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
        for (std::size_t i = 0; i < 4; ++i) take(c + i, p, columns[i]);
      }
    }
  }

  HWY_INLINE std::size_t size() const { return n_; }
  HWY_INLINE const float* Column(std::size_t c, std::size_t p) const { return columns_ + c * kRows + p * kFloatLanes; }
  HWY_INLINE float* Column(std::size_t c, std::size_t p) { return columns_ + c * kRows + p * kFloatLanes; }

 private:
  std::size_t n_ = 0;
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

#endif

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
