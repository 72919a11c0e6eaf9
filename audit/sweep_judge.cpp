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
#include "audit/sweep_run-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::HWY_NAMESPACE {

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
