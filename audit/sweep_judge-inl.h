// The judgement of a vector of results.
#if defined(LOSSAUDIT_AUDIT_SWEEP_JUDGE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_AUDIT_SWEEP_JUDGE_INL_H_
#undef LOSSAUDIT_AUDIT_SWEEP_JUDGE_INL_H_
#else
#define LOSSAUDIT_AUDIT_SWEEP_JUDGE_INL_H_
#endif

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "audit/sweep_judge.hpp"
#include "audit/sweep_stretches-inl.h"
#include "reference/bulk/functions-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
namespace bulk = lossaudit::bulk::HWY_NAMESPACE;
using bulk::Constant;
using bulk::D;
using bulk::M;
using bulk::V;

/// What is said of a vector of results c, when the exact ones lie within r of v.
struct Careful {
  M settled;      ///< numbers where numbers in range are due, of which all is known
  M rounded;      ///< of the settled: the correctly rounded ones; the others certainly are not
  M infinite;     ///< of the settled: infinities
  M nan;          ///< NaNs where numbers in range are due
  M overflowed;   ///< the infinity of a result beyond 2^(emax+1)
  M subnormal;    ///< v is below the normal range
  V error, most;  ///< abs(c − exact) / ulp(exact) to 2^-20, and no less than that; an infinity counts as 2^(emax+1)
  V relative;     ///< abs(c − exact) / abs(exact)
};

/// Of an exact result y within r of v: ulp = 2^(E − p + 1) with E = max(floor(log2 abs(v)), emin), as long as y lies in
/// v's binade. abs(c − v) and its product with 1 / ulp (a power of two) carry one rounding, 2^-53 of the error, which
/// `slack` = r / ulp + 2^-50 error takes in, and its own roundings with it. So y's error lies within slack of `error`.
///
/// Where v is so near a power of two that y may lie in the next binade down, its ulp may be half of that, so the error is
/// only settled as below 1/2 when twice it is: c is then the power itself, and both are below 4 slack. Where y may lie in
/// the next binade up, that is more than is needed.
///
/// In v's binade, place = abs(v) / ulp lies in [2^(p-1), 2^p), so its differences from both ends are exact (Sterbenz), and
/// so is r / ulp; since y lies strictly within r, it is in that binade unless one of them is less than that.
///
/// Sums of short numbers are often so near the middle between two results that only y's side of it is known, and r tells no
/// more (TieBroken, in sweep_formulas-inl.h): there error − 1/2 is compared with reach = r / ulp itself, as y lies strictly
/// within r. For errors in [1/4, 1] and v from ulp / 2 on that is exact: error − 1/2 always is (Sterbenz), and c − v too,
/// since c is 0 or, being so near and a multiple of ulp, in [v / 2, 2 v].
///
/// Take() first looks at what nearly all results are: not near a power of two, and settled by one comparison. One that is
/// not sends its vector to TakeCarefully().
class Judge {
 public:
  /// `tells_ties`: radii are strict and may end at the middle between two results.
  HWY_INLINE Judge(Format format, bool only_rounded, bool tells_ties)
      : least_normal_(std::ldexp(1.0, traits(format).min_exponent)),
        inverse_base_(static_cast<std::uint64_t>(2046 + traits(format).precision - 1) << 52),
        binade_(std::ldexp(1.0, traits(format).precision - 1)),
        largest_(largest(format)),
        beyond_(std::ldexp(1.0, traits(format).max_exponent + 1)),
        limit_(only_rounded ? 0.5 : kInfinity),
        tells_ties_(tells_ties),
        sum_(hn::Zero(D())),
        most_(sum_),
        relative_error_(sum_),
        relative_place_(Constant(1)) {}

  /// Results i, i + 1, ...; those left open are appended to `open`.
  HWY_INLINE void Take(V c, V v, V r, std::size_t i, std::vector<std::uint32_t>& open) {
    const D d;
    const V size = hn::Abs(v);
    const V per_ulp = PerUlp(hn::Max(size, Constant(least_normal_)));
    const V error = hn::Mul(hn::Abs(hn::Sub(c, v)), per_ulp);
    const V reach = hn::Mul(r, per_ulp);
    const V slack = hn::MulAdd(error, Constant(0x1p-50), reach);
    const V most = hn::Add(error, slack);
    const V half = Constant(0.5);
    const M is_decided = hn::And(hn::Gt(hn::Abs(hn::Sub(error, half)), slack), hn::Le(most, Constant(limit_)));
    const V place = hn::Mul(size, per_ulp);
    const M is_inside =
        hn::Ge(hn::Min(hn::Sub(place, Constant(binade_)), hn::Sub(Constant(2 * binade_), place)), reach);
    const M is_in_range = hn::Le(size, Constant(0.5 * largest_));
    if (HWY_LIKELY(hn::AllTrue(d, hn::And(is_decided, hn::And(is_inside, is_in_range))))) {
      tally_.numbers += hn::Lanes(d);
      tally_.correctly_rounded += hn::CountTrue(d, hn::Lt(error, half));
      sum_ = hn::Add(sum_, error);
      most_ = hn::Max(most_, most);
      // Quotients are compared by their products.
      const M is_larger = hn::Gt(hn::Mul(error, relative_place_), hn::Mul(relative_error_, place));
      relative_error_ = hn::IfThenElse(is_larger, error, relative_error_);
      relative_place_ = hn::IfThenElse(is_larger, place, relative_place_);
      return;
    }
    sum_ = hn::Add(sum_, TakeCarefully(c, v, r, i, open));
  }

  [[nodiscard]] HWY_INLINE Careful LookCarefully(V given, V v, V r) const {
    const M is_infinite = hn::IsInf(given);
    const M is_nan = hn::IsNaN(given);
    const V c = hn::IfThenElse(is_infinite, hn::CopySign(Constant(beyond_), given), given);
    const V size = hn::Abs(v);
    const V per_ulp = PerUlp(hn::Max(size, Constant(least_normal_)));
    const V distance = hn::Abs(hn::Sub(c, v));
    const V error = hn::Mul(distance, per_ulp);
    const V reach = hn::Mul(r, per_ulp);
    const V slack = hn::MulAdd(error, Constant(0x1p-50), reach);
    const V most = hn::Add(error, slack);
    const V place = hn::Mul(size, per_ulp);
    const M is_subnormal = hn::Lt(size, Constant(least_normal_));
    const M may_be_below = hn::AndNot(is_subnormal, hn::Lt(hn::Sub(place, Constant(binade_)), reach));
    const M may_be_above = hn::Lt(hn::Sub(Constant(2 * binade_), place), reach);
    const M is_near_power = hn::Or(may_be_below, may_be_above);
    const V half = Constant(0.5);
    const V doubled = hn::IfThenElse(is_near_power, hn::Add(most, most), most);
    // False where r is infinite or NaN.
    const M is_number_due = hn::Le(hn::Add(size, r), Constant(largest_));
    const M is_number = hn::AndNot(is_nan, is_number_due);
    M is_below_half = hn::Lt(doubled, half);
    M is_above_half = hn::Gt(hn::Sub(error, slack), half);
    if (tells_ties_) {
      const M is_exact =
          hn::And(hn::Ge(place, half), hn::And(hn::Ge(error, Constant(0.25)), hn::Le(error, Constant(1))));
      const M is_tie = hn::And(hn::AndNot(is_near_power, is_exact), hn::Gt(r, hn::Zero(D())));
      const V beyond = hn::Sub(error, half);
      is_below_half = hn::Or(is_below_half, hn::And(is_tie, hn::Le(beyond, hn::Neg(reach))));
      is_above_half = hn::Or(is_above_half, hn::And(is_tie, hn::Ge(beyond, reach)));
    }
    Careful seen;
    seen.rounded = hn::And(hn::AndNot(is_infinite, is_below_half), is_number);
    const M is_off = hn::And(is_number, hn::AndNot(is_near_power, is_above_half));
    seen.infinite = hn::And(is_off, is_infinite);
    seen.settled = hn::Or(hn::Or(seen.rounded, seen.infinite), hn::And(is_off, hn::Le(most, Constant(limit_))));
    seen.nan = hn::And(is_number_due, is_nan);
    seen.overflowed = hn::And(hn::And(hn::Ge(hn::Sub(size, r), Constant(beyond_)), hn::Lt(size, Constant(kInfinity))),
                              hn::Eq(given, hn::CopySign(Constant(kInfinity), v)));
    seen.subnormal = is_subnormal;
    seen.error = error;
    seen.most = doubled;
    seen.relative = hn::Div(distance, size);
    return seen;
  }

  /// n results from i on, all of them c, when the exact ones lie between those that v and r enclose in lanes: all at once,
  /// or (false) none. Told of their errors is the one at the middle of the enclosures' hull, which is less than kAtOnce ulp,
  /// or that part of itself, from each: so it is where the hull is narrow, and where c is very far off, as an infinity is.
  HWY_NOINLINE bool TakeAll(double c, V v, V r, std::size_t i, std::size_t n, std::vector<std::uint32_t>& open) {
    const D d;
    if (!hn::AllTrue(d, hn::Lt(r, Constant(kInfinity)))) return false;
    const double low = Least(hn::Sub(v, r));
    const double high = Largest(hn::Add(v, r));
    const double radius = Largest(r);
    // The hull: its own roundings are below 2^-51 of its larger end.
    const double middle = low + (high - low) / 2;
    const double reach = radius == 0 && low == high
                             ? 0
                             : (high - low) * (0.5 + 0x1p-50) + std::max(std::abs(low), std::abs(high)) * 0x1p-51;
    const Careful seen = LookCarefully(Constant(c), Constant(middle), Constant(reach));
    if (hn::AllTrue(d, seen.nan)) {
      TakeBroken(LaneRule::number_due, i, n, open);
      return true;
    }
    const double error = hn::GetLane(seen.error);
    const double most = hn::GetLane(seen.most);
    if (!hn::AllTrue(d, seen.settled) || !(most - error <= kAtOnce * std::max(1.0, error))) return false;
    if (hn::AllTrue(d, seen.infinite)) n = TakeBroken(LaneRule::finite, i, n, open);
    tally_.numbers += n;
    tally_.correctly_rounded += hn::AllTrue(d, seen.rounded) ? n : 0;
    sum_all_ += error * static_cast<double>(n);
    most_all_ = std::max(most_all_, most);
    least_at_once_ = 2 * error - most;
    if (hn::AllFalse(d, seen.subnormal)) {
      // Largest at an end; 2^-20 of it is far more than a radius.
      const double number = std::isinf(c) ? std::copysign(beyond_, c) : c;
      tally_.max_relative =
          std::max({tally_.max_relative, std::abs((number - low) / low), std::abs((number - high) / high)});
    }
    return true;
  }

  /// n results, all on a line of their inputs.
  HWY_INLINE void TakeLine(const Line& line, std::size_t n) {
    tally_.numbers += n;
    tally_.correctly_rounded += n;
    most_all_ = std::max(most_all_, line.most_ulp);
    least_at_once_ = 0;
    tally_.max_relative = std::max(tally_.max_relative, line.most_relative);
  }

  /// No error since the last call was larger.
  HWY_INLINE double MostOfChunk() {
    const double most = std::max(most_all_, Largest(most_));
    most_ = hn::Zero(D());
    most_all_ = 0;
    return most;
  }

  /// No error of what was last taken at once is smaller.
  [[nodiscard]] double LeastAtOnce() const { return least_at_once_; }

  [[nodiscard]] HWY_INLINE Tally Result() const {
    Tally tally = tally_;
    tally.sum_ulp = hn::GetLane(hn::SumOfLanes(D(), sum_)) + sum_all_;
    tally.max_relative = std::max(tally.max_relative, Largest(hn::Div(relative_error_, relative_place_)));
    return tally;
  }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  static constexpr double kAtOnce = 0x1p-20;

  static HWY_INLINE double Least(V x) { return hn::GetLane(hn::MinOfLanes(D(), x)); }
  static HWY_INLINE double Largest(V x) { return hn::GetLane(hn::MaxOfLanes(D(), x)); }

  /// 1 / ulp of a number in the normal range.
  HWY_INLINE V PerUlp(V size) const {
    const hn::RebindToUnsigned<D> du;
    const auto exponent = hn::And(hn::BitCast(du, size), hn::Set(du, 0x7ff0000000000000U));
    return hn::BitCast(D(), hn::Sub(hn::Set(du, inverse_base_), exponent));
  }

  static std::uint64_t BitsOf(M mask) {
    std::uint8_t bits[8] = {};
    hn::StoreMaskBits(D(), mask, bits);
    std::uint64_t all = 0;
    std::memcpy(&all, bits, sizeof all);
    return all;
  }

  /// Counts lanes that break a rule, without the first of the run, which is given back: it is left open.
  HWY_INLINE std::uint64_t CountBroken(LaneRule rule, std::uint64_t lanes) {
    std::uint64_t first = 0;
    const auto index = static_cast<std::size_t>(rule);
    if (lanes != 0 && !has_broken_[index]) {
      has_broken_[index] = true;
      first = lanes & (~lanes + 1);
    }
    tally_.broken[index] += hwy::PopCount(lanes & ~first);
    return first;
  }

  /// n results from i on that break a rule; those that are counted: all, or, of the run's first, all but the one left open.
  HWY_INLINE std::size_t TakeBroken(LaneRule rule, std::size_t i, std::size_t n, std::vector<std::uint32_t>& open) {
    const bool is_first = CountBroken(rule, 1) != 0;
    if (is_first) open.push_back(static_cast<std::uint32_t>(i));
    tally_.broken[static_cast<std::size_t>(rule)] += n - 1;
    return is_first ? n - 1 : n;
  }

  /// The errors of what is settled, else 0.
  HWY_NOINLINE V TakeCarefully(V c, V v, V r, std::size_t i, std::vector<std::uint32_t>& open_list) {
    const D d;
    const Careful seen = LookCarefully(c, v, r);
    const std::uint64_t nan = BitsOf(seen.nan);
    const std::uint64_t overflowed = BitsOf(seen.overflowed);
    const std::uint64_t infinite_left = CountBroken(LaneRule::finite, BitsOf(seen.infinite));
    const std::uint64_t settled = BitsOf(seen.settled) & ~infinite_left;
    const std::uint64_t lanes = (std::uint64_t{1} << hn::Lanes(d)) - 1;
    const std::uint64_t open = (lanes & ~(settled | nan | overflowed)) | CountBroken(LaneRule::number_due, nan);
    tally_.overflows += hwy::PopCount(overflowed);
    tally_.numbers += hwy::PopCount(settled | overflowed);
    tally_.correctly_rounded += hwy::PopCount((BitsOf(seen.rounded) & settled) | overflowed);

    HWY_ALIGN double error[hn::MaxLanes(d)];
    HWY_ALIGN double most[hn::MaxLanes(d)];
    HWY_ALIGN double relative[hn::MaxLanes(d)];
    hn::Store(seen.error, d, error);
    hn::Store(seen.most, d, most);
    hn::Store(seen.relative, d, relative);
    const std::uint64_t subnormal = BitsOf(seen.subnormal);
    for (std::size_t lane = 0; lane < hn::Lanes(d); ++lane) {
      const std::uint64_t bit = std::uint64_t{1} << lane;
      if ((open & bit) != 0) open_list.push_back(static_cast<std::uint32_t>(i + lane));
      if ((settled & bit) == 0) {
        error[lane] = 0;
        continue;
      }
      most_all_ = std::max(most_all_, most[lane]);
      if ((subnormal & bit) == 0) tally_.max_relative = std::max(tally_.max_relative, relative[lane]);
    }
    return hn::Load(d, error);
  }

  double least_normal_;
  std::uint64_t inverse_base_;
  double binade_, largest_, beyond_, limit_;
  bool tells_ties_;
  V sum_, most_;                       ///< most_: since the last chunk
  V relative_error_, relative_place_;  ///< of the largest quotient of the two in each lane
  double sum_all_ = 0, most_all_ = 0;  ///< what is not in lanes
  double least_at_once_ = 0;
  bool has_broken_[lane_rule_count] = {};
  Tally tally_;
};

}  // namespace lossaudit::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
