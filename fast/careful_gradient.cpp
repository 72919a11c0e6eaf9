#include "fast/careful_gradient.hpp"

#include <cmath>
#include <optional>

#include "fast/careful_derivative.hpp"

namespace lossaudit::fast::careful {
namespace {

/// Whether double-doubles have settled a derivative: its error is 2^-90 of its magnitude.
bool is_settled(const Magnified<DoubleDouble>& derivative, double factor) {
  if (!derivative.is_certain || std::isnan(derivative.value.hi)) return false;
  return derivative.is_trusted() || derivative.magnitude * std::abs(factor) < GradientTask::negligible;
}

/// The element that a derivative makes.
float element(const GradientTask& task, std::size_t index, double derivative) {
  return static_cast<float>(scaled(task.weight(index), derivative) / task.divisor);
}

/// Whether nothing but NaN comes of any derivative.
bool is_nan(const GradientTask& task, std::size_t index) {
  return std::isnan(task.weight(index)) || std::isnan(task.divisor);
}

bool is_extreme(double factor, double coefficients_magnitude) {
  return !(std::abs(factor) * coefficients_magnitude < GradientTask::extreme);
}

}  // namespace

void complete_gradient(const GradientTask& task, std::size_t row, float* gradient) {
  const double factor = task.factor(row);
  const RowDerivative<DoubleDouble> close(task, row);
  if (is_nan(task, row) || close.is_nan()) return;
  const bool only_wide = is_extreme(factor, close.coefficients_magnitude());
  std::optional<RowDerivative<Wide>> wide;
  for (std::size_t i = 0; i < task.rows.classes; ++i) {
    if (!std::isnan(gradient[i])) continue;
    const Magnified<DoubleDouble> derivative = close.at(i);
    double value = derivative.value.hi;
    if (only_wide || !is_settled(derivative, factor)) {
      if (!wide) wide.emplace(task, row);
      value = to_double(wide->at(i).value);
    }
    gradient[i] = element(task, row, value);
  }
}

float binary_gradient(const GradientTask& task, std::size_t index) {
  const double factor = task.factor(index);
  const double t = task.target[index];
  const double output = task.output[index];
  const Magnified<DoubleDouble> close = binary_derivative<DoubleDouble>(task, t, output);
  const double coefficients = (std::abs(task.pos_weight) + 1) * (std::abs(t) + 1);
  const bool is_probability = task.probabilities != Probabilities::plain || (output >= 0 && output <= 1);
  const bool is_final = std::isnan(output) || !is_probability || !std::isfinite(t) || is_nan(task, index) ||
                        (is_settled(close, factor) && !is_extreme(factor, coefficients));
  const double value = is_final ? close.value.hi : to_double(binary_derivative<Wide>(task, t, output).value);
  return element(task, index, value);
}

}  // namespace lossaudit::fast::careful
