#include "fast/logit_batch.hpp"

#include <bit>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/logit_batch.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/logit_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

#if HWY_NATIVE_FMA

/// result[i] = kept[i] * factor. The factor is split in two floats, so before its own rounding a product is within 2^-48
/// of itself, beside the 2^-24 that the kept exponential was rounded by and the sum's 2^-26: 1.8 ulp. Where the product
/// is subnormal its lesser part rounds too, to half of the least float.
HWY_INLINE void ScaleRow(const float* kept, double factor, float* result, std::size_t n) {
  const FD d;
  const auto high = static_cast<float>(factor);
  const VF h = Floats(high);
  const VF l = Floats(static_cast<float>(factor - high));
  const auto scaled = [&](VF v) { return hn::MulAdd(v, h, hn::Mul(v, l)); };
  std::size_t i = 0;
  for (; i + kFloatLanes <= n; i += kFloatLanes) hn::StoreU(scaled(hn::LoadU(d, kept + i)), d, result + i);
  if (i < n) StorePart(scaled(LoadPart(kept + i, n - i, 0)), result + i, n - i);
}

/// Where a row's exponentials lie so that their products with a factor of that size are found with all their digits,
/// down to the least float, and both parts of factor / Σ e^x are floats.
struct ScaledRange {
  HWY_INLINE explicit ScaledRange(double factor) {
    const auto bits = std::bit_cast<std::uint64_t>(factor);
    const auto binade = static_cast<std::int32_t>(bits >> 52 & 0x7ff) - 1023;
    exponent = HWY_MIN(100, HWY_MAX(-10, 60 + binade));
    depth = static_cast<float>(HWY_MAX(110, 152 + binade)) * 0x1.62e430p-1f;
    is_held = binade <= 60;
  }
  std::int32_t exponent;
  float depth;
  bool is_held;
};

HWY_INLINE double PowerOfTwo(std::int32_t exponent) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(1023 + exponent) << 52);
}

/// One batch on its way through the stages.
class LogitStages {
 public:
  /// Up to this many floats wait for their sum in the first-level cache, more in the result.
  static constexpr std::size_t kKeptFloats = 4096;

  explicit LogitStages(const LogitBatch& batch) : batch_(batch), n_(batch.classes) {}

  std::uint32_t Run() {
    for (std::size_t r = 0; r < batch_.count; ++r) Begin(r);
    for (std::size_t r = 0; r < batch_.count; ++r) {
      if (!IsLeft(r)) Sum(r);
    }
    Finish();
    if (batch_.result != nullptr) {
      for (std::size_t r = 0; r < batch_.count; ++r) {
        if (!IsLeft(r)) Write(r);
      }
    }
    return left_;
  }

 private:
  bool IsLeft(std::size_t r) const { return (left_ >> r & 1) != 0; }
  const float* Row(std::size_t r) const { return batch_.x + r * n_; }
  float* Result(std::size_t r) const { return batch_.result + r * n_; }
  float* Kept(std::size_t r) { return n_ > kKeptFloats ? Result(r) : kept_ + r * n_; }
  double Factor(std::size_t r) const { return batch_.factors == nullptr ? 1 : batch_.factors[r]; }
  bool HasLabels() const { return batch_.labels != nullptr; }
  std::size_t Label(std::size_t r) const { return HasLabels() ? static_cast<std::size_t>(batch_.labels[r]) : kNoClass; }

  HWY_INLINE void Begin(std::size_t r) {
    maximum_[r] = FloatRowMaximum(Row(r), n_);
    bool is_held = IsFinite(maximum_[r]) && ScaledRange(Factor(r)).is_held;
    distance_[r] = 0;
    if (HasLabels() && is_held) {
      is_held = batch_.labels[r] >= 0 && IsFinite(Row(r)[Label(r)]);
      if (is_held) distance_[r] = static_cast<double>(maximum_[r]) - Row(r)[Label(r)];
    }
    left_ |= static_cast<std::uint32_t>(!is_held) << r;
  }

  HWY_INLINE void Sum(std::size_t r) {
    const std::size_t ahead = batch_.count * n_;
    if (batch_.result == nullptr) {
      const RowScale scale(maximum_[r], kSumExponent, kSumDepth);
      Set(r, scale, SumExp<false, false>(scale, Row(r), n_, Label(r), ahead, nullptr).sum, kSumExponent);
      return;
    }
    const ScaledRange range(Factor(r));
    const RowScale scale(maximum_[r], range.exponent, range.depth);
    Set(r, scale, SumExp<false, true>(scale, Row(r), n_, Label(r), ahead, Kept(r)).sum, range.exponent);
    unit_[r] = PowerOfTwo(-range.exponent);
    // The others of a very confident label reach further down than softmax does.
    if (HasLabels() && distance_[r] == 0 && sum_[r] < 0x1p-59) SumFar(r);
  }

  /// From x, which Kept() has overwritten where it is long and lies in its place.
  HWY_NOINLINE void SumFar(std::size_t r) {
    const RowScale scale(maximum_[r], kSumExponent, kSumDepth);
    Set(r, scale, SumExp<false, false>(scale, Row(r), n_, Label(r), 0, nullptr).sum, kSumExponent);
  }

  HWY_INLINE void Set(std::size_t r, const RowScale& scale, double sum, std::int32_t exponent) {
    constexpr double kLn2 = 0x1.62e42fefa39efp-1;
    sum_[r] = sum * PowerOfTwo(-exponent);
    exponent_[r] = scale.binade * kLn2 - (scale.maximum - scale.shift);
  }

  /// Everything in units of e^maximum.
  HWY_INLINE void Finish() {
    for (std::size_t r = 0; r < batch_.count; r += hn::Lanes(D())) {
      const V scale = ExpNonPositive(hn::Load(D(), exponent_ + r));
      const V sum = hn::Mul(hn::Load(D(), sum_ + r), scale);
      if (!HasLabels()) {
        hn::Store(hn::Div(scale, sum), D(), factor_ + r);
        continue;
      }
      // The sum is without the label's own term, which is 1 where the label has the maximum; elsewhere the sum is at
      // least 1.
      const V distance = hn::Load(D(), distance_ + r);
      const V own = ExpNonPositive(hn::Neg(distance));
      const V others = hn::IfThenElse(hn::Eq(distance, hn::Zero(D())), sum, hn::Add(hn::Sub(sum, Constant(1)), own));
      const V all = hn::Add(sum, own);
      hn::Store(hn::Add(distance, Log1p(others)), D(), loss_ + r);
      hn::Store(hn::Div(scale, all), D(), factor_ + r);
      hn::Store(hn::Div(sum, all), D(), missing_ + r);
    }
    if (batch_.losses == nullptr) return;
    for (std::size_t r = 0; r < batch_.count; ++r) {
      if (!IsLeft(r)) batch_.losses[r] = loss_[r];
    }
  }

  HWY_INLINE void Write(std::size_t r) {
    ScaleRow(Kept(r), factor_[r] * unit_[r] * Factor(r), Result(r), n_);
    if (HasLabels()) Result(r)[Label(r)] = static_cast<float>(-missing_[r] * Factor(r));
  }

  const LogitBatch& batch_;
  std::size_t n_;
  std::uint32_t left_ = 0;
  float maximum_[kMostRows];
  double unit_[kMostRows];
  HWY_ALIGN double sum_[kMostRows] = {};
  HWY_ALIGN double exponent_[kMostRows] = {};
  HWY_ALIGN double distance_[kMostRows] = {};
  HWY_ALIGN double factor_[kMostRows];
  HWY_ALIGN double loss_[kMostRows];
  HWY_ALIGN double missing_[kMostRows];
  HWY_ALIGN float kept_[kKeptFloats];
};

std::uint32_t RunLogitBatch(const LogitBatch& batch) {
  LogitStages stages(batch);
  return stages.Run();
}

#else

std::uint32_t RunLogitBatch(const LogitBatch& batch) { return (std::uint32_t{1} << batch.count) - 1; }

#endif

std::size_t FindHardTarget(const float* target, std::size_t n) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t found = n;
  const auto look = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      if (target[i] == 0) continue;
      if (found != n) return false;
      found = i;
    }
    return true;
  };
  std::size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    const auto bits = [&](std::size_t v) { return hn::BitCast(di, hn::LoadU(d, target + i + v * lanes)); };
    const auto any = hn::Or(hn::Or(bits(0), bits(1)), hn::Or(bits(2), bits(3)));
    if (!hn::AllTrue(di, hn::Eq(any, hn::Zero(di))) && !look(i, i + 4 * lanes)) return n;
  }
  return look(i, n) ? found : n;
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(RunLogitBatch);
HWY_EXPORT(FindHardTarget);

std::size_t find_hard_target(const float* target, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(FindHardTarget)(target, n);
}

std::uint32_t compute_logit_batch(const LogitBatch& batch) {
  // A long row's exponentials wait in the result, and may be needed anew: then they must not lie in its place.
  const std::size_t row = batch.classes;
  if (batch.result != batch.x || batch.labels == nullptr || row * batch.count <= 4096) {
    return HWY_DYNAMIC_DISPATCH(RunLogitBatch)(batch);
  }
  LogitBatch copied = batch;
  const std::vector<float> x(batch.x, batch.x + batch.count * row);
  copied.x = x.data();
  return HWY_DYNAMIC_DISPATCH(RunLogitBatch)(copied);
}

}  // namespace lossaudit::fast
#endif
