// Contiguous rows of logits, some at a time: in float lanes where the target fuses, else in double lanes.
//
// A row's sum ends in additions across its lanes and a logarithm, which take about as long as 200 logits. So the rows of
// a batch go through each stage together: their maxima, their sums, their logarithms side by side.
#if defined(LOSSAUDIT_FAST_LOGIT_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_LOGIT_ROWS_INL_H_
#undef LOSSAUDIT_FAST_LOGIT_ROWS_INL_H_
#else
#define LOSSAUDIT_FAST_LOGIT_ROWS_INL_H_
#endif

#include <cstddef>

#include "fast/exp_sum-inl.h"
#include "fast/row-inl.h"
#include "fast/short_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

inline constexpr std::size_t kMostRows = 16;
#if HWY_NATIVE_FMA
static_assert(kMostRows == ShortRows::kRows);
#endif
static_assert(kMostRows % hn::MaxLanes(D()) == 0);

inline constexpr std::size_t kBatchFloats = 4096;

/// How many rows make a batch: about 16 KiB, which a first-level cache holds.
HWY_INLINE std::size_t BatchRows(std::size_t classes) { return HWY_MAX(1, HWY_MIN(kMostRows, kBatchFloats / classes)); }

/// The reductions of `count` <= kMostRows rows, with `others` and `log_of_sum` within kLogitRowError of themselves.
struct LogitRows {
  /// Of `others`, relatively.
  static constexpr double kError = kFused ? 0x1p-26 : 0x1p-45;
  /// The magnitude that an Estimate gives to a loss of that error.
  static constexpr double kMagnitude = kFused ? 0x1.8p18 : 1;

  float maximum[kMostRows];
  HWY_ALIGN double others[kMostRows];      ///< Σ e^(x_j - maximum) but for one maximum, as in LogitRow
  HWY_ALIGN double log_of_sum[kMostRows];  ///< log1p(others)
};

#if HWY_NATIVE_FMA

/// Sums as they come from SumExp, made relative to the maxima: times e^(maximum - shift), over 2^binade.
class RowSums {
 public:
  HWY_INLINE RowSums() {
    for (std::size_t r = 0; r < kMostRows; ++r) sum_[r] = exponent_[r] = maxima_[r] = 0;
  }
  HWY_INLINE void Set(std::size_t r, const RowScale& scale, double sum, double maxima) {
    sum_[r] = sum;
    exponent_[r] = scale.Exponent(scale.top);
    maxima_[r] = maxima;
  }
  HWY_INLINE void SetNone(std::size_t r) { sum_[r] = kNaN; }
  HWY_INLINE void SetLanes(std::size_t r, V sum, V exponent) {
    hn::Store(sum, D(), sum_ + r);
    hn::Store(exponent, D(), exponent_ + r);
  }

  /// The sums, with the maxima added, for a `unit` of 2^-exponent.
  HWY_INLINE V Get(std::size_t r, double unit) const {
    const V scale = hn::Mul(ExpNonPositive(hn::Load(D(), exponent_ + r)), Constant(unit));
    return hn::MulAdd(hn::Load(D(), sum_ + r), scale, hn::Load(D(), maxima_ + r));
  }

 private:
  HWY_ALIGN double sum_[kMostRows];
  HWY_ALIGN double exponent_[kMostRows];
  HWY_ALIGN double maxima_[kMostRows];
};

HWY_INLINE void SumLongRows(const float* x, std::size_t n, std::size_t count, bool is_followed, LogitRows& rows,
                            RowSums& sums) {
  for (std::size_t r = 0; r < count; ++r) rows.maximum[r] = FloatRowMaximum(x + r * n, n);
  for (std::size_t r = 0; r < count; ++r) {
    if (!IsFinite(rows.maximum[r])) {
      sums.SetNone(r);
      continue;
    }
    const RowScale scale(rows.maximum[r]);
    SummedRow row = {.x = x + r * n, .n = n};
    if (is_followed) row.fetched = x + (count + r) * n;
    const ExpSums sum = SumExp<true, false>(scale, row, {});
    sums.Set(r, scale, sum.sum, sum.maxima - 1);
  }
}

HWY_INLINE void SumShortRows(const float* x, std::size_t n, std::size_t count, bool is_followed, LogitRows& rows,
                             RowSums& sums) {
  ShortRows lanes;
  lanes.Load(x, count, n, is_followed);
  HWY_ALIGN double sum[kMostRows];
  lanes.Sum<LeftOut::first_maximum, false>(nullptr, sum);
  for (std::size_t r = 0; r < kMostRows; r += hn::Lanes(D())) {
    const V maximum = lanes.Maxima(r);
    hn::StoreU(ToFloat(maximum), F(), rows.maximum + r);
    const V known = hn::IfThenElse(hn::IsFinite(maximum), hn::Load(D(), sum + r), Constant(kNaN));
    sums.SetLanes(r, known, lanes.Exponents(r));
  }
}

HWY_INLINE void ReduceLogitRows(const float* x, std::size_t n, std::size_t count, bool is_followed, LogitRows& rows) {
  RowSums sums;
  if (n <= ShortRows::kMostClasses) {
    SumShortRows(x, n, count, is_followed, rows, sums);
  } else {
    SumLongRows(x, n, count, is_followed, rows, sums);
  }
  for (std::size_t r = 0; r < count; r += hn::Lanes(D())) {
    const V others = sums.Get(r, 0x1p-100);
    hn::Store(others, D(), rows.others + r);
    hn::Store(Log1p(others), D(), rows.log_of_sum + r);
  }
}

#else

HWY_INLINE void ReduceLogitRows(const float* x, std::size_t n, std::size_t count, [[maybe_unused]] bool is_followed,
                                LogitRows& rows) {
  for (std::size_t r = 0; r < count; ++r) {
    const LogitRow row = ReduceLogits(x + r * n, n);
    rows.maximum[r] = row.maximum;
    rows.others[r] = row.others;
    rows.log_of_sum[r] = row.log_of_sum;
  }
}

#endif

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
