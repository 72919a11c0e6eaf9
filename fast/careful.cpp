#include "fast/careful.hpp"

#include "fast/careful_loss.hpp"
#include "fast/careful_row.hpp"
#include "fast/exact_sum.hpp"

namespace lossaudit::fast::careful {
namespace {

/// compute<T>() in the first type that it can be trusted in.
template <class Compute>
double escalate(const Compute& compute) {
  const Magnified<DoubleDouble> close = compute.template operator()<DoubleDouble>();
  return close.is_trusted() ? to_double(close.value) : to_double(compute.template operator()<Wide>().value);
}

template <class T>
Magnified<T> logsumexp_of(RowView x) {
  const RowTop top = top_of(x);
  if (top.has_nan) return {T(not_a_number)};
  if (!top.is_finite()) return {T(top.maximum)};
  const T offset = log_of_sum<T>(x, top);
  return {T(top.maximum) + offset, std::abs(top.maximum) + to_double(offset)};
}

void fill_limits(const float* x, float* result, std::size_t n, float at_infinity, float elsewhere) {
  const bool has_limit = top_of(RowView{x, n}).has_one_infinity();
  for (std::size_t i = 0; i < n; ++i) {
    const float limit = x[i] == static_cast<float>(infinity) ? at_infinity : elsewhere;
    result[i] = has_limit ? limit : static_cast<float>(not_a_number);
  }
}

}  // namespace

void softmax_limits(const float* x, float* result, std::size_t n) { fill_limits(x, result, n, 1, 0); }

void log_softmax_limits(const float* x, float* result, std::size_t n) {
  fill_limits(x, result, n, 0, static_cast<float>(-infinity));
}

double logsumexp(const float* x, std::size_t n) {
  return escalate([&]<class T>() { return logsumexp_of<T>({x, n}); });
}

double loss(const LossTask& task, std::size_t index) {
  return escalate([&]<class T>() { return loss_of<T>(task, index); });
}

double sum_of_losses(const LossTask& task) {
  return escalate([&]<class T>() { return sum_of_losses<T>(task); });
}

double sum_of_weights(const LossTask& task) {
  ExactSum sum;
  // A weight of 0 takes an infinite one out, but not a NaN.
  const auto add_product = [&sum](double a, double b) {
    const bool vanishes = (a == 0 || b == 0) && a == a && b == b;
    if (!vanishes) sum.add_product(a, b);
  };
  for (std::size_t r = 0; r < task.losses(); ++r) {
    if (task.ignores(r)) continue;
    const double s = task.sample_weight(r);
    if (!task.needs_weights) {
      sum.add(s);
    } else if (task.labels != nullptr) {
      const bool has_class = is_class(task.labels[r], task.rows.classes);
      add_product(s, has_class ? task.class_weights[task.labels[r]] : not_a_number);
    } else {
      const RowView target = row_of(task.rows, task.target, r);
      if (!task.finite_class_weights) {
        double count = 0;
        for (std::size_t i = 0; i < target.size; ++i) count += scaled(task.class_weight(i), target[i]);
        add_product(s, count);
        continue;
      }
      // The product of two floats is exact in double.
      for (std::size_t i = 0; i < target.size; ++i) add_product(s, task.class_weight(i) * target[i]);
    }
  }
  return sum.value().hi;
}

}  // namespace lossaudit::fast::careful
