// The functions of a row over either number type N, each with its error bound (see functions-inl.h for ε_e, ε_l, ω).
//
// With maximum m and d_j = x_j − m (an exact sum; Single keeps the rounded one outside the exponential, ω), e_j = e^d_j:
// others = Σ e_j over all but one maximum, L = ln(1 + others), so logsumexp = m + L. A class of −inf adds nothing.
#if defined(LOSSAUDIT_REFERENCE_BULK_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_REFERENCE_BULK_ROWS_INL_H_
#undef LOSSAUDIT_REFERENCE_BULK_ROWS_INL_H_
#else
#define LOSSAUDIT_REFERENCE_BULK_ROWS_INL_H_
#endif

#include <algorithm>

#include "reference/bulk.hpp"
#include "reference/bulk/functions-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::bulk::HWY_NAMESPACE {

inline constexpr std::size_t kMostLanes = 8;
static_assert(hn::MaxLanes(D()) <= kMostLanes);

/// A sum over a row. Bound(n) is relative to the sum of the terms' magnitudes.
template <class N>
class SumOf;

/// Plain sums over blocks of 16 (15 u), joined by TwoSum with their roundings carried along (u at the end; the carry's own
/// roundings are below (blocks · u)² ≤ 2^-62 for 2^26 terms), then at most 8 lanes (7 u).
template <>
class SumOf<Single> {
 public:
  /// A power of 2 above every radius near ±1: 110 u.
  static double Edge(std::size_t /*n*/) { return 0x1p-46; }
  static constexpr std::size_t kBlock = 16;
  static double Bound(std::size_t /*n*/) { return 24 * kRoundoff; }

  HWY_INLINE SumOf() : block_(hn::Zero(D())), total_(block_), carry_(block_) {}
  HWY_INLINE void Add(Single x) { block_ = hn::Add(block_, x.v); }
  HWY_INLINE void EndBlock() {
    const ExactSum sum = TwoSum(total_, block_);
    total_ = sum.hi;
    carry_ = hn::Add(carry_, sum.lo);
    block_ = hn::Zero(D());
  }
  HWY_INLINE Single Value() { return {hn::SumOfLanes(D(), hn::Add(total_, carry_))}; }

 private:
  V block_, total_, carry_;
};

/// Double-double additions, 3 u² each (+ 13 u³), at most n of them on the way and 8 over the lanes.
template <>
class SumOf<Pair> {
 public:
  /// Twice Bound(n) and 2^-92 are below it.
  static double Edge(std::size_t n) { return n <= (std::size_t{1} << 14) ? 0x1p-88 : 0x1p-75; }
  static constexpr std::size_t kBlock = 16;
  static double Bound(std::size_t n) { return static_cast<double>(n / hn::Lanes(D()) + 10) * 0x1p-104; }

  HWY_INLINE SumOf() : total_(Pair::Of(0)) {}
  HWY_INLINE void Add(Pair x) { total_ = total_ + x; }
  HWY_INLINE void EndBlock() {}
  HWY_INLINE Pair Value() {
    HWY_ALIGN double high[kMostLanes];
    HWY_ALIGN double low[kMostLanes];
    hn::Store(total_.hi, D(), high);
    hn::Store(total_.lo, D(), low);
    Pair sum(Constant(high[0]), Constant(low[0]));
    for (std::size_t i = 1; i < hn::Lanes(D()); ++i) sum = sum + Pair(Constant(high[i]), Constant(low[i]));
    return sum;
  }

 private:
  Pair total_;
};

/// Bound on what 2^26 exponentials of 0 leave out, each below N::kFloor, and on underflows of products with them.
template <class N>
inline constexpr double kRowFloor = N::kFloor * 0x1p+30;

/// Calls pass(part, i) for the vectors of a row, and pass.EndBlock() after every block of them.
template <class Pass>
HWY_INLINE void Walk(std::size_t n, Pass& pass) {
  const std::size_t lanes = hn::Lanes(D());
  for (std::size_t i = 0; i < n;) {
    for (std::size_t step = 0; step < SumOf<Single>::kBlock && i < n; ++step, i += lanes) pass(Part(i, n), i);
    pass.EndBlock();
  }
}

/// Calls map(part, i) for the vectors of a row.
template <class Map>
HWY_INLINE void ForEachVector(std::size_t n, const Map& map) {
  for (std::size_t i = 0; i < n; i += hn::Lanes(D())) map(Part(i, n), i);
}

/// The largest of a row; NaNs may be passed over (their exponentials show them).
HWY_INLINE double MaximumOf(const double* x, std::size_t n) {
  const std::size_t lanes = hn::Lanes(D());
  V first = Constant(-kInfinity);
  V second = first;
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    first = hn::Max(first, hn::LoadU(D(), x + i));
    second = hn::Max(second, hn::LoadU(D(), x + i + lanes));
  }
  double maximum = hn::GetLane(hn::MaxOfLanes(D(), hn::Max(first, second)));
  for (; i < n; ++i) maximum = std::max(maximum, x[i]);
  return maximum;
}

template <class N>
HWY_INLINE double* LowAt(const Row& row, std::size_t i) {
  return N::kHasLow ? row.low + i : nullptr;
}
template <class N>
HWY_INLINE N LoadResult(Part part, const Row& row, std::size_t i) {
  return N::Load(part, row.value + i, LowAt<N>(row, i));
}
template <class N>
HWY_INLINE void StoreResult(const Enclosed<N>& y, Part part, const Row& row, std::size_t i) {
  Store(y, part, row.value + i, LowAt<N>(row, i), row.radius + i);
}

/// Sums e_j over a row, and stores them where the results will be when kKeep.
template <class N, bool kKeep>
struct ExpPass {
  const Row& row;
  V maximum;
  SumOf<N> below = {};
  SumOf<Single> maxima = {};

  HWY_INLINE void operator()(Part part, std::size_t i) {
    const ExactSum d = TwoDifference(part.Load(row.output + i, -kInfinity), maximum);
    const N e = ExpOf(N{}, d);
    if (kKeep) e.Store(part, row.value + i, LowAt<N>(row, i));
    const M is_maximum = hn::Eq(d.hi, hn::Zero(D()));
    below.Add(IfThenElse(is_maximum, N::Of(0.0), e));
    maxima.Add({hn::IfThenElseZero(is_maximum, Constant(1))});
  }
  HWY_INLINE void EndBlock() {
    below.EndBlock();
    maxima.EndBlock();
  }
};

/// What a row's results are made of, the same in every lane. `error` bounds the relative error of `others` beyond
/// kRowFloor: the exponentials' ε_e, the sum's, and the two additions of maxima. L has ε_l more.
template <class N>
struct RowParts {
  V maximum;
  N others, total, log;  ///< total = 1 + others, log = L
  double error, edge;
  V unknown;     ///< NaN when nothing is known about the row, else 0
  M has_others;  ///< others is not 0
};

template <class N, bool kKeep>
HWY_NOINLINE RowParts<N> PartsOf(const Row& row, std::size_t n) {
  const V maximum = Constant(MaximumOf(row.output, n));
  ExpPass<N, kKeep> pass{row, maximum};
  Walk(n, pass);
  const N others = pass.below.Value() + N::Of(hn::Sub(pass.maxima.Value().v, Constant(1)));
  const V unknown = hn::Add(Unknown(hn::Add(others.High(), maximum)), others.UnknownLow());
  return {maximum,
          others,
          N::Of(1) + others,
          Log1pOf(others),
          N::kExp + SumOf<N>::Bound(n) + 2 * N::kArithmetic,
          SumOf<N>::Edge(n),
          unknown,
          hn::Gt(others.High(), hn::Zero(D()))};
}

/// magnitude · bound + weight · (what underflows), for a row of which anything is known.
template <class N>
HWY_INLINE V RowRadius(const RowParts<N>& parts, V magnitude, double bound, V weight) {
  const V relative = hn::MulAdd(hn::Abs(magnitude), Constant(bound * kSlack), parts.unknown);
  return hn::MulAdd(hn::Add(weight, Constant(1)), Constant(kRowFloor<N>), relative);
}
template <class N>
HWY_INLINE V RowRadius(const RowParts<N>& parts, V magnitude, double bound) {
  return RowRadius(parts, magnitude, bound, hn::Zero(D()));
}

/// e_i / (1 + others): ε_e, error, and two operations. Below 1 where there are others.
template <class N>
inline double SoftmaxBound(const RowParts<N>& parts) {
  return N::kExp + parts.error + 2 * N::kArithmetic;
}
template <class N>
HWY_INLINE Enclosed<N> SoftmaxOf(const RowParts<N>& parts, N e) {
  const N s = e / parts.total;
  Enclosed<N> y{s, RowRadius(parts, s.High(), SoftmaxBound(parts))};
  KeepToSide(y, Constant(1), Constant(-1), parts.has_others, parts.edge);
  y.radius = hn::Add(y.radius, parts.unknown);
  return y;
}

/// d_i − L, neither positive: L's error and ε_l, the difference's ω, and one operation.
template <class N>
HWY_INLINE Enclosed<N> LogSoftmaxOf(const RowParts<N>& parts, V x) {
  const N y = N::Difference(x, parts.maximum) - parts.log;
  return {y, RowRadius(parts, y.High(), parts.error + N::kLog1p + 2 * N::kArithmetic)};
}

/// m + L: L's error, and one operation on a sum that may cancel.
template <class N>
HWY_INLINE Enclosed<N> LogsumexpOf(const RowParts<N>& parts) {
  const N y = N::Of(parts.maximum) + parts.log;
  const V radius = RowRadius(parts, parts.log.High(), parts.error + N::kLog1p);
  return {y, hn::Add(radius, RowRadius(parts, y.High(), N::kArithmetic))};
}

/// Σ terms, Σ |terms| and Σ |weights|.
template <class N>
struct WeightedSum {
  SumOf<N> sum = {};
  SumOf<Single> magnitude = {};
  SumOf<Single> weight = {};
  HWY_INLINE void Add(N term, V w) {
    sum.Add(term);
    magnitude.Add({hn::Abs(term.High())});
    weight.Add({hn::Abs(w)});
  }
  HWY_INLINE void EndBlock() {
    sum.EndBlock();
    magnitude.EndBlock();
    weight.EndBlock();
  }
};

/// Σ t_i (L − d_i): each term has log_softmax's bound and its product, and the sum its own.
template <class N>
struct CrossEntropyPass {
  const Row& row;
  const RowParts<N>& parts;
  WeightedSum<N> sum = {};

  HWY_INLINE void operator()(Part part, std::size_t i) {
    const V t = part.Load(row.target + i, 0);
    const V x = part.Load(row.output + i, 0);
    sum.Add((parts.log - N::Difference(x, parts.maximum)) * t, t);
  }
  HWY_INLINE void EndBlock() { sum.EndBlock(); }
};
template <class N>
HWY_INLINE Enclosed<N> CrossEntropyOf(const Row& row, const RowParts<N>& parts, std::size_t n) {
  CrossEntropyPass<N> pass{row, parts};
  Walk(n, pass);
  const double bound = parts.error + N::kLog1p + 3 * N::kArithmetic + SumOf<N>::Bound(n);
  const V weight = pass.sum.weight.Value().v;
  return {pass.sum.sum.Value(), RowRadius(parts, pass.sum.magnitude.Value().v, bound, weight)};
}

/// Σ w_j over a row, for some array of w.
template <class N>
struct PlainSumPass {
  const double* weights;
  WeightedSum<N> sum = {};

  HWY_INLINE void operator()(Part part, std::size_t i) {
    const V w = part.Load(weights + i, 0);
    sum.Add(N::Of(w), w);
  }
  HWY_INLINE void EndBlock() { sum.EndBlock(); }
};

/// Σ h_j e_j with h_j = g_j − g_0, and e_j where the results will be.
template <class N>
struct ShiftedSumPass {
  const Row& row;
  WeightedSum<N> sum = {};

  HWY_INLINE void operator()(Part part, std::size_t i) {
    const N h = N::Difference(part.Load(row.upstream + i, row.upstream[0]), Constant(row.upstream[0]));
    sum.Add(h * LoadResult<N>(part, row, i), h.High());
  }
  HWY_INLINE void EndBlock() { sum.EndBlock(); }
};

// ---- whole rows. Where results are made of exponentials, these stand in their place first.

template <class N>
void SoftmaxRow(const Row& row, std::size_t n) {
  const RowParts<N> parts = PartsOf<N, true>(row, n);
  ForEachVector(
      n, [&](Part part, std::size_t i) { StoreResult(SoftmaxOf(parts, LoadResult<N>(part, row, i)), part, row, i); });
}

template <class N>
void LogSoftmaxRow(const Row& row, std::size_t n) {
  const RowParts<N> parts = PartsOf<N, false>(row, n);
  ForEachVector(n, [&](Part part, std::size_t i) {
    StoreResult(LogSoftmaxOf(parts, part.Load(row.output + i, 0)), part, row, i);
  });
}

template <class N>
void LogsumexpRow(const Row& row, std::size_t n) {
  StoreResult(LogsumexpOf(PartsOf<N, false>(row, n)), Part(0, 1), row, 0);
}

template <class N>
void SparseRow(const Row& row, std::size_t n) {
  Enclosed<N> y = LogSoftmaxOf(PartsOf<N, false>(row, n), Constant(row.output[row.label]));
  y.value = -y.value;
  StoreResult(y, Part(0, 1), row, 0);
}

template <class N>
void CategoricalRow(const Row& row, std::size_t n) {
  StoreResult(CrossEntropyOf(row, PartsOf<N, false>(row, n), n), Part(0, 1), row, 0);
}

/// s_i (h_i − Σ_j h_j s_j): shifting g by g_0 changes nothing. s_i has its own bound; the mean that of e_j, its product, its
/// sum, and of a division by 1 + others: ε_e + error + the sum's + 4 ω; h, the difference and the product are one
/// operation each.
template <class N>
void SoftmaxGradientRow(const Row& row, std::size_t n) {
  const RowParts<N> parts = PartsOf<N, true>(row, n);
  if (row.upstream == nullptr) {  // all ones: 0, wherever softmax is a number
    return ForEachVector(n, [&](Part part, std::size_t i) {
      StoreResult(Enclosed<N>{N::Of(0.0), hn::Add(Constant(kRowFloor<N>), parts.unknown)}, part, row, i);
    });
  }
  ShiftedSumPass<N> pass{row};
  Walk(n, pass);
  const N mean = pass.sum.sum.Value() / parts.total;
  const V magnitude = hn::Div(pass.sum.magnitude.Value().v, parts.total.High());
  const V weight = pass.sum.weight.Value().v;
  const double bound = SoftmaxBound(parts) + N::kExp + parts.error + SumOf<N>::Bound(n) + 7 * N::kArithmetic;
  ForEachVector(n, [&](Part part, std::size_t i) {
    const N s = LoadResult<N>(part, row, i) / parts.total;
    const N h = N::Difference(part.Load(row.upstream + i, 0), Constant(row.upstream[0]));
    const V size = hn::Abs(h.High());
    const V spread = hn::Mul(s.High(), hn::Add(size, magnitude));
    StoreResult(Enclosed<N>{s * (h - mean), RowRadius(parts, spread, bound, hn::Add(weight, size))}, part, row, i);
  });
}

/// s_i Σ_j w_j − w_i, the gradient of a cross-entropy with targets w: s_i's bound and one product, the sum's, and one
/// operation, of s_i Σ |w_j| + |w_i|.
template <class N>
HWY_INLINE Enclosed<N> SpreadOver(const RowParts<N>& parts, N e, N sum, V sum_weight, V w, double sum_bound) {
  const N s = e / parts.total;
  const V spread = hn::MulAdd(s.High(), sum_weight, hn::Abs(w));
  return {s * sum - N::Of(w),
          RowRadius(parts, spread, SoftmaxBound(parts) + sum_bound + 3 * N::kArithmetic, sum_weight)};
}

/// g_i − s_i Σ_j g_j.
template <class N>
void LogSoftmaxGradientRow(const Row& row, std::size_t n) {
  const RowParts<N> parts = PartsOf<N, true>(row, n);
  N sum = N::Of(static_cast<double>(n));
  V weight = sum.High();
  if (row.upstream != nullptr) {
    PlainSumPass<N> pass{row.upstream};
    Walk(n, pass);
    sum = pass.sum.sum.Value();
    weight = pass.sum.weight.Value().v;
  }
  ForEachVector(n, [&](Part part, std::size_t i) {
    const V g = row.upstream == nullptr ? Constant(1) : part.Load(row.upstream + i, 0);
    Enclosed<N> y = SpreadOver(parts, LoadResult<N>(part, row, i), sum, weight, g, SumOf<N>::Bound(n));
    y.value = -y.value;
    StoreResult(y, part, row, i);
  });
}

/// A row's incoming gradient, one number.
template <class N>
HWY_INLINE Enclosed<N> TimesUpstream(const Enclosed<N>& y, const Row& row) {
  return row.upstream == nullptr ? y : Times(y, Constant(row.upstream[0]));
}

template <class N>
void LogsumexpGradientRow(const Row& row, std::size_t n) {
  const RowParts<N> parts = PartsOf<N, true>(row, n);
  ForEachVector(n, [&](Part part, std::size_t i) {
    StoreResult(TimesUpstream(SoftmaxOf(parts, LoadResult<N>(part, row, i)), row), part, row, i);
  });
}

template <class N>
void CategoricalGradientRow(const Row& row, std::size_t n) {
  const RowParts<N> parts = PartsOf<N, true>(row, n);
  PlainSumPass<N> pass{row.target};
  Walk(n, pass);
  const N sum = pass.sum.sum.Value();
  const V weight = pass.sum.weight.Value().v;
  ForEachVector(n, [&](Part part, std::size_t i) {
    const V t = part.Load(row.target + i, 0);
    const N e = LoadResult<N>(part, row, i);
    StoreResult(TimesUpstream(SpreadOver(parts, e, sum, weight, t, SumOf<N>::Bound(n)), row), part, row, i);
  });
}

/// softmax − 1 at the label: −W / (1 + others), W the exponentials of all other classes: `others` itself when the label is
/// the maximum, else 1 + (others − e_label), where others ≤ W since e_label ≤ 1. So W is good to error + ε_e + 2 ω,
/// 1 + others to error + ω, and the quotient adds ω. Above −1 where the label has any probability.
template <class N>
HWY_INLINE Enclosed<N> LabelGradient(const Row& row, const RowParts<N>& parts) {
  const ExactSum d = TwoDifference(Constant(row.output[row.label]), parts.maximum);
  const N e = ExpOf(N{}, d);
  const M is_maximum = hn::Eq(d.hi, hn::Zero(D()));
  const N rest = IfThenElse(is_maximum, parts.others, N::Of(1) + (parts.others - e));
  const N slope = -rest / parts.total;
  Enclosed<N> y{slope, RowRadius(parts, slope.High(), 2 * parts.error + N::kExp + 5 * N::kArithmetic)};
  KeepToSide(y, Constant(-1), Constant(1), hn::Gt(e.High(), hn::Zero(D())), parts.edge);
  y.radius = hn::Add(y.radius, parts.unknown);
  return y;
}

template <class N>
void SparseGradientRow(const Row& row, std::size_t n) {
  const RowParts<N> parts = PartsOf<N, true>(row, n);
  ForEachVector(n, [&](Part part, std::size_t i) {
    StoreResult(TimesUpstream(SoftmaxOf(parts, LoadResult<N>(part, row, i)), row), part, row, i);
  });
  StoreResult(TimesUpstream(LabelGradient(row, parts), row), Part(0, 1), row, static_cast<std::size_t>(row.label));
}

}  // namespace lossaudit::bulk::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
