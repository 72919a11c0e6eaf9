#include "reference/evaluate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "reference/ball.hpp"
#include "reference/binary_crossentropy.hpp"
#include "reference/categorical_crossentropy.hpp"
#include "reference/cross_entropy_error.hpp"
#include "reference/interval.hpp"
#include "reference/log_sigmoid.hpp"
#include "reference/log_softmax.hpp"
#include "reference/logit.hpp"
#include "reference/logsumexp.hpp"
#include "reference/mean_squared_error.hpp"
#include "reference/problem.hpp"
#include "reference/relu.hpp"
#include "reference/rounding.hpp"
#include "reference/sigmoid.hpp"
#include "reference/softmax.hpp"
#include "reference/softplus.hpp"
#include "reference/sparse_categorical_crossentropy.hpp"

namespace lossaudit {
namespace {

/// Decimal digits of the precisions that are tried in turn. The first decides nearly everything; the last holds the
/// exact square of a sum of any two binary64 numbers.
template <unsigned Digits>
struct Precision {};
constexpr unsigned first_digits = 28;
constexpr unsigned last_digits = 3200;

/// One loss before reduction, or the results of one row of softmax and log_softmax.
template <typename T>
void unit_results(const Problem& problem, std::size_t unit, std::vector<T>& out) {
  const Batch& batch = problem.batch;
  const Shape& shape = batch.shape;
  const Function function = problem.contract.function;
  const bool elementwise = traits(function).layout == Layout::elementwise;
  const double x = elementwise ? batch.output[unit] : 0;
  const RowView row = elementwise ? RowView{} : row_of(shape, batch.output, unit);
  const bool dense = traits(function).target == TargetKind::dense;
  const RowView target = dense && !elementwise ? row_of(shape, batch.target, unit) : RowView{};
  const auto one = [&out](T value) { out.assign(1, std::move(value)); };
  switch (function) {
    case Function::relu:
      return one(relu<T>(x));
    case Function::sigmoid:
      return one(sigmoid<T>(x));
    case Function::log_sigmoid:
      return one(log_sigmoid<T>(x));
    case Function::softplus:
      return one(softplus<T>(x));
    case Function::logit:
      return one(logit<T>(x));
    case Function::softmax:
      return softmax(row, out);
    case Function::log_softmax:
      return log_softmax(row, out);
    case Function::logsumexp:
      return one(logsumexp<T>(row));
    case Function::binary_crossentropy:
      return one(binary_crossentropy<T>(problem, batch.target[unit], x));
    case Function::categorical_crossentropy:
      return one(categorical_crossentropy<T>(problem, target, row));
    case Function::sparse_categorical_crossentropy:
      return one(problem.ignores(unit) ? T(0) : sparse_categorical_crossentropy<T>(problem, batch.labels[unit], row));
    case Function::mean_squared_error:
      return one(mean_squared_error<T>(target, row));
    case Function::cross_entropy_error:
      return one(cross_entropy_error<T>(problem, target, row));
  }
}

/// c_r of semantics.md: what a loss counts in the mean of dialect `exact`, before its sample weight.
template <typename T>
T count_of(const Problem& problem, std::size_t r) {
  const Batch& batch = problem.batch;
  if (batch.class_weights.empty()) return T(1);
  if (!batch.labels.empty()) {
    const std::int64_t label = batch.labels[r];
    return T(is_class(label, batch.shape.classes) ? problem.class_weight(static_cast<std::size_t>(label))
                                                  : std::numeric_limits<double>::quiet_NaN());
  }
  const RowView target = row_of(batch.shape, batch.target, r);
  Sum<T> sum;
  for (std::size_t i = 0; i < target.size; ++i) sum.add(T(problem.class_weight(i)) * T(target[i]));
  return sum.value();
}

/// The loss of one unit as it enters a sum: weighted, and 0 where ignored.
template <typename T>
T weighted_loss(const Problem& problem, std::size_t unit, std::vector<T>& scratch) {
  unit_results(problem, unit, scratch);
  if (problem.batch.sample_weights.empty() || problem.ignores(unit)) return scratch[0];
  return T(problem.sample_weight(unit)) * scratch[0];
}

/// What the sum of the losses is divided by.
template <typename T>
T denominator_of(const Problem& problem) {
  if (problem.contract.options.reduction != Reduction::mean) return T(1);
  const Denominator kind = traits(problem.contract.dialect).denominator;
  Sum<T> sum;
  for (std::size_t r = 0; r < unreduced_size(problem.contract, problem.batch.shape); ++r) {
    if (problem.ignores(r)) continue;
    const double s = problem.sample_weight(r);
    switch (kind) {
      case Denominator::kept_weight:
        sum.add(T(s) * count_of<T>(problem, r));
        break;
      case Denominator::nonzero_weight:
        sum.add(T(s != 0 ? 1 : 0));
        break;
      case Denominator::count:
        sum.add(T(1));
        break;
      case Denominator::label_weight:
        sum.add(problem.batch.labels.empty() ? T(1) : count_of<T>(problem, r));
        break;
    }
  }
  const T denominator = sum.value();
  return is_zero(denominator) ? T(std::numeric_limits<double>::quiet_NaN()) : denominator;
}

/// The sum or mean of all losses.
template <typename T>
T reduced(const Problem& problem) {
  std::vector<T> scratch;
  Sum<T> sum;
  for (std::size_t r = 0; r < unreduced_size(problem.contract, problem.batch.shape); ++r) {
    sum.add(weighted_loss(problem, r, scratch));
  }
  return sum.value() / denominator_of<T>(problem);
}

/// The gradient of one unit, times its incoming gradient where that is one number a unit.
template <typename T>
void gradient_of_unit(const Problem& problem, std::size_t unit, std::vector<T>& out) {
  const Batch& batch = problem.batch;
  const Function function = problem.contract.function;
  const bool elementwise = traits(function).layout == Layout::elementwise;
  const double x = elementwise ? batch.output[unit] : 0;
  const RowView row = elementwise ? RowView{} : row_of(batch.shape, batch.output, unit);
  const bool dense = traits(function).target == TargetKind::dense;
  const RowView target = dense && !elementwise ? row_of(batch.shape, batch.target, unit) : RowView{};
  std::vector<T> g;
  if (traits(function).layout == Layout::row_to_row) {
    for (std::size_t i = 0; i < row.size; ++i) g.emplace_back(problem.upstream(element_index(batch.shape, unit, i)));
  }
  const auto scaled = [&](const T& derivative) { out.assign(1, T(problem.upstream(unit)) * derivative); };
  switch (function) {
    case Function::relu:
      return scaled(relu_derivative<T>(x));
    case Function::sigmoid:
      return scaled(sigmoid_derivative<T>(x));
    case Function::log_sigmoid:
      return scaled(log_sigmoid_derivative<T>(x));
    case Function::softplus:
      return scaled(softplus_derivative<T>(x));
    case Function::logit:
      return scaled(logit_derivative<T>(x));
    case Function::softmax:
      return softmax_gradient(row, g, out);
    case Function::log_softmax:
      return log_softmax_gradient(row, g, out);
    case Function::logsumexp:
      return logsumexp_gradient(row, T(problem.upstream(unit)), out);
    case Function::binary_crossentropy:
      out.assign(1, binary_crossentropy_derivative<T>(problem, batch.target[unit], x));
      break;
    case Function::categorical_crossentropy:
      categorical_crossentropy_gradient(problem, target, row, out);
      break;
    case Function::sparse_categorical_crossentropy:
      if (problem.ignores(unit)) return out.assign(row.size, T(0));
      sparse_categorical_crossentropy_gradient(problem, batch.labels[unit], row, out);
      break;
    case Function::mean_squared_error:
      mean_squared_error_gradient(target, row, out);
      break;
    case Function::cross_entropy_error:
      cross_entropy_error_gradient(problem, target, row, out);
      break;
  }
  const bool whole = problem.contract.options.reduction != Reduction::none;
  const T weight = T(problem.upstream(whole ? 0 : unit)) * T(problem.sample_weight(unit));
  for (T& d : out) d = weight * d;
}

/// What is computed together, so that a row's work is shared: an element, a row, or everything that one denominator
/// divides.
struct Units {
  std::size_t count, results_each;
  bool rows;  ///< a unit's results are the elements of a row
};

Units units_of(const Problem& problem) {
  const Shape& shape = problem.batch.shape;
  const Layout layout = traits(problem.contract.function).layout;
  const Reduction reduction = problem.contract.options.reduction;
  if (problem.contract.pass == Pass::gradient) {
    if (reduction == Reduction::mean) return {1, shape.elements(), false};
    return layout == Layout::elementwise ? Units{shape.elements(), 1, false} : Units{shape.rows(), shape.classes, true};
  }
  if (reduction != Reduction::none) return {1, 1, false};
  if (layout == Layout::row_to_row) return {shape.rows(), shape.classes, true};
  return {unreduced_size(problem.contract, shape), 1, false};
}

/// The gradient of the mean over the whole batch.
template <typename T>
void gradient_of_mean(const Problem& problem, std::vector<T>& out) {
  const Shape& shape = problem.batch.shape;
  const T denominator = denominator_of<T>(problem);
  const bool elementwise = traits(problem.contract.function).layout == Layout::elementwise;
  std::vector<T> part;
  out.assign(shape.elements(), T(0));
  for (std::size_t r = 0; r < unreduced_size(problem.contract, shape); ++r) {
    gradient_of_unit(problem, r, part);
    for (std::size_t i = 0; i < part.size(); ++i) {
      out[elementwise ? r : element_index(shape, r, i)] = part[i] / denominator;
    }
  }
}

template <typename T>
void enclose_unit(const Problem& problem, std::size_t unit, std::vector<T>& out) {
  if (problem.contract.pass == Pass::gradient) {
    if (problem.contract.options.reduction == Reduction::mean) return gradient_of_mean(problem, out);
    return gradient_of_unit(problem, unit, out);
  }
  if (problem.contract.options.reduction != Reduction::none) {
    out.assign(1, reduced<T>(problem));
  } else if (traits(problem.contract.function).layout == Layout::row_to_row) {
    unit_results(problem, unit, out);
  } else {
    out.assign(1, weighted_loss(problem, unit, out));
  }
}

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

/// Visits every result: filter(i, ball) may settle it; what it leaves goes to accept(i, bounds) at rising precision.
template <typename Filter, typename Accept>
void for_each_result(const Problem& problem, const Filter& filter, const Accept& accept) {
  const Units units = units_of(problem);
  const auto index_of = [&](std::size_t unit, std::size_t i) {
    return units.rows ? element_index(problem.batch.shape, unit, i) : units.count == 1 ? i : unit;
  };
  std::vector<bool> pending;
  std::vector<Ball> balls;
  for (std::size_t unit = 0; unit < units.count; ++unit) {
    pending.assign(units.results_each, true);
    if (filter_serves(problem.contract.format)) {
      enclose_unit(problem, unit, balls);
      bool all = true;
      for (std::size_t i = 0; i < pending.size(); ++i) {
        pending[i] = !filter(index_of(unit, i), balls[i]);
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

std::vector<Expected> rounded_results(const Contract& contract, const Batch& batch, bool filtered) {
  thread_local const ThreadConstants constants;
  validate(contract, batch);
  const Problem problem(contract, batch);
  std::vector<Expected> results(result_size(contract, batch.shape));
  const auto filter = [&](std::size_t i, const Ball& ball) {
    if (!filtered) return false;
    results[i] = round_ball(contract.format, ball);
    return results[i].proved;
  };
  for_each_result(problem, filter, [&](std::size_t i, const Bounds& b) {
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
  for_each_result(problem, filter, accept);
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
