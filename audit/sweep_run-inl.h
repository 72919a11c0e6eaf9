// A run of results judged by chunks: at once where they are alike, else vector by vector; and which of them may be the worst.
#if defined(LOSSAUDIT_AUDIT_SWEEP_RUN_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_AUDIT_SWEEP_RUN_INL_H_
#undef LOSSAUDIT_AUDIT_SWEEP_RUN_INL_H_
#else
#define LOSSAUDIT_AUDIT_SWEEP_RUN_INL_H_
#endif

#include <algorithm>
#include <vector>

#include "audit/sweep_formulas-inl.h"
#include "audit/sweep_judge-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::HWY_NAMESPACE {

/// Results at once that are tried for being the same. Few enough for a block's beginning and end to be told from its
/// middle, and to be in the nearest cache.
constexpr std::size_t kChunk = 1024;

/// The chunk's results have the same bits.
HWY_INLINE bool AreSame(const float* computed, std::size_t n) {
  const hn::ScalableTag<std::uint32_t> du;
  const auto* const bits = reinterpret_cast<const std::uint32_t*>(computed);
  const auto first = hn::Set(du, bits[0]);
  const std::size_t lanes = hn::Lanes(du);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    if (!hn::AllTrue(du, hn::Eq(hn::LoadU(du, bits + i), first))) return false;
  }
  for (; i < n; ++i) {
    if (bits[i] != bits[0]) return false;
  }
  return true;
}

/// The chunk's results are the inputs, with the other sign for sign < 0.
HWY_INLINE bool AreSame(const float* computed, const float* x, float sign, std::size_t n) {
  const hn::ScalableTag<float> d;
  const auto factor = hn::Set(d, sign);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    if (!hn::AllTrue(d, hn::Eq(hn::LoadU(d, computed + i), hn::Mul(hn::LoadU(d, x + i), factor)))) return false;
  }
  for (; i < n; ++i) {
    if (computed[i] != x[i] * sign) return false;
  }
  return true;
}

/// What was settled of a stretch of results.
struct Chunk {
  std::size_t begin, end;
  bool at_once;        ///< all its results were the same
  double least, most;  ///< no error is smaller, of a chunk settled at once; no error is larger
};

/// A run of a function, judged by chunks.
template <class Formula>
class RunJudge {
 public:
  RunJudge(const Formula& formula, const SweptFunction& function, const float* x, const float* computed,
           bool only_rounded)
      : formula_(formula),
        stretches_(function),
        x_(x),
        computed_(computed),
        target_(Constant(function.target)),
        judge_(function.format, only_rounded, function.format != Format::f32) {}

  /// Settles the results from begin to end, at most kChunk.
  Chunk Settle(std::size_t begin, std::size_t end, std::vector<std::uint32_t>& open) {
    const bool at_once = SettleAtOnce(begin, end, open);
    if (!at_once) {
      for (std::size_t i = begin; i < end; i += hn::Lanes(D())) {
        const auto y = formula_(bulk::Single{}, Load(x_ + i), target_);
        judge_.Take(Load(computed_ + i), y.value.v, y.radius, i, open);
      }
    }
    return {begin, end, at_once, at_once ? judge_.LeastAtOnce() : 0, judge_.MostOfChunk()};
  }

  /// Calls use(i, least, most) for each result of a chunk that was settled, with bounds of its error. `open`: the others.
  template <class Use>
  void EachError(std::size_t begin, std::size_t end, const std::vector<std::uint32_t>& open, Use use) const {
    const D d;
    for (std::size_t i = begin; i < end; i += hn::Lanes(d)) {
      const auto y = formula_(bulk::Single{}, Load(x_ + i), target_);
      const Careful seen = judge_.LookCarefully(Load(computed_ + i), y.value.v, y.radius);
      HWY_ALIGN double error[hn::MaxLanes(d)];
      HWY_ALIGN double most[hn::MaxLanes(d)];
      hn::Store(seen.error, d, error);
      hn::Store(hn::IfThenElseZero(seen.settled, seen.most), d, most);
      for (std::size_t lane = 0; lane < hn::Lanes(d); ++lane) {
        if (most[lane] == 0 || std::ranges::binary_search(open, i + lane)) continue;
        use(i + lane, 2 * error[lane] - most[lane], most[lane]);
      }
    }
  }

  [[nodiscard]] Tally Result() const { return judge_.Result(); }

 private:
  static HWY_INLINE V Load(const float* from) {
    const D d;
    return hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, D>(), from));
  }

  HWY_INLINE bool SettleAtOnce(std::size_t begin, std::size_t end, std::vector<std::uint32_t>& open) {
    const D d;
    const Line line = stretches_.LineBetween(x_[begin], x_[end - 1]);
    if (line.sign != 0 && AreSame(computed_ + begin, x_ + begin, line.sign, end - begin)) {
      judge_.TakeLine(line, end - begin);
      return true;
    }
    if (hn::Lanes(d) < 2 || !stretches_.IsMonotone(x_[begin], x_[end - 1]) || !AreSame(computed_ + begin, end - begin))
      return false;
    HWY_ALIGN double ends[hn::MaxLanes(d)];
    std::fill_n(ends, hn::Lanes(d), static_cast<double>(x_[end - 1]));
    ends[0] = x_[begin];
    const auto y = formula_(bulk::Single{}, hn::Load(d, ends), target_);
    return judge_.TakeAll(computed_[begin], y.value.v, y.radius, begin, end - begin, open);
  }

  Formula formula_;
  Stretches stretches_;
  const float* x_;
  const float* computed_;
  V target_;
  Judge judge_;
};

/// Errors below this are told apart no further than the lanes do.
constexpr double kSmallError = 0x1p-16;

template <class Formula>
void JudgeAll(const Formula& formula, const SweptFunction& function, const float* x, const float* computed,
              std::size_t n, const SweepKnown& known, Tally* tally, SweepLists* lists) {
  const std::size_t whole = n - n % hn::Lanes(D());
  RunJudge<Formula> judge(formula, function, x, computed, known.only_rounded);
  Chunk worst{};
  thread_local std::vector<Chunk> chunks;
  chunks.clear();
  for (std::size_t begin = 0; begin < whole; begin += kChunk) {
    chunks.push_back(judge.Settle(begin, std::min(begin + kChunk, whole), lists->open));
    if (chunks.back().most > worst.most) worst = chunks.back();
  }
  for (std::size_t i = whole; i < n; ++i) lists->open.push_back(static_cast<std::uint32_t>(i));
  *tally = judge.Result();
  tally->max_ulp = worst.most;
  tally->max_at = worst.begin;

  // Where the largest error is, and what may be it: all that is not certainly smaller than the largest that is certain.
  double least = std::max(known.max_ulp, worst.least);
  if (!worst.at_once) {
    double most = 0;
    judge.EachError(worst.begin, worst.end, lists->open, [&](std::size_t i, double low, double high) {
      least = std::max(least, low);
      if (high <= most) return;
      most = high;
      tally->max_at = i;
    });
  }
  if (worst.most <= known.max_ulp) return;
  const auto add = [&](std::size_t i) { lists->candidates.push_back(static_cast<std::uint32_t>(i)); };
  if (worst.most < kSmallError) return add(tally->max_at);
  for (const Chunk& chunk : chunks) {
    if (chunk.most <= least) continue;
    if (chunk.at_once) {
      // Where the exact result is farthest away: at one of the ends.
      add(chunk.begin);
      add(chunk.end - 1);
      continue;
    }
    judge.EachError(chunk.begin, chunk.end, lists->open, [&](std::size_t i, double /*low*/, double high) {
      if (high > least) add(i);
    });
  }
}

}  // namespace lossaudit::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
