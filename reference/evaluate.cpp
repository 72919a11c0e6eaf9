#include "reference/evaluate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "reference/ball.hpp"
#include "reference/bulk.hpp"
#include "reference/formula.hpp"
#include "reference/interval.hpp"
#include "reference/rounding.hpp"

namespace lossaudit {
namespace {

/// Decimal digits of the precisions that are tried in turn. The first decides nearly everything; the last holds the
/// exact square of a sum of any two binary64 numbers.
template <unsigned Digits>
struct Precision {};
constexpr unsigned first_digits = 28;
constexpr unsigned last_digits = 3200;

/// Calls accept(i, enclosure) for the results i of a unit that are still pending, at higher and higher precision until
/// all are accepted; at the last precision every answer is final.
template <typename Accept>
void refine(Precision<last_digits> /*precision*/, const Problem& problem, std::size_t unit, std::vector<bool>& pending,
            const Accept& accept) {
  std::vector<Interval<last_digits>> enclosures;
  enclose_unit(problem, unit, enclosures);
  for (std::size_t i = 0; i < pending.size(); ++i) {
    if (pending[i]) accept(i, bounds(enclosures[i]));
  }
}

template <unsigned Digits, typename Accept>
void refine(Precision<Digits> /*precision*/, const Problem& problem, std::size_t unit, std::vector<bool>& pending,
            const Accept& accept) {
  std::vector<Interval<Digits>> enclosures;
  enclose_unit(problem, unit, enclosures);
  bool all = true;
  for (std::size_t i = 0; i < pending.size(); ++i) {
    pending[i] = pending[i] && !accept(i, bounds(enclosures[i]));
    all = all && !pending[i];
  }
  enclosures.clear();
  constexpr unsigned next = Digits == first_digits ? 60 : Digits == 60 ? 160 : Digits == 160 ? 750 : last_digits;
  if (!all) refine(Precision<next>{}, problem, unit, pending, accept);
}

/// The index of result i of a unit.
std::size_t result_index(const Problem& problem, const Units& units, std::size_t unit, std::size_t i) {
  return units.rows ? element_index(problem.batch.shape, unit, i) : units.count == 1 ? i : unit;
}

/// Visits every result that is not settled yet (by an empty vector: none is): filter(i, ball) may settle it; what it
/// leaves goes to accept(i, bounds) at rising precision.
template <typename Filter, typename Accept>
void for_each_result(const Problem& problem, const std::vector<bool>& settled, const Filter& filter,
                     const Accept& accept) {
  const Units units = units_of(problem);
  const auto index_of = [&](std::size_t unit, std::size_t i) { return result_index(problem, units, unit, i); };
  std::vector<bool> pending;
  std::vector<Ball> balls;
  for (std::size_t unit = 0; unit < units.count; ++unit) {
    const auto is_settled = [&](std::size_t i) { return !settled.empty() && settled[index_of(unit, i)]; };
    std::size_t first = 0;
    while (first < units.results_each && is_settled(first)) ++first;
    if (first == units.results_each) continue;
    pending.resize(units.results_each);
    for (std::size_t i = 0; i < pending.size(); ++i) pending[i] = !is_settled(i);
    if (filter_serves(problem.contract.format)) {
      enclose_unit(problem, unit, balls);
      bool all = true;
      for (std::size_t i = 0; i < pending.size(); ++i) {
        pending[i] = pending[i] && !filter(index_of(unit, i), balls[i]);
        all = all && !pending[i];
      }
      if (all) continue;
    }
    refine(Precision<first_digits>{}, problem, unit, pending,
           [&](std::size_t i, const Bounds& b) { return accept(index_of(unit, i), b); });
  }
}

/// Whether a result is a limit at an infinite input of its element or row, hence recommended and not required.
std::vector<bool> recommended_results(const Problem& problem) {
  const Batch& batch = problem.batch;
  const Shape& shape = batch.shape;
  const bool elementwise = traits(problem.contract.function).layout == Layout::elementwise;
  const auto row_of_element = [&](std::size_t e) {
    return elementwise ? e : e / (shape.classes * shape.inner) * shape.inner + e % shape.inner;
  };
  std::vector<bool> infinite(elementwise ? shape.elements() : shape.rows(), false);
  for (const std::vector<double>* tensor : {&batch.output, &batch.target}) {
    for (std::size_t e = 0; e < tensor->size(); ++e) {
      if (std::isinf((*tensor)[e])) infinite[row_of_element(e)] = true;
    }
  }
  for (std::size_t r = 0; r < batch.sample_weights.size(); ++r) {
    if (std::isinf(batch.sample_weights[r])) infinite[r] = true;
  }
  const auto is_infinite = [](double x) { return std::isinf(x); };
  if (std::any_of(batch.class_weights.begin(), batch.class_weights.end(), is_infinite)) {
    infinite.assign(infinite.size(), true);
  }
  // An ignored row is 0 whatever it holds: no limit is taken there.
  for (std::size_t r = 0; r < batch.labels.size(); ++r) infinite[r] = infinite[r] && !problem.ignores(r);
  std::vector<bool> results(result_size(problem.contract, shape));
  if (problem.contract.pass == Pass::forward && problem.contract.options.reduction != Reduction::none) {
    results[0] = std::find(infinite.begin(), infinite.end(), true) != infinite.end();
    return results;
  }
  const bool by_element = results.size() == shape.elements();
  for (std::size_t i = 0; i < results.size(); ++i) results[i] = infinite[by_element ? row_of_element(i) : i];
  return results;
}

/// MPFR keeps its constants for each thread; a thread that ends hands them back.
struct ThreadConstants {
  ThreadConstants() = default;
  ThreadConstants(const ThreadConstants&) = delete;
  ThreadConstants& operator=(const ThreadConstants&) = delete;
  ~ThreadConstants() { mpfr_free_cache(); }
};

/// Decides what the bulk oracle can, a few thousand results at a time; says which.
std::vector<bool> settle_in_bulk(const Problem& problem, std::vector<Expected>& results) {
  if (!bulk::serves(problem.contract)) return {};
  constexpr std::size_t chunk = 4096;
  const Format format = problem.contract.format;
  const bulk::Lanes lanes = bulk::lanes_for(format);
  const Units units = units_of(problem);
  std::vector<bool> settled(results.size());
  bulk::Enclosures enclosures;
  const std::size_t step = std::max<std::size_t>(1, chunk / units.results_each);
  for (std::size_t first = 0; first < units.count; first += step) {
    const std::size_t count = std::min(step, units.count - first);
    bulk::enclose(problem.contract, problem.batch, lanes, first, count, enclosures);
    for (std::size_t k = 0; k < enclosures.value.size(); ++k) {
      const std::size_t at = result_index(problem, units, first + k / units.results_each, k % units.results_each);
      results[at] =
          round_sum(format, enclosures.value[k], enclosures.low.empty() ? 0 : enclosures.low[k], enclosures.radius[k]);
      settled[at] = results[at].proved;
    }
  }
  return settled;
}

std::vector<Expected> rounded_results(const Contract& contract, const Batch& batch, bool filtered) {
  thread_local const ThreadConstants constants;
  validate(contract, batch);
  const Problem problem(contract, batch);
  std::vector<Expected> results(result_size(contract, batch.shape));
  const std::vector<bool> settled = filtered ? settle_in_bulk(problem, results) : std::vector<bool>();
  const auto filter = [&](std::size_t i, const Ball& ball) {
    if (!filtered) return false;
    results[i] = round_ball(contract.format, ball);
    return results[i].proved;
  };
  for_each_result(problem, settled, filter, [&](std::size_t i, const Bounds& b) {
    results[i] = round_enclosure(contract.format, b);
    return results[i].proved;
  });
  const std::vector<bool> recommended = recommended_results(problem);
  for (std::size_t i = 0; i < results.size(); ++i) results[i].recommended = recommended[i];
  return results;
}

}  // namespace

std::vector<Expected> expect(const Contract& contract, const Batch& batch) {
  return rounded_results(contract, batch, true);
}

std::vector<Expected> expect_by_intervals(const Contract& contract, const Batch& batch) {
  return rounded_results(contract, batch, false);
}

std::vector<Exact> explain(const Contract& contract, const Batch& batch, int digits) {
  validate(contract, batch);
  if (digits < 1 || digits > 1000) throw BadInput("digits must lie in 1 to 1000, not " + std::to_string(digits));
  const Problem problem(contract, batch);
  std::vector<Exact> results(result_size(contract, batch.shape));
  std::vector<std::string> truncated(results.size());
  const auto accept = [&](std::size_t i, const Bounds& b) {
    Exact& exact = results[i];
    exact.decimal = decimal_of(b, digits);
    truncated[i] = truncated_decimal_of(b, digits);
    exact.lower = decimal_below(b, digits);
    exact.upper = decimal_above(b, digits);
    exact.each.clear();
    bool decided = !exact.decimal.empty();
    for (const FormatTraits& t : format_table) {
      exact.each.push_back(round_enclosure(t.format, b));
      decided = decided && exact.each.back().proved;
    }
    exact.kind = exact.each.front().kind;
    return decided;
  };
  // Of the filter, only what it knows exactly: long sums of short numbers.
  const auto filter = [&](std::size_t i, const Ball& ball) {
    return ball.radius() == 0 && accept(i, bounds(Interval<first_digits>(ball.center())));
  };
  for_each_result(problem, {}, filter, accept);
  const std::vector<bool> recommended = recommended_results(problem);
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].decimal.empty()) results[i].decimal = truncated[i];
    results[i].recommended = recommended[i];
    for (Expected& expected : results[i].each) expected.recommended = recommended[i];
  }
  return results;
}

double ulp_error(Format format, const Expected& expected, double computed) {
  if (expected.kind != Expected::Kind::number || std::isnan(computed)) return std::numeric_limits<double>::quiet_NaN();
  const FormatTraits& t = traits(format);
  // In ulps of the exact value, an infinity counting as 2^(emax+1).
  const auto in_ulps = [&](double x) {
    return std::isinf(x) ? std::copysign(std::ldexp(1.0, t.max_exponent + 1 - expected.ulp_exponent), x)
                         : std::ldexp(x, -expected.ulp_exponent);
  };
  return std::abs((in_ulps(computed) - in_ulps(expected.rounded)) - expected.offset);
}

double relative_error(Format format, const Expected& expected, double computed) {
  const double error = ulp_error(format, expected, computed);
  if (std::isnan(error)) return error;
  const double rounded = std::isinf(expected.rounded) ? std::ldexp(1.0, traits(format).precision)
                                                      : std::abs(std::ldexp(expected.rounded, -expected.ulp_exponent));
  const double size = std::abs(rounded + std::copysign(1.0, expected.rounded) * expected.offset);
  return error == 0 ? 0 : error / size;
}

}  // namespace lossaudit
