#include "reference/evaluate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

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
    const bool is_class = label >= 0 && static_cast<std::uint64_t>(label) < batch.shape.classes;
    return T(is_class ? problem.class_weight(static_cast<std::size_t>(label))
                      : std::numeric_limits<double>::quiet_NaN());
  }
  const RowView target = row_of(batch.shape, batch.target, r);
  T sum(0);
  for (std::size_t i = 0; i < target.size; ++i) sum += T(problem.class_weight(i)) * T(target[i]);
  return sum;
}

/// The loss of one unit as it enters a sum: weighted, and 0 where ignored.
template <typename T>
T weighted_loss(const Problem& problem, std::size_t unit, std::vector<T>& scratch) {
  unit_results(problem, unit, scratch);
  if (problem.batch.sample_weights.empty() || problem.ignores(unit)) return scratch[0];
  return T(problem.sample_weight(unit)) * scratch[0];
}

/// The sum or mean of all losses.
template <typename T>
T reduced(const Problem& problem) {
  const std::size_t n = unreduced_size(problem.contract, problem.batch.shape);
  const Denominator kind = traits(problem.contract.dialect).denominator;
  std::vector<T> scratch;
  T sum(0);
  T denominator(0);
  for (std::size_t r = 0; r < n; ++r) {
    sum += weighted_loss(problem, r, scratch);
    if (problem.ignores(r)) continue;
    const double s = problem.sample_weight(r);
    if (kind == Denominator::kept_weight) {
      denominator += T(s) * count_of<T>(problem, r);
    } else if (s != 0) {
      denominator += T(1);
    }
  }
  if (problem.contract.options.reduction == Reduction::sum) return sum;
  return is_zero(denominator) ? T(std::numeric_limits<double>::quiet_NaN()) : sum / denominator;
}

/// What is computed together, so that a row's work is shared: an element, a row, or the whole reduction.
struct Units {
  std::size_t count, results_each;
};

Units units_of(const Problem& problem) {
  const Shape& shape = problem.batch.shape;
  if (problem.contract.options.reduction != Reduction::none) return {1, 1};
  const bool row_to_row = traits(problem.contract.function).layout == Layout::row_to_row;
  return row_to_row ? Units{shape.rows(), shape.classes} : Units{unreduced_size(problem.contract, shape), 1};
}

template <typename T>
void enclose_unit(const Problem& problem, std::size_t unit, std::vector<T>& out) {
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

template <typename Accept>
void for_each_result(const Problem& problem, const Accept& accept) {
  const Units units = units_of(problem);
  std::vector<bool> pending;
  for (std::size_t unit = 0; unit < units.count; ++unit) {
    pending.assign(units.results_each, true);
    refine(Precision<first_digits>{}, problem, unit, pending, [&](std::size_t i, const Bounds& b) {
      const bool row_to_row = units.results_each > 1;
      return accept(row_to_row ? element_index(problem.batch.shape, unit, i) : unit, b);
    });
  }
}

bool any_infinite(const double* first, std::size_t count, std::size_t stride) {
  for (std::size_t i = 0; i < count; ++i) {
    if (std::isinf(first[i * stride])) return true;
  }
  return false;
}

/// Whether a result is a limit at an infinite input, hence recommended and not required.
std::vector<bool> recommended_results(const Problem& problem) {
  const Batch& batch = problem.batch;
  const Shape& shape = batch.shape;
  const std::size_t n = result_size(problem.contract, shape);
  const bool elementwise = traits(problem.contract.function).layout == Layout::elementwise;
  const bool whole = problem.contract.options.reduction != Reduction::none;
  std::vector<bool> infinite(whole ? 1 : n, false);
  const auto mark = [&](const std::vector<double>& tensor) {
    if (tensor.empty()) return;
    if (whole) {
      infinite[0] = infinite[0] || any_infinite(tensor.data(), tensor.size(), 1);
    } else if (elementwise) {
      for (std::size_t i = 0; i < n; ++i) infinite[i] = infinite[i] || std::isinf(tensor[i]);
    } else {
      for (std::size_t row = 0; row < shape.rows(); ++row) {
        const RowView view = row_of(shape, tensor, row);
        if (!any_infinite(view.first, view.size, view.stride)) continue;
        if (n == shape.rows()) {
          infinite[row] = true;
        } else {
          for (std::size_t i = 0; i < shape.classes; ++i) infinite[element_index(shape, row, i)] = true;
        }
      }
    }
  };
  mark(batch.output);
  mark(batch.target);
  if (any_infinite(batch.class_weights.data(), batch.class_weights.size(), 1)) infinite.assign(infinite.size(), true);
  for (std::size_t r = 0; r < batch.sample_weights.size(); ++r) {
    if (std::isinf(batch.sample_weights[r])) infinite[whole ? 0 : r] = true;
  }
  return infinite;
}

void require_forward(const Contract& contract) {
  if (contract.pass != Pass::forward) throw BadInput("the reference has no gradient pass yet: use --pass forward");
}

}  // namespace

std::vector<Expected> expect(const Contract& contract, const Batch& batch) {
  validate(contract, batch);
  require_forward(contract);
  const Problem problem(contract, batch);
  std::vector<Expected> results(result_size(contract, batch.shape));
  for_each_result(problem, [&](std::size_t i, const Bounds& b) {
    results[i] = round_enclosure(contract.format, b);
    return results[i].proved;
  });
  const std::vector<bool> recommended = recommended_results(problem);
  for (std::size_t i = 0; i < results.size(); ++i) results[i].recommended = recommended[i];
  return results;
}

std::vector<Exact> explain(const Contract& contract, const Batch& batch, int digits) {
  validate(contract, batch);
  require_forward(contract);
  if (digits < 1 || digits > 1000) throw BadInput("digits must lie in 1 to 1000, not " + std::to_string(digits));
  const Problem problem(contract, batch);
  std::vector<Exact> results(result_size(contract, batch.shape));
  for_each_result(problem, [&](std::size_t i, const Bounds& b) {
    Exact& exact = results[i];
    exact.decimal = decimal_of(b, digits);
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
  });
  const std::vector<bool> recommended = recommended_results(problem);
  for (std::size_t i = 0; i < results.size(); ++i) {
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
