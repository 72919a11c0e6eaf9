// The cross-entropy of a row of logits with targets of any kind, in double lanes: the loss and the gradient.
//
// For coefficients c_i = keep t_i + share, not negative, with the sum C, and e_i = e^(x_i - s), s being near the maximum, S
// = Σ e_i:
//   loss = C ln S - Σ c_i (x_i - s),  gradient_i = factor (e_i C / S - c_i).
// The quick way takes for s the largest of the first logits, and reads the row once. In the gradient what cancels is found
// and left as NaN: elements whose target is near the probability.
//
// With d_i = s - x_i, e_i is good to (54 + 1.4 abs(d_i)) 2^-53 (table_exp-inl.h; the difference is rounded once). In S that
// is weighted by the masses, of which d_i is at most ln n on average: 90 units for any n. A sum of at most 36 additions to
// a lane adds 36, once for S and once for C; the quotient, the products and the difference 4. So e_i C / S is good to (220
// + 1.4 d_i) 2^-53. Where it is within a factor 2 of c_i >= 2^-149, d_i is below ln(2 C / c_i) < 149 for C <= 2^64. So the
// error is below 429 * 2^-53 of c_i, which is 2^-26 of a difference from kCancels c_i on.
//
// Where one class has nearly all of S, so that the loss may cancel, the other way is taken: s is the maximum, and the first class
// that has it (the top) is left out of the sums. Then nothing cancels in the loss, and the top's gradient is (C' - c_top S') /
// S. S' may lie far away as a whole: d is below 708, where the exponential ends, which makes 1120 units.
#if defined(LOSSAUDIT_FAST_SOFT_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_SOFT_ROWS_INL_H_
#undef LOSSAUDIT_FAST_SOFT_ROWS_INL_H_
#else
#define LOSSAUDIT_FAST_SOFT_ROWS_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "fast/float_row-inl.h"
#include "fast/lane_sum-inl.h"
#include "fast/row-inl.h"
#include "fast/soft_batch.hpp"
#include "fast/soft_sums-inl.h"
#include "fast/table_exp-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

inline constexpr double kCancels = 0x1.bp-19;
inline constexpr double kTopCancels = 0x1.2p-17;
inline constexpr double kMostTarget = 0x1p64;
inline constexpr double kMostFactor = 0x1p60;
inline constexpr double kMostLoss = 0x1p300;  // beyond which only an infinity's stand-in brings a loss

/// What a row's gradient is made of; one row in every lane, or the same in all.
struct SoftScale {
  /// From S', C', and the top's coefficient.
  HWY_INLINE SoftScale(V others, V coefficients, V top, V row_factor)
      : sum(hn::Add(others, Constant(1))), ratio(hn::Div(hn::Add(coefficients, top), sum)), factor(row_factor) {
    const V own = hn::Mul(top, others);
    const V difference = hn::Sub(coefficients, own);
    is_top_trusted = hn::Ge(hn::Abs(difference), hn::Mul(own, Constant(kTopCancels)));
    top_value = hn::IfThenElse(is_top_trusted, hn::Div(difference, sum), Constant(kNaN));
  }

  HWY_INLINE V ValueOf(V e, V c) const { return hn::MulSub(e, ratio, c); }
  static HWY_INLINE M IsTrusted(V value, V c) { return hn::Ge(hn::Abs(value), hn::Mul(c, Constant(kCancels))); }
  HWY_INLINE V Result(M is_trusted, V value) const {
    return hn::IfThenElse(is_trusted, hn::Mul(value, factor), Constant(kNaN));
  }

  V sum, ratio, factor;
  M is_top_trusted;
  V top_value;  ///< NaN where it is not to be trusted
};

/// The largest x and the least target, passing over NaNs.
struct SoftExtremes {
  HWY_INLINE SoftExtremes(const float* x, const float* target, std::size_t n) {
    const FD d;
    VF largest[2] = {Floats(-kMost), Floats(-kMost)};
    VF least[2] = {Floats(kMost), Floats(kMost)};
    std::size_t i = 0;
    for (; i + 2 * kFloatLanes <= n; i += 2 * kFloatLanes) {
#pragma GCC unroll 2
      for (std::size_t v = 0; v < 2; ++v) {
        largest[v] = hn::Max(hn::LoadU(d, x + i + v * kFloatLanes), largest[v]);
        least[v] = hn::Min(hn::LoadU(d, target + i + v * kFloatLanes), least[v]);
      }
    }
    maximum = hn::GetLane(hn::MaxOfLanes(d, hn::Max(largest[0], largest[1])));
    least_target = hn::GetLane(hn::MinOfLanes(d, hn::Min(least[0], least[1])));
    for (; i < n; ++i) {
      maximum = x[i] > maximum ? x[i] : maximum;
      least_target = target[i] < least_target ? target[i] : least_target;
    }
  }
  static constexpr float kMost = std::numeric_limits<float>::infinity();
  float maximum, least_target;
};

/// One row of any length, a block at a time.
class SoftRow {
 public:
  HWY_INLINE SoftRow(const SoftBatch& batch, std::size_t row)
      : n_(batch.classes),
        classes_{batch.x + row * n_, batch.target + row * n_, 0, batch.keep, batch.share},
        room_(batch.gradient == nullptr ? nullptr : batch.room) {}

  /// False if the row is to be left.
  HWY_INLINE bool Reduce() {
#if HWY_NATIVE_FMA
    if (ReduceQuickly()) return true;
#endif
    return ReduceWithoutTop();
  }

  [[nodiscard]] double loss() const { return loss_; }

  /// True if nothing is left to be completed.
  HWY_INLINE bool Write(double factor, float* gradient) {
    const SoftScale scale(Constant(others_), Constant(coefficients_), Constant(of_top_), Constant(factor));
    const double ratio = top_ == kNoClass ? coefficients_ / masses_ : hn::GetLane(scale.ratio);
    bool is_trusted = true;
    for (std::size_t i = 0; i < n_; i += kBlock) {
      const std::size_t count = HWY_MIN(kBlock, n_ - i);
      const std::size_t whole = count / kChunk * kChunk;
      double* e = EOf(i);
      if (room_ == nullptr) RaiseSoftClasses(classes_.From(i), whole, e);
      is_trusted &= WriteSoftClasses(classes_.From(i), whole, e, ratio, factor, kCancels, gradient + i);
      if (whole == count) continue;
      HWY_ALIGN float last[kChunk];
      if (room_ == nullptr) RaiseSoftClasses(Last(), kChunk, e + whole);
      is_trusted &= WriteSoftClasses(Last(), kChunk, e + whole, ratio, factor, kCancels, last);
      std::memcpy(gradient + i + whole, last, (count - whole) * sizeof(float));
    }
    if (top_ != kNoClass) {
      gradient[top_] = static_cast<float>(hn::GetLane(scale.top_value) * factor);
      is_trusted &= hn::AllTrue(D(), scale.is_top_trusted);
    }
    if (!(masses_ < kInfinity) || is_trusted) return true;
    for (std::size_t i = 0; i < n_; ++i) {  // as a rule it was the top
      if (gradient[i] != gradient[i]) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t kBlock = 512;
  static constexpr std::size_t kMostFetched = 4096;  // floats: what is fetched is a row, or so much of it
  static constexpr std::size_t kAhead = 2048;
  static constexpr double kLeastOfOthers = 0x1p-16;  // of S: then no class has nearly all of it

#if HWY_NATIVE_FMA
  /// False if that will not do.
  HWY_INLINE bool ReduceQuickly() {
    const float sample = SampleTop(classes_.x, n_);
    if (!IsFinite(sample)) return false;
    classes_.shift = sample;
    top_ = kNoClass;
    Sum<false>();
    const double above = static_cast<double>(sums_.Largest()) - sample;
    if (!(above <= RowScale::kReach) || !(sums_.Least() >= 0) || !(coefficients_ <= kMostTarget)) return false;
    const double log = Log1pOf(masses_ - 1);
    loss_ = coefficients_ * log - distances_;
    if (masses_ != masses_) return true;
    // The loss is at least C times ln S less the largest distance: 2^-16 C. ln S is good to 2^-44.9, and Σ c d to 2^-47.8 of
    // its magnitudes, of which what cancels is at most 16 C: the loss is good to 2^-27.
    return log - above >= kLeastOfOthers && loss_ <= kMostLoss;
  }
#endif

  HWY_INLINE bool ReduceWithoutTop() {
    const SoftExtremes extremes(classes_.x, classes_.target, n_);
    if (!IsFinite(extremes.maximum) || !(extremes.least_target >= 0)) return false;
    classes_.shift = extremes.maximum;
    top_ = 0;
    while (classes_.x[top_] != extremes.maximum) ++top_;
    Sum<true>();
    others_ = masses_;
    masses_ = others_ + 1;
    const double all = coefficients_ + of_top_;
    loss_ = all * Log1pOf(others_) - distances_;
    return all <= kMostTarget && !(loss_ > kMostLoss);
  }

  /// Where the exponentials of the classes from number i on stand.
  double* EOf(std::size_t i) { return room_ != nullptr ? room_ + i : e_ + i % kBlock; }

  /// The row's sums, without the top.
  template <bool kBounded>
  HWY_INLINE void Sum() {
    const std::size_t ahead = n_ <= kMostFetched ? n_ : kAhead;
    const std::size_t top_chunk = top_ / kChunk * kChunk;
    JoinedLanes masses, coefficients, distances;
    sums_ = SoftSums();
    const auto take = [&](std::size_t first, std::size_t last) HWY_ATTR {
      if (first == last) return;
      TakeSoftClasses<kBounded>(classes_.From(first), last - first, ahead, EOf(first), sums_);
    };
    for (std::size_t i = 0; i < n_; i += kBlock) {
      const std::size_t end = HWY_MIN(i + kBlock, n_);
      const std::size_t whole = end - (end - i) % kChunk;
      if (top_chunk >= i && top_chunk < whole) {
        take(i, top_chunk);
        TakeSome(top_chunk, kChunk);
        take(top_chunk + kChunk, whole);
      } else {
        take(i, whole);
      }
      if (whole != end) TakeSome(whole, end - whole);
      masses.Add(sums_.masses);
      coefficients.Add(sums_.coefficients);
      distances.Add(sums_.distances);
      sums_.Clear();
    }
    masses_ = masses.Total();
    coefficients_ = coefficients.Total();
    distances_ = distances.Total();
  }

  /// A chunk's first `count` classes from number i on, but for the top. Behind them stand others without effect.
  HWY_NOINLINE void TakeSome(std::size_t i, std::size_t count) {
    std::memcpy(last_, classes_.x + i, count * sizeof(float));
    std::memcpy(last_target_, classes_.target + i, count * sizeof(float));
    for (std::size_t k = count; k < kChunk; ++k) last_[k] = classes_.shift, last_target_[k] = 0;
    const SoftClasses classes = Last();
    const DoubleExpTable exp;
    if (top_ - i < count) of_top_ = classes_.keep * static_cast<double>(last_target_[top_ - i]) + classes_.share;
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      const std::size_t first = p * hn::Lanes(D());
      const V number = hn::Iota(D(), static_cast<double>(first));
      const M counts = hn::And(hn::Lt(number, Constant(static_cast<double>(count))),
                               hn::Ne(number, Constant(static_cast<double>(HWY_MIN(top_ - i, kChunk)))));
      const V distance = classes.DistanceAt(first);
      const V c = hn::IfThenElseZero(counts, classes.CoefficientAt(first));
      V mass = distance;
      exp.Raise<1>(&mass);
      hn::Store(mass, D(), EOf(i) + first);
      sums_.masses[p] = hn::Add(sums_.masses[p], hn::IfThenElseZero(counts, mass));
      sums_.coefficients[p] = hn::Add(sums_.coefficients[p], c);
      sums_.distances[p] = hn::MulAdd(c, distance, sums_.distances[p]);
    }
    for (std::size_t k = 0; k < kChunk; k += hn::Lanes(FD())) {
      sums_.largest = hn::Max(hn::Load(FD(), last_ + k), sums_.largest);
      sums_.least = hn::Min(hn::Load(FD(), last_target_ + k), sums_.least);
    }
  }

  /// The last chunk of a row that is no whole one, as TakeSome has copied it.
  HWY_INLINE SoftClasses Last() const {
    SoftClasses last = classes_;
    last.x = last_;
    last.target = last_target_;
    return last;
  }

  std::size_t n_;
  SoftClasses classes_;
  double* room_;
  std::size_t top_ = kNoClass;  ///< that is left out of the sums
  double masses_ = 0, coefficients_ = 0, distances_ = 0, others_ = 0, of_top_ = 0, loss_ = 0;
  SoftSums sums_;
  HWY_ALIGN_MAX double e_[kBlock];
  HWY_ALIGN_MAX float last_[kChunk];
  HWY_ALIGN_MAX float last_target_[kChunk];
};

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
