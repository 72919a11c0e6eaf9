// Reductions over the classes of a contiguous row, in double lanes.
#if defined(LOSSAUDIT_FAST_ROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_FAST_ROW_INL_H_
#undef LOSSAUDIT_FAST_ROW_INL_H_
#else
#define LOSSAUDIT_FAST_ROW_INL_H_
#endif

#include "fast/exp-inl.h"
#include "fast/lanes-inl.h"
#include "fast/log-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// A sum of any length whose error does not grow with it: plain sums over blocks of at most kBlockSteps additions, the
/// blocks joined with their rounding errors kept (Knuth's TwoSum). The error is below 2^-46 Σ abs(v), and about
/// sqrt(kBlockSteps) 2^-53 of it in practice.
class BlockedSum {
 public:
  static constexpr std::size_t kBlockSteps = 128;

  HWY_INLINE BlockedSum() : block_(hn::Zero(D())), total_(block_), carry_(block_) {}

  HWY_INLINE void Add(V v) { block_ = hn::Add(block_, v); }

  HWY_INLINE void EndBlock() {
    const V sum = hn::Add(total_, block_);
    const V part = hn::Sub(sum, total_);
    const V error = hn::Add(hn::Sub(total_, hn::Sub(sum, part)), hn::Sub(block_, part));
    carry_ = hn::Add(carry_, error);
    total_ = sum;
    block_ = hn::Zero(D());
  }

  HWY_INLINE double Total() {
    // An infinite total leaves a NaN behind in the carry.
    const V total = hn::IfThenElse(hn::IsFinite(total_), hn::Add(total_, carry_), total_);
    return hn::GetLane(hn::SumOfLanes(D(), total));
  }

 private:
  V block_, total_, carry_;
};

/// Walks over n values in vectors and blocks: pass.Step(i), then pass.LastStep(i, count) for the rest, pass.EndBlock()
/// after each block.
template <class Pass>
HWY_INLINE void Walk(Pass& pass, std::size_t n) {
  const std::size_t lanes = hn::Lanes(D());
  const std::size_t block = lanes * BlockedSum::kBlockSteps;
  const std::size_t whole = n - n % lanes;
  std::size_t i = 0;
  while (i < whole) {
    const std::size_t end = HWY_MIN(whole, i + block);
    for (; i < end; i += lanes) pass.Step(i);
    pass.EndBlock();
  }
  if (i < n) {
    pass.LastStep(i, n - i);
    pass.EndBlock();
  }
}

/// The largest of sign * x_i, for a sign of 1 or -1. A NaN among them is either passed over or returned.
HWY_INLINE float SignedMaximum(const float* x, std::size_t n, float sign) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  auto maximum = hn::Set(d, -std::numeric_limits<float>::infinity());
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) maximum = hn::Max(hn::Mul(hn::LoadU(d, x + i), hn::Set(d, sign)), maximum);
  float result = hn::GetLane(hn::MaxOfLanes(d, maximum));
  for (; i < n; ++i) result = sign * x[i] > result ? sign * x[i] : result;
  return result;
}
HWY_INLINE float RowMaximum(const float* x, std::size_t n) { return SignedMaximum(x, n, 1); }
HWY_INLINE float RowMinimum(const float* x, std::size_t n) { return -SignedMaximum(x, n, -1); }

/// Σ e^(x_j - m) over all classes but one that holds the maximum m, so that ln Σ e^x_j = m + log1p(others) loses
/// nothing on a confident row. NaN when x holds a NaN or m is infinite.
///
/// x_j - m is rounded once, to a relative 2^-53; where e^(x_j - m) reaches a float (x_j - m > -104) that is 2^-46 of it
/// absolutely, so each term is good to 2^-45 relatively.
class OthersPass {
 public:
  HWY_INLINE OthersPass(const float* x, float maximum) : x_(x), maximum_(maximum) {}

  HWY_INLINE void Step(std::size_t i) { Take(LoadFloats(x_ + i)); }
  HWY_INLINE void LastStep(std::size_t i, std::size_t count) {
    Take(LoadFirst(x_ + i, count, -std::numeric_limits<float>::infinity()));
  }
  HWY_INLINE void EndBlock() {
    below_.EndBlock();
    maxima_.EndBlock();
  }
  HWY_INLINE double Others() { return below_.Total() + (maxima_.Total() - 1); }

 private:
  HWY_INLINE void Take(V x) {
    const V difference = hn::Sub(x, Constant(maximum_));
    const M is_maximum = hn::Eq(difference, Constant(0));
    below_.Add(hn::IfThenZeroElse(is_maximum, ExpNonPositive(difference)));
    maxima_.Add(hn::IfThenElseZero(is_maximum, Constant(1)));
  }

  const float* x_;
  float maximum_;
  BlockedSum below_, maxima_;
};

/// A row of logits, reduced to what softmax and its relatives need.
struct LogitRow {
  float maximum;
  double others;      ///< NaN when the row has a NaN or an infinite maximum
  double log_of_sum;  ///< ln Σ e^(x_j - maximum) >= 0
};

HWY_INLINE double Log1pOf(double u) { return hn::GetLane(Log1p(Constant(u))); }

HWY_INLINE LogitRow ReduceLogits(const float* x, std::size_t n) {
  const float maximum = RowMaximum(x, n);
  OthersPass pass(x, maximum);
  Walk(pass, n);
  const double others = pass.Others();
  return {maximum, others, Log1pOf(others)};
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
