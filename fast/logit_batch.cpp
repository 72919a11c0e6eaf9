#include "fast/logit_batch.hpp"

#include <cstdint>
#include <cstring>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/logit_batch.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/brief-inl.h"
#include "fast/logit_rows-inl.h"
#include "fast/scaled_exp-inl.h"
#include "fast/short_rows-inl.h"
#include "fast/table_exp-inl.h"
#include "hwy/cache_control.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

#if HWY_NATIVE_FMA

/// One batch on its way through the stages.
class LogitStages {
 public:
  HWY_INLINE explicit LogitStages(const LogitBatch& batch) : batch_(batch), n_(batch.classes) {
    for (double& target : target_) target = 1;
  }

  /// Rows of up to 64 classes go through them in the lanes of one another.
  HWY_INLINE std::uint32_t RunShort() {
    ShortRows rows(batch_.x, batch_.count, n_, batch_.is_followed);
    LoadLanes();
    rows.Sum(left_out_, batch_.result != nullptr, sum_);
    std::uint32_t held = 0;
    for (std::size_t r = 0; r < kMostRows; r += hn::Lanes(D())) {
      const V maximum = rows.Maxima(r);
      const V factor = hn::Load(D(), given_ + r);
      M is_held = hn::And(hn::IsFinite(maximum), hn::Le(hn::Abs(factor), Constant(kLargestFactor)));
      hn::Store(rows.Exponents(r), D(), exponent_ + r);
      if (HasLabels()) {
        const V label = hn::PromoteTo(D(), hn::Load(hn::Rebind<std::int32_t, D>(), left_out_ + r));
        is_held = hn::And(is_held,
                          hn::AndNot(hn::Eq(hn::Abs(rows.Own(r)), Constant(kInfinity)), hn::Ge(label, hn::Zero(D()))));
        hn::Store(hn::Sub(maximum, rows.Own(r)), D(), distance_ + r);
      }
      std::uint8_t bits[8] = {};  // as many as StoreMaskBits may write
      hn::StoreMaskBits(D(), is_held, bits);
      held |= std::uint32_t{bits[0]} << r;
    }
    left_ = ~held & ((std::uint32_t{1} << batch_.count) - 1);
    Finish();
    if (batch_.losses != nullptr) TellLosses();
    if (batch_.result != nullptr) WriteShort(rows);
    return left_;
  }

  HWY_INLINE std::uint32_t Run() {
    for (std::size_t r = 0; r < batch_.count; ++r) Begin(r);
    for (std::size_t r = 0; r < batch_.count; ++r) {
      if (!IsLeft(r)) Sum(r);
    }
    Finish();
    if (batch_.losses != nullptr) TellLosses();
    if (batch_.result == nullptr) return left_;
    for (std::size_t r = 0; r < batch_.count; ++r) {
      if (!IsLeft(r)) Write(r);
    }
    shared_.Flush();
    return left_;
  }

 private:
  bool IsLeft(std::size_t r) const { return (left_ >> r & 1) != 0; }
  const float* Row(std::size_t r) const { return batch_.x + r * n_; }
  /// With the target, as soon as that is known.
  double Factor(std::size_t r) const { return target_[r] * (batch_.factors == nullptr ? 1 : batch_.factors[r]); }
  bool HasLabels() const { return batch_.labels != nullptr || batch_.targets != nullptr; }

  /// Rows that are short enough are raised once; longer ones have no room for it in the first-level cache.
  bool Keeps() const { return batch_.result != nullptr && n_ <= kBatchFloats; }
  KeptTerms Terms(std::size_t r) {
    const std::size_t at = r * ((n_ + kStepFloats - 1) / kStepFloats * kStepFloats);
    return {kept_ + at, kept_ + kKeptFloats + at};
  }

  /// How far behind a row stands what is fetched beside it: the row that follows the batch; where such rows fill half of
  /// a second-level cache with what is read again, or are read once beside their targets, what is read next (less far
  /// beside targets, whose reads wait in the same queue).
  std::size_t Ahead() const {
    const std::size_t near = batch_.targets != nullptr ? 1024 : 4096;
    if (batch_.result != nullptr) return n_ > kMostFetched ? near : batch_.count * n_;
    return n_ > (batch_.targets != nullptr ? kBatchFloats : kMostFetched) ? 2048 : batch_.count * n_;
  }
  bool IsNear() const { return Ahead() < n_; }

  /// Both at once would be more than a cache can wait for: with a result the targets of a row that follows come beside it.
  bool FetchesTargetsLate() const { return batch_.is_followed && batch_.result != nullptr && !IsNear(); }

  SummedRow Summed(std::size_t r) const {
    SummedRow row = {.x = Row(r), .n = n_};
    if (batch_.labels != nullptr) row.left_out = static_cast<std::size_t>(batch_.labels[r]);
    if (batch_.targets != nullptr) row.target = batch_.targets + r * n_;
    if (!batch_.is_followed) return row;
    row.fetched = row.x + Ahead();
    if (row.target != nullptr && !FetchesTargetsLate()) row.fetched_targets = row.target + Ahead();
    return row;
  }

  HWY_INLINE void Begin(std::size_t r) {
    if (batch_.streams && r == 0) FetchEnds(batch_.result, batch_.count * n_);
    if (batch_.targets != nullptr && BeginsSoft(batch_.targets + r * n_)) return Leave(r);
    // A look at a short row brings it into the first-level cache, which costs as much as it saves the sum. A long one
    // is only sampled.
    top_[r] = Keeps() ? FloatRowMaximum(Row(r), n_) : SampleTop(Row(r), n_);
    if (!IsFinite(top_[r]) || !IsInRange(Factor(r))) return Leave(r);
    if (batch_.labels == nullptr) return;
    const std::int64_t label = batch_.labels[r];
    if (label < 0 || IsInfinite(Row(r)[label])) return Leave(r);
    top_[r] = HWY_MAX(top_[r], Row(r)[label]);
  }

  /// The factors and labels of short rows, in lanes.
  HWY_INLINE void LoadLanes() {
    for (std::size_t r = 0; r < kMostRows; r += hn::Lanes(D())) {
      const std::size_t count = batch_.count < r ? 0 : batch_.count - r;
      const auto is_row = hn::FirstN(D(), count);
      V factor = Constant(1);
      if (batch_.factors != nullptr && count != 0) {
        factor = hn::IfThenElse(is_row, hn::MaskedLoad(is_row, D(), batch_.factors + r), factor);
      }
      hn::Store(factor, D(), given_ + r);
      const hn::RebindToSigned<D> wide;
      auto label = hn::Set(wide, -1);
      if (HasLabels() && count != 0) {
        const auto has_label = hn::RebindMask(wide, is_row);
        label = hn::IfThenElse(has_label, hn::MaskedLoad(has_label, wide, batch_.labels + r), label);
      }
      const hn::Rebind<std::uint32_t, D> narrow;
      const auto low = hn::TruncateTo(narrow, hn::BitCast(hn::RebindToUnsigned<D>(), label));
      hn::Store(low, narrow, reinterpret_cast<std::uint32_t*>(left_out_ + r));
    }
  }

  /// Soft targets as they usually are: the sum need not begin to find the second one.
  static bool BeginsSoft(const float* target) { return target[0] != 0 && target[1] != 0; }
  static bool IsInRange(double factor) { return HWY_MAX(factor, -factor) <= kLargestFactor; }
  void Leave(std::size_t r) { left_ |= std::uint32_t{1} << r; }

  HWY_INLINE void Sum(std::size_t r) {
    ExpSums sums = SumFrom(r);
    if (!RowScale(top_[r]).Reaches(sums.maximum)) {
      top_[r] = FloatRowMaximum(Row(r), n_);
      if (!IsFinite(top_[r])) return Leave(r);
      sums = SumFrom(r);
    }
    sum_[r] = sums.sum;
    maximum_[r] = sums.maximum;
    label_[r] = sums.left_out;
    if (HasLabels()) Measure(r);
    exponent_[r] = RowScale(top_[r]).Exponent(maximum_[r]);
  }

  HWY_INLINE ExpSums SumFrom(std::size_t r) {
    const RowScale scale(top_[r]);
    return Keeps() ? SumExp<false, true>(scale, Summed(r), Terms(r)) : SumExp<false, false>(scale, Summed(r), {});
  }

  /// The label, which may have been found only now.
  HWY_INLINE void Measure(std::size_t r) {
    if (label_[r] == kNoClass) return Leave(r);
    const float own = Row(r)[label_[r]];
    if (batch_.targets != nullptr) {
      target_[r] = batch_.targets[r * n_ + label_[r]];
      if (!(target_[r] > 0 && target_[r] < kInfinity) || IsInfinite(own) || !IsInRange(Factor(r))) return Leave(r);
    }
    maximum_[r] = HWY_MAX(maximum_[r], own);
    distance_[r] = static_cast<double>(maximum_[r]) - own;
  }

  /// Everything in units of e^maximum; what has no label needs none.
  HWY_INLINE void Finish() {
    const DoubleExpTable exp;
    for (std::size_t r = 0; r < batch_.count; r += hn::Lanes(D())) {
      if (!HasLabels()) {
        hn::Store(hn::Div(Constant(0x1p100), hn::Load(D(), sum_ + r)), D(), factor_ + r);
        continue;
      }
      const V distance = hn::Load(D(), distance_ + r);
      V scale_and_own[2] = {hn::Load(D(), exponent_ + r), hn::Neg(distance)};
      exp.Raise<2>(scale_and_own);
      const V scale = scale_and_own[0];
      const V own = scale_and_own[1];
      const V sum = hn::Mul(hn::Mul(hn::Load(D(), sum_ + r), Constant(0x1p-100)), scale);
      // The sum is without the label's own term, which is 1 where the label has the maximum; elsewhere the sum is at
      // least 1.
      const V others = hn::IfThenElse(hn::Eq(distance, hn::Zero(D())), sum, hn::Add(hn::Sub(sum, Constant(1)), own));
      const V all = hn::Add(sum, own);
      hn::Store(hn::Add(distance, BriefLog1p(others)), D(), loss_ + r);
      hn::Store(hn::Div(scale, all), D(), factor_ + r);
      hn::Store(hn::Div(sum, all), D(), missing_ + r);
    }
  }

  HWY_INLINE void TellLosses() {
    for (std::size_t r = 0; r < batch_.count; ++r) {
      if (!IsLeft(r)) batch_.losses[r] = target_[r] * loss_[r];
    }
  }

  HWY_INLINE void Write(std::size_t r) {
    float* result = batch_.result + r * n_;
    if (!(factor_[r] < kInfinity)) return Fill(result);
    OneElement own;
    if (HasLabels()) own = {label_[r], static_cast<float>(-missing_[r] * Factor(r))};
    const float* fetched = nullptr;
    if (batch_.targets != nullptr && FetchesTargetsLate()) fetched = batch_.targets + r * n_ + Ahead();
    const double factor = factor_[r] * Factor(r) * 0x1p-70;  // Σ is 2^100 times too large, and 2^30 are wanted
    if (Keeps() && HWY_MAX(factor, -factor) >= FromTerms::kLeastFactor) {
      return MapKeptTerms(Terms(r), factor, result, n_, own, batch_.streams, fetched, shared_);
    }
    MapScaledExp(RowScale(top_[r]), factor_[r] * Factor(r), Row(r), result, n_, own, batch_.streams, fetched, shared_);
  }

  HWY_INLINE void WriteShort(ShortRows& rows) {
    HWY_ALIGN float own[kMostRows] = {};
    for (std::size_t r = 0; r < batch_.count; r += hn::Lanes(D())) {
      const V given = hn::Load(D(), given_ + r);
      hn::Store(hn::Mul(hn::Load(D(), factor_ + r), given), D(), factor_ + r);
      if (HasLabels()) hn::Store(ToFloat(hn::Neg(hn::Mul(hn::Load(D(), missing_ + r), given))), F(), own + r);
    }
    // What is written behind the last row is overwritten by the rows that follow, unless these are still to be read.
    if (left_ == 0 && batch_.count == kMostRows && batch_.is_followed && ShortStride(n_) == n_ &&
        batch_.result != batch_.x) {
      return rows.Scaled(factor_, left_out_, own, batch_.result);
    }
    HWY_ALIGN float result[ShortRows::kRows * ShortRows::kMostClasses + 4];
    rows.Scaled(factor_, left_out_, own, result);
    CopyShortRows(result, n_, batch_.count, left_, batch_.result);
  }

  /// A NaN among the logits makes the sum one.
  HWY_NOINLINE void Fill(float* result) const {
    for (std::size_t i = 0; i < n_; ++i) result[i] = std::numeric_limits<float>::quiet_NaN();
  }

  static constexpr double kLargestFactor = 0x1p60;
  static constexpr std::size_t kMostFetched = 65536;
  static constexpr std::size_t kKeptFloats = kBatchFloats + kMostRows * kStepFloats;

  const LogitBatch& batch_;
  std::size_t n_;
  SharedVector shared_;
  std::uint32_t left_ = 0;
  float top_[kMostRows];
  float maximum_[kMostRows];
  std::size_t label_[kMostRows];
  double target_[kMostRows];  ///< at the label
  HWY_ALIGN double sum_[kMostRows] = {};
  HWY_ALIGN double exponent_[kMostRows] = {};
  HWY_ALIGN double distance_[kMostRows] = {};
  HWY_ALIGN double factor_[kMostRows] = {};
  HWY_ALIGN double given_[kMostRows];
  HWY_ALIGN std::int32_t left_out_[kMostRows];
  HWY_ALIGN double loss_[kMostRows];
  HWY_ALIGN double missing_[kMostRows];
  HWY_ALIGN_MAX float kept_[2 * kKeptFloats];
};

std::uint32_t RunLogitBatch(const LogitBatch& batch) {
  LogitStages stages(batch);
  return batch.classes <= ShortRows::kMostClasses ? stages.RunShort() : stages.Run();
}

#else

std::uint32_t RunLogitBatch(const LogitBatch& batch) { return (std::uint32_t{1} << batch.count) - 1; }

#endif

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(RunLogitBatch);

bool should_stream(const float* x, const float* result, std::size_t floats) {
  constexpr std::size_t kLargestCached = std::size_t{1} << 20;  // 4 MiB
  return result != x && floats > kLargestCached;
}

void flush_streams() { hwy::FlushStream(); }

std::uint32_t compute_logit_batch(const LogitBatch& batch) { return HWY_DYNAMIC_DISPATCH(RunLogitBatch)(batch); }

}  // namespace lossaudit::fast
#endif
