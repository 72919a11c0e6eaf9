#include "audit/sweep_judge.hpp"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "audit/sweep_judge.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Of an exact result within r of v: ulp = 2^(E - p + 1) with E = max(floor(log2 abs(v)), emin). abs(c - v) and its
/// product with 1 / ulp (a power of two) carry one rounding, 2^-53 of the error, which `slack` takes in together with r.
/// Where v is so near a power of two that the exact result may lie in the next binade down, an ulp may be half of that:
/// the error is then only settled as below 1/2 when twice it is. The reference, which knows an exact result to 2^-20 ulp,
/// says the same of an error at least 2^-19 from the limit.
template <class D>
class Judge {
 public:
  using V = hn::Vec<D>;
  using M = hn::Mask<D>;

  HWY_INLINE Judge(Format format, double limit)
      : least_exponent_(static_cast<std::uint64_t>(traits(format).min_exponent + 1023) << 52),
        inverse_base_(static_cast<std::uint64_t>(2046 + traits(format).precision - 1) << 52),
        binade_(std::ldexp(1.0, traits(format).precision - 1)),
        normal_(std::ldexp(1.0, traits(format).min_exponent)),
        largest_(largest(format)),
        below_(limit - 0x1p-19),
        above_(limit + 0x1p-19),
        sum_(hn::Zero(D())),
        max_relative_(sum_),
        max_(sum_),
        max_at_(sum_) {}

  /// The lanes that are not settled, of results i, i + 1, ...
  HWY_INLINE M Take(V c, V v, V r, std::size_t i) {
    const D d;
    const hn::RebindToUnsigned<D> du;
    const V size = hn::Abs(v);
    const auto exponent =
        hn::Max(hn::And(hn::BitCast(du, size), hn::Set(du, 0x7ff0000000000000U)), hn::Set(du, least_exponent_));
    const V per_ulp = hn::BitCast(d, hn::Sub(hn::Set(du, inverse_base_), exponent));
    const V distance = hn::Abs(hn::Sub(c, v));
    const V error = hn::Mul(distance, per_ulp);
    const V slack = hn::MulAdd(r, per_ulp, hn::Mul(error, hn::Set(d, 0x1p-50)));
    const V most = hn::Add(error, slack);
    const V least = hn::Sub(error, slack);
    const V place = hn::Mul(size, per_ulp);
    const M is_subnormal = hn::Lt(size, hn::Set(d, normal_));
    const M below = hn::AndNot(is_subnormal, hn::Lt(hn::Sub(place, slack), hn::Set(d, binade_)));
    const M above = hn::Ge(hn::Add(place, slack), hn::Set(d, 2 * binade_));
    const M is_near_power = hn::Or(below, above);
    const V half = hn::Set(d, 0.5);
    const V doubled = hn::IfThenElse(is_near_power, hn::Add(most, most), most);
    const M is_rounded = hn::Lt(doubled, half);
    const M is_aside = hn::Or(hn::Lt(most, hn::Set(d, below_)), hn::Gt(least, hn::Set(d, above_)));
    const M is_other = hn::AndNot(is_near_power, hn::And(hn::Gt(least, half), is_aside));
    const M is_in_range =
        hn::And(hn::Le(hn::Add(size, r), hn::Set(d, largest_)), hn::Lt(hn::Abs(c), hn::Set(d, kInfinity)));
    const M is_settled = hn::And(hn::Or(is_rounded, is_other), is_in_range);

    rounded_ += hn::CountTrue(d, hn::And(is_settled, is_rounded));
    settled_ += hn::CountTrue(d, is_settled);
    const V counted = hn::IfThenElseZero(is_settled, error);
    sum_ = hn::Add(sum_, counted);
    const M is_normal = hn::AndNot(is_subnormal, is_settled);
    max_relative_ = hn::Max(max_relative_, hn::IfThenElseZero(is_normal, hn::Div(distance, size)));
    const M is_larger = hn::Gt(counted, max_);
    max_ = hn::IfThenElse(is_larger, counted, max_);
    max_at_ = hn::IfThenElse(is_larger, hn::Set(d, static_cast<double>(i)), max_at_);
    return hn::Not(is_settled);
  }

  HWY_INLINE Tally Result() const {
    const D d;
    Tally tally;
    tally.numbers = settled_;
    tally.correctly_rounded = rounded_;
    tally.sum_ulp = hn::GetLane(hn::SumOfLanes(d, sum_));
    tally.max_relative = hn::GetLane(hn::MaxOfLanes(d, max_relative_));
    HWY_ALIGN double max[hn::MaxLanes(D())];
    HWY_ALIGN double at[hn::MaxLanes(D())];
    hn::Store(max_, d, max);
    hn::Store(max_at_, d, at);
    for (std::size_t lane = 0; lane < hn::Lanes(d); ++lane) {
      const std::size_t place = static_cast<std::size_t>(at[lane]) + lane;
      if (max[lane] < tally.max_ulp || (max[lane] == tally.max_ulp && place >= tally.max_at && lane > 0)) continue;
      tally.max_ulp = max[lane];
      tally.max_at = place;
    }
    return tally;
  }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::uint64_t least_exponent_, inverse_base_;
  double binade_, normal_, largest_, below_, above_;
  std::uint64_t rounded_ = 0, settled_ = 0;
  V sum_, max_relative_, max_, max_at_;
};

void JudgeRun(Format format, const float* computed, const bulk::Enclosures& exact, std::size_t n, double limit,
              Tally* tally, std::vector<std::uint32_t>* open) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> df;
  const std::size_t lanes = hn::Lanes(d);
  Judge<decltype(d)> judge(format, limit);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto is_open = judge.Take(hn::PromoteTo(d, hn::LoadU(df, computed + i)), hn::LoadU(d, exact.value.data() + i),
                                    hn::LoadU(d, exact.radius.data() + i), i);
    if (HWY_LIKELY(hn::AllFalse(d, is_open))) continue;
    HWY_ALIGN double flags[hn::MaxLanes(d)];
    hn::Store(hn::IfThenElseZero(is_open, hn::Set(d, 1.0)), d, flags);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      if (flags[lane] != 0) open->push_back(static_cast<std::uint32_t>(i + lane));
    }
  }
  *tally = judge.Result();
  for (; i < n; ++i) open->push_back(static_cast<std::uint32_t>(i));
}

}  // namespace lossaudit::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit {

HWY_EXPORT(JudgeRun);

Tally judge_run(Format format, std::span<const float> computed, const bulk::Enclosures& exact, double limit,
                std::vector<std::uint32_t>& open) {
  Tally tally;
  HWY_DYNAMIC_DISPATCH(JudgeRun)
  (format, computed.data(), exact, computed.size(), limit, &tally, &open);
  return tally;
}

Tally judge_nans(std::span<const float> computed, std::vector<std::uint32_t>& open) {
  Tally tally;
  for (std::size_t i = 0; i < computed.size(); ++i) {
    if (std::isnan(computed[i])) {
      ++tally.nans;
    } else {
      open.push_back(static_cast<std::uint32_t>(i));
    }
  }
  return tally;
}

}  // namespace lossaudit
#endif
