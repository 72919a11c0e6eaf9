// Rows of up to 64 classes with targets of any kind, sixteen at a time in lanes of their own (soft_rows-inl.h).
#if defined(LOSSAUDIT_FAST_SHORT_SOFT_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_SHORT_SOFT_ROWS_INL_H_
#undef LOSSAUDIT_FAST_SHORT_SOFT_ROWS_INL_H_
#else
#define LOSSAUDIT_FAST_SHORT_SOFT_ROWS_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <limits>

#include "fast/brief-inl.h"
#include "fast/short_rows-inl.h"
#include "fast/soft_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

#if HWY_NATIVE_FMA

/// Rows of up to 64 classes, each in a lane of its own.
class ShortSoftRows {
 public:
  HWY_INLINE explicit ShortSoftRows(const SoftBatch& batch)
      : batch_(batch),
        n_(batch.classes),
        x_(batch.x, batch.count, n_, batch.is_followed),
        target_(batch.target, batch.count, n_, batch.is_followed),
        keep_(Constant(batch.keep)),
        share_(Constant(batch.share)) {
    for (std::size_t p = 0; p < kRowParts; ++p) {
      VF maximum = Floats(-std::numeric_limits<float>::infinity());
      VF least = Floats(0);
      for (std::size_t c = 0; c < n_; ++c) {
        maximum = hn::Max(hn::Load(FD(), x_.Column(c, p)), maximum);
        least = hn::Min(hn::Load(FD(), target_.Column(c, p)), least);
      }
      hn::Store(maximum, FD(), maximum_ + p * kFloatLanes);
      hn::Store(least, FD(), least_ + p * kFloatLanes);
    }
    // No scalar store stands between these and the loads of what they leave, which would have to wait for it.
    for (std::size_t r = 0; r < kRows; r += hn::Lanes(D())) {
      hn::Store(LoadFloats(maximum_ + r), D(), shift_ + r);
      hn::Store(FactorsFrom(r), D(), factor_ + r);
    }
    for (std::size_t i = 0; i < kRows * n_; i += kFetched) {
      FetchLater(batch.x + i, kFetchedBatches * kRows * n_);
      FetchLater(batch.target + i, kFetchedBatches * kRows * n_);
    }
  }

  HWY_INLINE SoftOutcome Run() {
    HWY_ALIGN double losses[kRows];
    SoftOutcome outcome;
    static_assert(2 * kRows == kExpStep);
    Exponentials(x_.Column(0, 0), shift_, kept_, (n_ + 1) / 2 * kExpStep);
    for (std::size_t r = 0; r < kRows; r += hn::Lanes(D())) {
      const std::uint32_t rows = Lanes(r, losses, outcome);
      outcome.left |= rows << r;
    }
    const std::uint32_t all = (std::uint32_t{1} << batch_.count) - 1;
    outcome.left &= all;
    outcome.incomplete &= all & ~outcome.left;
    for (std::size_t r = 0; r < batch_.count && batch_.losses != nullptr; ++r) batch_.losses[r] = losses[r];
    if (batch_.gradient != nullptr) Write(outcome.left);
    return outcome;
  }

 private:
  static constexpr std::size_t kRows = ShortColumns::kRows;
  static constexpr double kTopMark = -1;             // in the place of the top's exponential
  static constexpr std::size_t kFetched = 16;        // floats in a cache line
  static constexpr std::size_t kFetchedBatches = 2;  // later

  static HWY_INLINE V LoadClass(const ShortColumns& columns, std::size_t c, std::size_t r) {
    return LoadFloats(columns.Column(c, 0) + r);
  }
  HWY_INLINE V Coefficient(std::size_t c, std::size_t r) const {
    return hn::MulAdd(keep_, LoadClass(target_, c, r), share_);
  }
  HWY_INLINE V FactorsFrom(std::size_t r) const {
    if (batch_.factors == nullptr || r >= batch_.count) return Constant(1);
    return hn::MaskedLoad(hn::FirstN(D(), batch_.count - r), D(), batch_.factors + r);
  }
  static HWY_INLINE std::uint32_t Bits(M mask) {
    std::uint8_t bits[8] = {};  // as many as StoreMaskBits may write
    hn::StoreMaskBits(D(), mask, bits);
    return bits[0];
  }

  struct Sums {
    HWY_INLINE Sums() : others(hn::Zero(D())), coefficients(others), distances(others) {}
    V others, coefficients, distances;
  };

  /// The rows from r on, a lane each: their losses and the columns of their gradients. Gives those that are to be left.
  HWY_INLINE std::uint32_t Lanes(std::size_t r, double* losses, SoftOutcome& outcome) {
    const V m = hn::Load(D(), shift_ + r);
    const V zero = hn::Zero(D());
    V of_top = zero;
    M has_top = hn::FirstN(D(), 0);
    const auto take = [&](std::size_t c, Sums& sums) HWY_ATTR {
      const V coefficient = Coefficient(c, r);
      const V distance = SoftDistance(LoadClass(x_, c, r), m);
      const V e = hn::Load(D(), kept_ + c * kRows + r);
      const M is_top = hn::AndNot(has_top, hn::Eq(distance, zero));
      has_top = hn::Or(has_top, is_top);
      hn::Store(hn::IfThenElse(is_top, Constant(kTopMark), e), D(), kept_ + c * kRows + r);
      of_top = hn::IfThenElse(is_top, coefficient, of_top);
      sums.others = hn::Add(sums.others, hn::IfThenZeroElse(is_top, e));
      sums.coefficients = hn::Add(sums.coefficients, hn::IfThenZeroElse(is_top, coefficient));
      sums.distances = hn::MulAdd(coefficient, distance, sums.distances);
    };
    Sums even;
    Sums odd;
    std::size_t c = 0;
    for (; c + 2 <= n_; c += 2) {
      take(c, even);
      take(c + 1, odd);
    }
    if (c < n_) take(c, even);
    const V others = hn::Add(even.others, odd.others);
    const V coefficients = hn::Add(even.coefficients, odd.coefficients);
    const V all = hn::Add(coefficients, of_top);
    const V factor = hn::Load(D(), factor_ + r);
    const V loss = hn::Sub(hn::Mul(all, BriefLog1p(others)), hn::Add(even.distances, odd.distances));
    hn::Store(loss, D(), losses + r);
    M is_held = hn::And(hn::Ge(LoadFloats(least_ + r), zero), hn::Le(all, Constant(kMostTarget)));
    is_held = hn::And(is_held, hn::Le(hn::Abs(factor), Constant(kMostFactor)));
    const M is_infinite = hn::Or(hn::Eq(hn::Abs(m), Constant(kInfinity)), hn::Gt(loss, Constant(kMostLoss)));
    if (batch_.gradient != nullptr) {
      const SoftScale scale(others, coefficients, of_top, factor);
      outcome.incomplete |= Differentiate(scale, r) << r;
    }
    return Bits(hn::Not(hn::AndNot(is_infinite, is_held)));
  }

  /// Gives the rows with elements that are not to be trusted; not those that are NaN altogether.
  HWY_INLINE std::uint32_t Differentiate(const SoftScale& scale, std::size_t r) {
    M all_trusted = scale.is_top_trusted;
    for (std::size_t c = 0; c < n_; ++c) {
      const V e = hn::Load(D(), kept_ + c * kRows + r);
      const V coefficient = Coefficient(c, r);
      const M is_top = hn::Eq(e, Constant(kTopMark));
      const V value = hn::IfThenElse(is_top, scale.top_value, scale.ValueOf(e, coefficient));
      const M is_trusted = hn::Or(is_top, SoftScale::IsTrusted(value, coefficient));
      all_trusted = hn::And(all_trusted, is_trusted);
      StoreFloats(scale.Result(is_trusted, value), gradient_ + c * kRows + r);
    }
    return Bits(hn::AndNot(all_trusted, hn::Eq(scale.sum, scale.sum)));
  }

  HWY_INLINE void Write(std::uint32_t left) {
    for (std::size_t c = n_; c < (n_ + 3) / 4 * 4; ++c) {
      for (std::size_t r = 0; r < kRows; r += kFloatLanes) hn::Store(Floats(0), FD(), gradient_ + c * kRows + r);
    }
    HWY_ALIGN float rows[kRows * ShortColumns::kMostClasses + 4];
    const auto column = [&](std::size_t c, std::size_t p)
                            HWY_ATTR { return hn::Load(FD(), gradient_ + c * kRows + p * kFloatLanes); };
    StoreShortRows(column, n_, rows);
    CopyShortRows(rows, n_, batch_.count, left, batch_.gradient);
  }

  const SoftBatch& batch_;
  std::size_t n_;
  ShortColumns x_, target_;
  V keep_, share_;
  HWY_ALIGN float maximum_[kRows];
  HWY_ALIGN float least_[kRows];
  HWY_ALIGN double factor_[kRows];
  HWY_ALIGN double shift_[kRows];
  HWY_ALIGN_MAX double kept_[ShortColumns::kMostClasses * kRows];
  HWY_ALIGN_MAX float gradient_[ShortColumns::kMostClasses * kRows];
};
static_assert(ShortColumns::kMostClasses == SoftBatch::short_row && ShortColumns::kRows == SoftBatch::most_rows);

#endif

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
