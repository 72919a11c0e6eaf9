#include "audit/sweep_judge.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "reference/bulk.hpp"
#include "reference/problem.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "audit/sweep_judge.cpp"
#include "hwy/foreach_target.h"
//
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
        judge_(function.format, only_rounded) {}

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

void JudgeRun(const SweptFunction& f, const float* x, const float* computed, std::size_t n, const SweepKnown& known,
              Tally* tally, SweepLists* lists) {
  const bool forward = f.pass == Pass::forward;
  const auto judge = [&](const auto& formula) { JudgeAll(formula, f, x, computed, n, known, tally, lists); };
  switch (f.function) {
    case Function::relu:
      return forward ? judge(ReluOf()) : judge(ReluDerivative());
    case Function::sigmoid:
      return forward ? judge(bulk::SigmoidOf()) : judge(bulk::SigmoidDerivative());
    case Function::log_sigmoid:
      return forward ? judge(bulk::LogSigmoidOf()) : judge(bulk::LogSigmoidDerivative());
    case Function::softplus:
      return forward ? judge(bulk::SoftplusOf()) : judge(bulk::SigmoidOf());
    case Function::logit:
      return forward ? judge(bulk::LogitOf()) : judge(bulk::LogitDerivative());
    default:
      break;
  }
  if (f.from_logits && !forward && f.target == 0.5) return judge(EvenOddsDerivative());
  if (f.from_logits && f.format == Format::f32) {
    return forward ? judge(bulk::BinaryCrossentropyOf()) : judge(bulk::BinaryCrossentropyDerivative());
  }
  if (f.from_logits) {
    return forward ? judge(TieBroken<bulk::BinaryCrossentropyOf, false>())
                   : judge(TieBroken<bulk::BinaryCrossentropyDerivative, true>());
  }
  if (!f.clips) return forward ? judge(bulk::ProbableCrossentropyOf()) : judge(bulk::ProbableCrossentropyDerivative());
  if (forward && (f.clip_low == 0 || f.clip_high == 1)) return judge(HalfClipped{f.clip_low, f.clip_high});
  return forward ? judge(bulk::Clipped<bulk::ProbableCrossentropyOf, false>{f.clip_low, f.clip_high})
                 : judge(bulk::Clipped<bulk::ProbableCrossentropyDerivative, true>{f.clip_low, f.clip_high});
}

/// The same for every input.
struct Given {
  double value, radius;
  template <class N>
  HWY_INLINE bulk::Enclosed<N> operator()(N /*type*/, V /*x*/, V /*target*/) const {
    return {N::Of(value), Constant(radius)};
  }
};

void JudgeEnclosed(Format format, double value, double radius, const float* computed, std::size_t n,
                   const SweepKnown& known, Tally* tally, SweepLists* lists) {
  JudgeAll(Given{value, radius}, {.format = format}, computed, computed, n, known, tally, lists);
}

std::size_t CountNans(const float* computed, std::size_t n) {
  const hn::ScalableTag<float> d;
  std::size_t i = 0, count = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) count += hn::CountTrue(d, hn::IsNaN(hn::LoadU(d, computed + i)));
  for (; i < n; ++i) count += std::isnan(computed[i]) ? 1 : 0;
  return count;
}

}  // namespace lossaudit::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit {

HWY_EXPORT(JudgeRun);
HWY_EXPORT(JudgeEnclosed);
HWY_EXPORT(CountNans);

void Tally::append(const Tally& next, std::size_t first) {
  numbers += next.numbers;
  nans += next.nans;
  poles += next.poles;
  overflows += next.overflows;
  correctly_rounded += next.correctly_rounded;
  sum_ulp += next.sum_ulp;
  max_relative = std::max(max_relative, next.max_relative);
  if (next.max_ulp > max_ulp) {
    max_ulp = next.max_ulp;
    max_at = first + next.max_at;
  }
  for (std::size_t rule = 0; rule < lane_rule_count; ++rule) broken[rule] += next.broken[rule];
}

bool judges(const Contract& contract) {
  return traits(contract.function).layout == Layout::elementwise &&
         (contract.function == Function::relu || bulk::serves(contract));
}

SweptFunction swept_function(const Contract& contract, double target) {
  SweptFunction swept{.function = contract.function, .pass = contract.pass, .format = contract.format};
  if (contract.function != Function::binary_crossentropy) return swept;
  const Batch nothing;
  const Problem problem(contract, nothing);
  swept.from_logits = contract.options.from_logits;
  swept.target = target;
  swept.clips = !swept.from_logits && problem.path.clips();
  swept.clip_low = problem.clip_low;
  swept.clip_high = problem.clip_high;
  return swept;
}

void judge_run(const SweptFunction& function, std::span<const float> x, std::span<const float> computed,
               const SweepKnown& known, Tally& tally, SweepLists& lists) {
  if (computed.empty()) return;
  HWY_DYNAMIC_DISPATCH(JudgeRun)
  (function, x.data(), computed.data(), computed.size(), known, &tally, &lists);
}

void judge_enclosed(Format format, double value, double radius, std::span<const float> computed,
                    const SweepKnown& known, Tally& tally, SweepLists& lists) {
  if (computed.empty()) return;
  HWY_DYNAMIC_DISPATCH(JudgeEnclosed)
  (format, value, radius, computed.data(), computed.size(), known, &tally, &lists);
}

void judge_nans(std::span<const float> computed, Tally& tally, SweepLists& lists) {
  tally.nans += HWY_DYNAMIC_DISPATCH(CountNans)(computed.data(), computed.size());
  if (tally.nans == computed.size()) return;
  const auto first = std::ranges::find_if(computed, [](float y) { return !std::isnan(y); });
  lists.open.push_back(static_cast<std::uint32_t>(first - computed.begin()));
  tally.broken[static_cast<std::size_t>(LaneRule::nan_stays_nan)] += computed.size() - tally.nans - 1;
}

void judge_poles(std::span<const float> computed, float due, Tally& tally, SweepLists& lists) {
  tally.poles += static_cast<std::uint64_t>(std::ranges::count(computed, due));
  if (tally.poles == computed.size()) return;
  bool has_broken[lane_rule_count] = {};
  for (std::uint32_t i = 0; i < computed.size(); ++i) {
    if (computed[i] == due) continue;
    const auto rule = static_cast<std::size_t>(std::isnan(computed[i]) ? LaneRule::number_due : LaneRule::pole);
    if (has_broken[rule]) {
      ++tally.broken[rule];
    } else {
      has_broken[rule] = true;
      lists.open.push_back(i);
    }
  }
}

}  // namespace lossaudit
#endif
