// A contract's formula over any number type: the function's own, its gradient, weights, reductions, put together.
//
// A unit is what is computed together, so that a row's work is shared: an element, a row, or everything that one
// denominator divides.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "reference/binary_crossentropy.hpp"
#include "reference/categorical_crossentropy.hpp"
#include "reference/cross_entropy_error.hpp"
#include "reference/log_sigmoid.hpp"
#include "reference/log_softmax.hpp"
#include "reference/logit.hpp"
#include "reference/logsumexp.hpp"
#include "reference/mean_squared_error.hpp"
#include "reference/problem.hpp"
#include "reference/relu.hpp"
#include "reference/sigmoid.hpp"
#include "reference/softmax.hpp"
#include "reference/softplus.hpp"
#include "reference/sparse_categorical_crossentropy.hpp"

namespace lossaudit {

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

/// The gradient of one unit, times its incoming gradient and weight, divided by what a mean divides by (else 1).
template <typename T>
void gradient_of_unit(const Problem& problem, std::size_t unit, const T& divisor, std::vector<T>& out) {
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
  const bool whole = problem.contract.options.reduction != Reduction::none;
  const Scale<T> scale{T(problem.upstream(whole ? 0 : unit)) * T(problem.sample_weight(unit)), divisor};
  const auto one = [&](T result) { out.assign(1, std::move(result)); };
  switch (function) {
    case Function::relu:
      return one(scale.of(relu_derivative<T>(x)));
    case Function::sigmoid:
      return one(scale.of(sigmoid_derivative<T>(x)));
    case Function::log_sigmoid:
      return one(scale.of(log_sigmoid_derivative<T>(x)));
    case Function::softplus:
      return one(scale.of(softplus_derivative<T>(x)));
    case Function::logit:
      return one(logit_derivative<T>(x, scale));
    case Function::softmax:
      return softmax_gradient(row, g, out);
    case Function::log_softmax:
      return log_softmax_gradient(row, g, out);
    case Function::logsumexp:
      return logsumexp_gradient(row, scale.factor, out);
    case Function::binary_crossentropy:
      return one(binary_crossentropy_derivative<T>(problem, batch.target[unit], x, scale));
    case Function::categorical_crossentropy:
      return categorical_crossentropy_gradient(problem, target, row, scale, out);
    case Function::sparse_categorical_crossentropy:
      if (problem.ignores(unit)) return out.assign(row.size, T(0) / divisor);
      return sparse_categorical_crossentropy_gradient(problem, batch.labels[unit], row, scale, out);
    case Function::mean_squared_error:
      return mean_squared_error_gradient(target, row, scale, out);
    case Function::cross_entropy_error:
      return cross_entropy_error_gradient(problem, target, row, scale, out);
  }
}

/// What is computed together, so that a row's work is shared: an element, a row, or everything that one denominator
/// divides.
struct Units {
  std::size_t count, results_each;
  bool rows;  ///< a unit's results are the elements of a row
};

inline Units units_of(const Problem& problem) {
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
    gradient_of_unit(problem, r, denominator, part);
    for (std::size_t i = 0; i < part.size(); ++i) {
      out[elementwise ? r : element_index(shape, r, i)] = std::move(part[i]);
    }
  }
}

template <typename T>
void enclose_unit(const Problem& problem, std::size_t unit, std::vector<T>& out) {
  if (problem.contract.pass == Pass::gradient) {
    if (problem.contract.options.reduction == Reduction::mean) return gradient_of_mean(problem, out);
    return gradient_of_unit(problem, unit, T(1), out);
  }
  if (problem.contract.options.reduction != Reduction::none) {
    out.assign(1, reduced<T>(problem));
  } else if (traits(problem.contract.function).layout == Layout::row_to_row) {
    unit_results(problem, unit, out);
  } else {
    out.assign(1, weighted_loss(problem, unit, out));
  }
}

}  // namespace lossaudit
