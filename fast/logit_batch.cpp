#include "fast/logit_batch.hpp"

#include <cstdint>
#include <cstring>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/logit_batch.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/logit_rows-inl.h"
#include "fast/row_ends-inl.h"
#include "fast/scaled_exp-inl.h"
#include "fast/short_stages-inl.h"
#include "hwy/cache_control.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

#if HWY_NATIVE_FMA

/// One batch of rows of more than 64 classes on its way through the stages.
class LogitStages {
 public:
  HWY_INLINE explicit LogitStages(const LogitBatch& batch) : batch_(batch), n_(batch.classes) {
    for (double& target : target_) target = 1;
  }

  HWY_INLINE std::uint64_t Run() {
    Begin(0);
    for (std::size_t r = 0; r < batch_.count; ++r) {
      if (r + 1 < batch_.count) Begin(r + 1);  // its look at the row waits for nothing of this one's sum
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
  /// beside targets, whose reads wait in the same queue; but beyond the beginning of the row that is looked at next).
  std::size_t Ahead() const {
    const bool has_targets = batch_.targets != nullptr;
    const std::size_t batch = batch_.count * n_;
    if (batch_.result != nullptr) return n_ <= kMostFetched ? batch : has_targets ? 1024 : 4096;
    if (has_targets && n_ <= kBatchFloats) return HWY_MIN(batch, HWY_MAX(2 * n_, 2560));
    return n_ <= kMostFetched && !has_targets ? batch : 2048;
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
    const bool is_class = label >= 0 && static_cast<std::uint64_t>(label) < n_ && label != batch_.ignored;
    if (!is_class || IsInfinite(Row(r)[label])) return Leave(r);
    top_[r] = HWY_MAX(top_[r], Row(r)[label]);
  }

  /// Soft targets as they usually are: the sum need not begin to find the second one.
  static bool BeginsSoft(const float* target) { return target[0] != 0 && target[1] != 0; }
  static bool IsInRange(double factor) { return HWY_MAX(factor, -factor) <= kLargestFactor; }
  void Leave(std::size_t r) { left_ |= std::uint64_t{1} << r; }

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

  HWY_INLINE void Finish() {
    const DoubleExpTable exp;
    for (std::size_t r = 0; r < batch_.count; r += hn::Lanes(D())) {
      const V sum = hn::Load(D(), sum_ + r);
      if (!HasLabels()) {
        hn::Store(FactorOf(sum), D(), factor_ + r);
        continue;
      }
      const LabelledEnd end(exp, sum, hn::Load(D(), exponent_ + r), hn::Load(D(), distance_ + r));
      hn::Store(end.loss, D(), loss_ + r);
      hn::Store(end.factor, D(), factor_ + r);
      hn::Store(end.missing, D(), missing_ + r);
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

  /// A NaN among the logits makes the sum one.
  HWY_NOINLINE void Fill(float* result) const {
    for (std::size_t i = 0; i < n_; ++i) result[i] = std::numeric_limits<float>::quiet_NaN();
  }

  static constexpr std::size_t kMostFetched = 65536;
  static constexpr std::size_t kKeptFloats = kBatchFloats + kMostRows * kStepFloats;

  const LogitBatch& batch_;
  std::size_t n_;
  SharedVector shared_;
  std::uint64_t left_ = 0;
  float top_[kMostRows];
  float maximum_[kMostRows];
  std::size_t label_[kMostRows];
  double target_[kMostRows];  ///< at the label
  HWY_ALIGN double sum_[kMostRows] = {};
  HWY_ALIGN double exponent_[kMostRows] = {};
  HWY_ALIGN double distance_[kMostRows] = {};
  HWY_ALIGN double factor_[kMostRows] = {};
  HWY_ALIGN double loss_[kMostRows];
  HWY_ALIGN double missing_[kMostRows];
  HWY_ALIGN_MAX float kept_[2 * kKeptFloats];
};

std::uint64_t RunLogitBatch(const LogitBatch& batch) {
  return batch.classes <= LogitBatch::short_row ? ShortStages(batch).Run() : LogitStages(batch).Run();
}

#else

std::uint64_t RunLogitBatch(const LogitBatch& batch) {
  return ~std::uint64_t{0} >> (LogitBatch::most_rows - batch.count);
}

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

std::uint64_t compute_logit_batch(const LogitBatch& batch) { return HWY_DYNAMIC_DISPATCH(RunLogitBatch)(batch); }

}  // namespace lossaudit::fast
#endif
