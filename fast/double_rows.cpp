#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "fast/double_double.hpp"
#include "fast/double_row.hpp"
#include "fast/losses.hpp"
#include "fast/row_layout.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/double_rows.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/double_exp-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// Doubles go in chunks of 16, the number of virtual lanes of every sum.
inline constexpr std::size_t kRowChunk = 16;
inline constexpr std::size_t kChunkVectors = kRowChunk / hn::MaxLanes(D());
inline constexpr double kFarthest = -760;  // e^-760 = 2^-1096.4, below a quarter of the least double
inline constexpr double kSumUnit = 512;    // sums are 2^512 times too large: e^-760 keeps its digits

/// x - m as an unevaluated sum (Knuth's TwoSum), and no further down than kFarthest.
struct Distance {
  HWY_INLINE Distance(V x, V m) {
    high = hn::Sub(x, m);
    const V back = hn::Sub(high, x);
    low = hn::Sub(hn::Sub(x, hn::Sub(high, back)), hn::Add(m, back));
  }
  HWY_INLINE void Clamp() {
    const M is_far = hn::Lt(high, Constant(kFarthest));
    high = hn::IfThenElse(is_far, Constant(kFarthest), high);
    low = hn::IfThenZeroElse(is_far, low);
  }
  V high, low;
};

/// e^(x - m) = 2^k (a + b) within 2^-55 of it, with abs(b) <= 0.07.
struct RowExponential {
  HWY_INLINE explicit RowExponential(const Distance& distance) {
    const WideExponential e = WideExp(distance.high);
    k = e.k;
    a = hn::Add(Constant(1), e.r);
    b = hn::Add(hn::Sub(e.r, hn::Sub(a, Constant(1))), hn::MulAdd(distance.low, hn::Add(a, e.w), e.w));
  }
  V k, a, b;
};

/// visit(vector, index of the vector in its chunk, first float's index) over a row, the last chunk ending in -inf.
template <class Visit>
HWY_INLINE void VisitDoubles(const double* x, std::size_t n, const Visit& visit) {
  for (std::size_t i = 0; i < n; i += kRowChunk) {
    HWY_ALIGN double last[kRowChunk];
    const double* chunk = x + i;
    if (n - i < kRowChunk) {
      for (std::size_t k = 0; k < kRowChunk; ++k) last[k] = i + k < n ? x[i + k] : -kInfinity;
      chunk = last;
    }
    for (std::size_t v = 0; v < kChunkVectors; ++v) {
      const std::size_t at = v * hn::Lanes(D());
      visit(hn::LoadU(D(), chunk + at), v, i + at);
    }
  }
}

/// The first `count` lanes, or all.
HWY_INLINE void StoreDoubles(V v, double* to, std::size_t count) {
  if (count >= hn::Lanes(D())) return hn::StoreU(v, D(), to);
  HWY_ALIGN double lanes[hn::MaxLanes(D())];
  hn::Store(v, D(), lanes);
  for (std::size_t i = 0; i < count; ++i) to[i] = lanes[i];
}

double DoubleRowMaximum(const double* x, std::size_t n) {
  V m = Constant(-kInfinity);
  VisitDoubles(x, n, [&](V v, std::size_t, std::size_t) HWY_ATTR { m = hn::IfThenElse(hn::Gt(v, m), v, m); });
  return hn::GetLane(hn::MaxOfLanes(D(), m));
}

/// Σ e^(x_j - m) over all classes but one that holds the finite maximum m, times 2^512, within 2^-54 of itself. NaN where
/// there is one.
DoubleDouble OthersOfDoubles(const double* x, std::size_t n, double maximum) {
  V sum[kChunkVectors];
  V rest[kChunkVectors];
  V maxima = hn::Zero(D());
  for (std::size_t v = 0; v < kChunkVectors; ++v) sum[v] = rest[v] = hn::Zero(D());
  const V m = Constant(maximum);
  VisitDoubles(x, n, [&](V value, std::size_t v, std::size_t) HWY_ATTR {
    const M is_maximum = hn::Eq(value, m);
    Distance distance(value, m);
    distance.Clamp();
    const RowExponential e(distance);
    const V unit = hn::IfThenZeroElse(is_maximum, PowerOfTwo(hn::Add(e.k, Constant(kSumUnit))));
    maxima = hn::Add(maxima, hn::IfThenElseZero(is_maximum, Constant(1)));
    const V term = hn::Mul(unit, e.a);
    const V total = hn::Add(sum[v], term);
    const V part = hn::Sub(total, sum[v]);
    const V error = hn::Add(hn::Sub(sum[v], hn::Sub(total, part)), hn::Sub(term, part));
    rest[v] = hn::Add(rest[v], hn::MulAdd(unit, e.b, error));
    // A NaN has no exponent to be multiplied by.
    sum[v] = hn::IfThenElse(hn::Eq(value, value), total, value);
  });
  DoubleDouble others = {0x1p512 * (hn::GetLane(hn::SumOfLanes(D(), maxima)) - 1), 0};
  for (std::size_t v = 0; v < kChunkVectors; ++v) {
    HWY_ALIGN double high[hn::MaxLanes(D())];
    HWY_ALIGN double low[hn::MaxLanes(D())];
    hn::Store(sum[v], D(), high);
    hn::Store(rest[v], D(), low);
    for (std::size_t l = 0; l < hn::Lanes(D()); ++l) others = others + two_sum(high[l], low[l]);
  }
  return others;
}

/// e^(x_i - m) / sum: a / sum.hi, corrected for what a and sum.hi lack: two roundings and their 2^-54, 1.2 ulp; another
/// rounding where the result is subnormal.
void SoftmaxOfDoubles(const double* x, double* result, std::size_t n, double maximum, const DoubleDouble& sum) {
  const V m = Constant(maximum);
  const V divisor = Constant(sum.hi);
  const V lacking = Constant(sum.lo / sum.hi);
  VisitDoubles(x, n, [&](V value, std::size_t, std::size_t i) HWY_ATTR {
    Distance distance(value, m);
    distance.Clamp();
    const RowExponential e(distance);
    const V quotient = hn::Div(e.a, divisor);
    const V share = hn::MulAdd(quotient, hn::Sub(hn::Div(e.b, e.a), lacking), quotient);
    const V half = hn::Floor(hn::Mul(e.k, Constant(0.5)));
    const V scaled = hn::Mul(hn::Mul(share, PowerOfTwo(half)), PowerOfTwo(hn::Sub(e.k, half)));
    if (i < n) StoreDoubles(scaled, result + i, n - i);
  });
}

/// (x_i - m) - log: neither is positive, and both have twice a double's digits.
void LogSoftmaxOfDoubles(const double* x, double* result, std::size_t n, double maximum, const DoubleDouble& log) {
  const V m = Constant(maximum);
  const V log_high = Constant(log.hi);
  const V log_low = Constant(log.lo);
  VisitDoubles(x, n, [&](V value, std::size_t, std::size_t i) HWY_ATTR {
    const Distance distance(value, m);
    const Distance whole(distance.high, log_high);
    const V low = hn::Add(whole.low, hn::Sub(distance.low, log_low));
    const V y = hn::IfThenElse(hn::IsFinite(whole.high), hn::Add(whole.high, low), whole.high);
    if (i < n) StoreDoubles(y, result + i, n - i);
  });
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(DoubleRowMaximum);
HWY_EXPORT(OthersOfDoubles);
HWY_EXPORT(SoftmaxOfDoubles);
HWY_EXPORT(LogSoftmaxOfDoubles);

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

void fill_limits(const DoubleRow& row, double* result, double at_infinity, double elsewhere) {
  const bool has_limit = row.has_limit();
  for (std::size_t i = 0; i < row.size(); ++i) {
    const double limit = row[i] == infinity ? at_infinity : elsewhere;
    result[i] = has_limit ? limit : not_a_number;
  }
}

void softmax_row(const double* x, double* result, std::size_t n) {
  const DoubleRow row(x, n);
  if (!row.is_finite()) return fill_limits(row, result, 1, 0);
  HWY_DYNAMIC_DISPATCH(SoftmaxOfDoubles)(x, result, n, row.maximum(), row.sum());
}

void log_softmax_row(const double* x, double* result, std::size_t n) {
  const DoubleRow row(x, n);
  if (!row.is_finite()) return fill_limits(row, result, 0, -infinity);
  HWY_DYNAMIC_DISPATCH(LogSoftmaxOfDoubles)(x, result, n, row.maximum(), row.log_of_sum());
}

void map_double_rows(void (*kernel)(const double*, double*, std::size_t), const double* x, double* result,
                     const Rows& rows) {
  require_classes(rows);
  std::vector<double> scratch;
  std::vector<double> row(rows.inner == 1 ? 0 : rows.classes);
  for (std::size_t r = 0; r < rows.outer * rows.inner; ++r) {
    const double* from = contiguous(x, rows, r, scratch);
    if (rows.inner == 1) {
      kernel(from, result + r * rows.classes, rows.classes);
      continue;
    }
    kernel(from, row.data(), rows.classes);
    double* to = result + r / rows.inner * rows.classes * rows.inner + r % rows.inner;
    for (std::size_t i = 0; i < rows.classes; ++i) to[i * rows.inner] = row[i];
  }
}

}  // namespace

DoubleRow::DoubleRow(const double* x, std::size_t n)
    : x_(x), n_(n), maximum_(HWY_DYNAMIC_DISPATCH(DoubleRowMaximum)(x, n)), others_(not_a_number) {
  if (std::isfinite(maximum_)) others_ = HWY_DYNAMIC_DISPATCH(OthersOfDoubles)(x, n, maximum_);
}

bool DoubleRow::has_limit() const {
  std::size_t infinities = 0;
  for (std::size_t i = 0; i < n_; ++i) {
    if (std::isnan(x_[i])) return false;
    infinities += x_[i] == infinity ? 1 : 0;
  }
  return infinities == 1;
}

const double* contiguous(const double* tensor, const Rows& rows, std::size_t row, std::vector<double>& scratch) {
  const double* first = tensor + row / rows.inner * rows.classes * rows.inner + row % rows.inner;
  if (rows.inner == 1) return first;
  scratch.resize(rows.classes);
  for (std::size_t i = 0; i < rows.classes; ++i) scratch[i] = first[i * rows.inner];
  return scratch.data();
}

void softmax(const double* x, double* result, const Rows& rows) { map_double_rows(softmax_row, x, result, rows); }

void log_softmax(const double* x, double* result, const Rows& rows) {
  map_double_rows(log_softmax_row, x, result, rows);
}

}  // namespace lossaudit::fast
#endif
