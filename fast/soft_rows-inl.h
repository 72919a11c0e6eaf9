// The cross-entropy of a row of logits with targets of any kind, in double lanes: the loss and the gradient.
//
// For coefficients c_i = keep t_i + share, not negative, with the sum C, and e_i = e^(x_i - m), m being the maximum, S =
// Σ e_i:
//   loss = Σ c_i (m - x_i) + C ln S,  gradient_i = factor (e_i C / S - c_i).
// Nothing cancels in the loss. In the gradient of a class that has the maximum (the top) the class itself is taken out
// of both sums: (C' - c_top S') / S. Every other class has at most half of S, so it cancels only where the target is near
// the probability. Such elements are found and left as NaN:
//
// With d_i = m - x_i, e_i is good to (54 + 1.4 d_i) 2^-53 (table_exp-inl.h; the difference is rounded once). In S that is
// weighted by the masses, of which d_i is at most ln n on average: 90 units for any n. A sum of at most 36 additions to a
// lane adds 36, once for S and once for C; the quotient, the products and the difference 3. So e_i C / S is good to (219 +
// 1.4 d_i) 2^-53. Where it is within a factor 2 of c_i >= 2^-149, d_i is below ln(2 C / c_i) < 149 for C <= 2^64. So the
// error is below 428 * 2^-53 of c_i, which is 2^-26 of a difference from kCancels c_i on. Of the top, S' may lie far away
// as a whole: d is below 708, where the exponential ends, which makes 1120 units.
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
#include "fast/streaming-inl.h"
#include "fast/table_exp-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

inline constexpr double kCancels = 0x1.bp-19;
inline constexpr double kTopCancels = 0x1.2p-17;
inline constexpr double kMostTarget = 0x1p64;
inline constexpr double kMostFactor = 0x1p60;
inline constexpr double kMostLoss = 0x1p300;  // beyond which only an infinity's stand-in brings a loss

/// x - m; for an infinity a number that 0 can be multiplied by.
HWY_INLINE V SoftDistance(V x, V m) { return NotBelow(-0x1p1000, hn::Sub(x, m)); }

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

/// A sum of blocks in 16 virtual lanes, joined with their rounding errors kept.
class JoinedLanes {
 public:
  HWY_INLINE JoinedLanes() {
    for (std::size_t p = 0; p < kChunkParts; ++p) total_[p] = carry_[p] = hn::Zero(D());
  }
  HWY_INLINE void Add(const V* block) {
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      const V sum = hn::Add(total_[p], block[p]);
      const V part = hn::Sub(sum, total_[p]);
      const V error = hn::Add(hn::Sub(total_[p], hn::Sub(sum, part)), hn::Sub(block[p], part));
      carry_[p] = hn::Add(carry_[p], error);
      total_[p] = sum;
    }
  }
  HWY_INLINE double Total() const {
    LaneSum sum;
    // An infinite total leaves a NaN behind in the carry.
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      sum.Add(p, hn::IfThenElse(hn::IsFinite(total_[p]), hn::Add(total_[p], carry_[p]), total_[p]));
    }
    return sum.Total();
  }

 private:
  V total_[kChunkParts], carry_[kChunkParts];
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

/// One row of any length, a block at a time: its exponentials, then their sums or the gradient.
class SoftRow {
 public:
  HWY_INLINE SoftRow(const SoftBatch& batch, std::size_t row)
      : n_(batch.classes),
        x_(batch.x + row * n_),
        target_(batch.target + row * n_),
        keep_(batch.keep),
        share_(batch.share),
        keeps_(batch.gradient != nullptr && n_ <= kMostKept) {}

  /// False if the row is to be left.
  HWY_INLINE bool Reduce() {
    const SoftExtremes extremes(x_, target_, n_);
    maximum_ = extremes.maximum;
    if (!IsFinite(maximum_) || !(extremes.least_target >= 0)) return false;
    for (std::size_t k = 0; k < kChunk; k += hn::Lanes(D())) hn::Store(Constant(maximum_), D(), shift_ + k);
    JoinedLanes others, coefficients, distances;
    for (std::size_t i = 0; i < n_; i += kBlock) {
      const Block block = Prepare(i, true);
      Sums sums;
      for (std::size_t k = 0; k < block.count; k += kChunk) {
        FetchLater(x_ + i + k, n_);
        FetchLater(target_ + i + k, n_);
        TakeChunk(block, k, sums);
      }
      others.Add(sums.others);
      coefficients.Add(sums.coefficients);
      distances.Add(sums.distances);
    }
    others_of_sum_ = others.Total();
    others_of_coefficients_ = coefficients.Total();
    const double all = others_of_coefficients_ + of_top_;
    loss_ = all * Log1pOf(others_of_sum_) - distances.Total();
    return all <= kMostTarget && !(loss_ > kMostLoss);
  }

  [[nodiscard]] double loss() const { return loss_; }

  /// True if nothing is left to be completed.
  HWY_INLINE bool Write(double factor, float* gradient) {
    const SoftScale scale(Constant(others_of_sum_), Constant(others_of_coefficients_), Constant(of_top_),
                          Constant(factor));
    M is_trusted = hn::FirstN(D(), hn::Lanes(D()));
    for (std::size_t i = 0; i < n_; i += kBlock) {
      const Block block = Prepare(i, !keeps_);
      std::size_t k = 0;
      for (; k + kChunk <= block.count; k += kChunk) {
        is_trusted = hn::And(is_trusted, WriteChunk(scale, block, k, gradient + i + k));
      }
      if (k < block.count) {
        HWY_ALIGN float last[kChunk];
        is_trusted = hn::And(is_trusted, WriteChunk(scale, block, k, last));
        std::memcpy(gradient + i + k, last, (block.count - k) * sizeof(float));
      }
    }
    gradient[top_] = static_cast<float>(hn::GetLane(scale.top_value) * factor);
    if (!(others_of_sum_ < kInfinity) || hn::AllTrue(D(), hn::And(is_trusted, scale.is_top_trusted))) return true;
    for (std::size_t i = 0; i < n_; ++i) {  // as a rule it was the top
      if (gradient[i] != gradient[i]) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t kMostKept = 4096;
  static constexpr std::size_t kBlock = 512;

  /// Up to kBlock classes from number `first` on, and their exponentials. Of the last of a row, what is no whole kExpStep
  /// is a copy with others behind it.
  struct Block {
    std::size_t first, count, whole;
    const double* e;
  };

  HWY_INLINE Block Prepare(std::size_t first, bool raises) {
    const std::size_t count = HWY_MIN(kBlock, n_ - first);
    const std::size_t whole = count / kExpStep * kExpStep;
    double* e = e_ + (keeps_ ? first : 0);
    if (whole != count) {
      Copy(x_ + first + whole, count - whole, -std::numeric_limits<float>::max(), last_);
      Copy(target_ + first + whole, count - whole, 0, last_target_);
      if (raises) Exponentials(last_, shift_, e + whole, kExpStep);
    }
    if (raises) Exponentials(x_ + first, shift_, e, whole);
    return {first, count, whole, e};
  }

  static HWY_INLINE void Copy(const float* from, std::size_t count, float pad, float* to) {
#pragma GCC unroll 32
    for (std::size_t i = 0; i < kExpStep; i += kFloatLanes) {
      VF lanes = Floats(pad);
      if (i < count) lanes = count - i < kFloatLanes ? LoadPart(from + i, count - i, pad) : hn::LoadU(FD(), from + i);
      hn::Store(lanes, FD(), to + i);
    }
  }

  HWY_INLINE const float* Logits(const Block& block, std::size_t k) const {
    return k < block.whole ? x_ + block.first + k : last_ + (k - block.whole);
  }
  HWY_INLINE const float* Targets(const Block& block, std::size_t k) const {
    return k < block.whole ? target_ + block.first + k : last_target_ + (k - block.whole);
  }

  /// A block's sums on their way, without the top.
  struct Sums {
    HWY_INLINE Sums() {
      for (std::size_t p = 0; p < kChunkParts; ++p) others[p] = coefficients[p] = distances[p] = hn::Zero(D());
    }
    V others[kChunkParts], coefficients[kChunkParts], distances[kChunkParts];
  };

  HWY_INLINE V Coefficient(const float* target) const {
    return hn::MulAdd(Constant(keep_), LoadFloats(target), Constant(share_));
  }

  /// The 16 classes from k on.
  HWY_INLINE void TakeChunk(const Block& block, std::size_t k, Sums& sums) {
    V distance[kChunkParts];
    V e[kChunkParts];
    V c[kChunkParts];
    const float* x = Logits(block, k);
    const float* target = Targets(block, k);
    M any_maximum = hn::FirstN(D(), 0);
#pragma GCC unroll 16
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      const std::size_t at = p * hn::Lanes(D());
      distance[p] = SoftDistance(LoadFloats(x + at), Constant(maximum_));
      e[p] = hn::LoadU(D(), block.e + k + at);
      c[p] = Coefficient(target + at);
      if (k + kChunk > block.count) {
        const M is_there = hn::FirstN(D(), block.count < k + at ? 0 : block.count - k - at);
        e[p] = hn::IfThenElseZero(is_there, e[p]);
        c[p] = hn::IfThenElseZero(is_there, c[p]);
      }
      any_maximum = hn::Or(any_maximum, hn::Eq(distance[p], hn::Zero(D())));
    }
    if (HWY_UNLIKELY(!has_top_ && !hn::AllFalse(D(), any_maximum))) TakeTop(block.first + k, x, e, c);
#pragma GCC unroll 16
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      sums.others[p] = hn::Add(sums.others[p], e[p]);
      sums.coefficients[p] = hn::Add(sums.coefficients[p], c[p]);
      sums.distances[p] = hn::MulAdd(c[p], distance[p], sums.distances[p]);
    }
  }

  /// Takes the first maximum out of a chunk.
  HWY_INLINE void TakeTop(std::size_t first_class, const float* x, V* e, V* c) {
    std::size_t own = 0;
    while (x[own] != maximum_) ++own;
    has_top_ = true;
    top_ = first_class + own;
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      const std::size_t first = p * hn::Lanes(D());
      const M is_top = hn::Eq(hn::Iota(D(), static_cast<double>(first)), Constant(static_cast<double>(own)));
      of_top_ += hn::GetLane(hn::SumOfLanes(D(), hn::IfThenElseZero(is_top, c[p])));
      e[p] = hn::IfThenZeroElse(is_top, e[p]);
      c[p] = hn::IfThenZeroElse(is_top, c[p]);
    }
  }

  HWY_INLINE M WriteChunk(const SoftScale& scale, const Block& block, std::size_t k, float* to) const {
    const float* target = Targets(block, k);
    M is_trusted = hn::FirstN(D(), hn::Lanes(D()));
#pragma GCC unroll 16
    for (std::size_t p = 0; p < kChunkParts; ++p) {
      const std::size_t at = p * hn::Lanes(D());
      const V c = Coefficient(target + at);
      const V value = scale.ValueOf(hn::LoadU(D(), block.e + k + at), c);
      const M is_known = SoftScale::IsTrusted(value, c);
      is_trusted = hn::And(is_trusted, is_known);
      StoreFloats(scale.Result(is_known, value), to + at);
    }
    return is_trusted;
  }

  std::size_t n_;
  const float* x_;
  const float* target_;
  double keep_, share_;
  bool keeps_, has_top_ = false;
  float maximum_ = 0;
  std::size_t top_ = 0;
  double of_top_ = 0, others_of_sum_ = 0, others_of_coefficients_ = 0, loss_ = 0;
  HWY_ALIGN double shift_[kChunk];
  HWY_ALIGN_MAX double e_[kMostKept + kExpStep];
  HWY_ALIGN_MAX float last_[kExpStep];
  HWY_ALIGN_MAX float last_target_[kExpStep];
};

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
