// Rows of up to 64 classes with targets of any kind, sixteen at a time in lanes of their own (soft_rows-inl.h).
#if defined(LOSSAUDIT_FAST_SHORT_SOFT_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_SHORT_SOFT_ROWS_INL_H_
#undef LOSSAUDIT_FAST_SHORT_SOFT_ROWS_INL_H_
#else
#define LOSSAUDIT_FAST_SHORT_SOFT_ROWS_INL_H_
#endif

#include <cstddef>
#include <cstdint>

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
        x_(batch.x, batch.count, n_),
        target_(batch.target, batch.count, n_),
        keep_(Constant(batch.keep)),
        share_(Constant(batch.share)) {
    x_.Maxima(maximum_, top_);
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
  HWY_INLINE M IsTop(V top, std::size_t c) const { return hn::Eq(top, Constant(static_cast<double>(c))); }
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
    const V m = LoadFloats(maximum_ + r);
    const V top = hn::PromoteTo(D(), hn::LoadU(hn::Rebind<std::int32_t, D>(), top_ + r));
    const V factor = hn::Load(D(), factor_ + r);
    const V zero = hn::Zero(D());
    V of_top = zero;
    V least = zero;
    const auto take = [&](std::size_t c, Sums& sums) HWY_ATTR {
      const V target = LoadClass(target_, c, r);
      const V coefficient = hn::MulAdd(keep_, target, share_);
      const M is_top = IsTop(top, c);
      const V product = hn::Mul(coefficient, hn::Sub(LoadClass(x_, c, r), m));
      least = hn::Min(least, target);
      of_top = hn::IfThenElse(is_top, coefficient, of_top);
      sums.others = hn::Add(sums.others, hn::IfThenZeroElse(is_top, hn::Load(D(), kept_ + c * kRows + r)));
      sums.coefficients = hn::Add(sums.coefficients, hn::IfThenZeroElse(is_top, coefficient));
      // 0 times an infinity is 0.
      sums.distances = hn::Add(sums.distances, hn::IfThenZeroElse(hn::Eq(coefficient, zero), product));
    };
    Sums even;
    Sums odd;
    std::size_t c = 0;
    for (; c + 2 <= n_; c += 2) {
      take(c, even);
      take(c + 1, odd);
    }
    if (c < n_) take(c, even);
    // A NaN that is the maximum is in no sum.
    const V others = hn::Add(hn::Add(even.others, odd.others), hn::Sub(m, m));
    const V coefficients = hn::Add(even.coefficients, odd.coefficients);
    const V all = hn::Add(coefficients, of_top);
    const SoftScale scale(others, coefficients, of_top, factor);
    const V loss = hn::Sub(hn::Mul(all, Log1p(others)), hn::Add(even.distances, odd.distances));
    hn::Store(loss, D(), losses + r);
    M is_held = hn::And(hn::Ge(least, zero), hn::Le(all, Constant(kMostTarget)));
    is_held = hn::And(is_held, hn::Le(hn::Abs(factor), Constant(kMostFactor)));
    is_held = hn::AndNot(hn::Or(hn::Eq(hn::Abs(m), Constant(kInfinity)), hn::Eq(loss, Constant(kInfinity))), is_held);
    if (batch_.gradient != nullptr) outcome.incomplete |= Differentiate(scale, top, r) << r;
    return Bits(hn::Not(is_held));
  }

  /// Gives the rows with elements that are not to be trusted; not those that are NaN altogether.
  HWY_INLINE std::uint32_t Differentiate(const SoftScale& scale, V top, std::size_t r) {
    M all_trusted = hn::Eq(scale.factor, scale.factor);
    for (std::size_t c = 0; c < n_; ++c) {
      const V coefficient = Coefficient(c, r);
      const M is_top = IsTop(top, c);
      const V general = scale.ValueOf(hn::Load(D(), kept_ + c * kRows + r), coefficient);
      const V value = hn::IfThenElse(is_top, scale.top_value, general);
      const M is_trusted =
          hn::Or(hn::And(is_top, scale.is_top_trusted), hn::AndNot(is_top, SoftScale::IsTrusted(general, coefficient)));
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
  float maximum_[kRows];
  std::int32_t top_[kRows];
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
