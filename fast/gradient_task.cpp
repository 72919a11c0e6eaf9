#include "fast/gradient_task.hpp"

#include <limits>

#include "fast/careful.hpp"
#include "fast/double_double.hpp"

namespace lossaudit::fast {
namespace {

/// How many losses a mean of dialect keras1 divides by: those that are kept with a weight that is not 0.
double counted(const LossTask& task) {
  if (task.sample_weights == nullptr && !task.ignore_index) return static_cast<double>(task.losses());
  std::size_t count = 0;
  for (std::size_t r = 0; r < task.losses(); ++r) count += !task.ignores(r) && task.sample_weight(r) != 0 ? 1 : 0;
  return static_cast<double>(count);
}

/// Σ s_r over the kept r, to 2^-40; where it cancels, or is not finite, careful::sum_of_weights decides.
double sum_of_sample_weights(const LossTask& task) {
  DoubleDouble sum;
  double magnitude = 0;
  for (std::size_t r = 0; r < task.losses(); ++r) {
    if (task.ignores(r)) continue;
    const double s = task.sample_weights[r];
    sum = sum + s;
    magnitude += std::abs(s);
  }
  const bool is_trusted =
      magnitude < std::numeric_limits<double>::infinity() && 0x1p-50 * magnitude <= std::abs(sum.hi);
  return is_trusted ? sum.hi : careful::sum_of_weights(task);
}

double divisor_of(const LossTask& task, const LossOptions& options) {
  if (options.reduction != Reduction::mean) return 1;
  double divisor = 0;
  if (options.divisor) {
    divisor = *options.divisor;
  } else if (options.dialect == Dialect::keras1 || (task.sample_weights == nullptr && !task.needs_weights)) {
    divisor = counted(task);
  } else {
    divisor = task.needs_weights ? careful::sum_of_weights(task) : sum_of_sample_weights(task);
  }
  return divisor == 0 ? std::numeric_limits<double>::quiet_NaN() : divisor;
}

}  // namespace

GradientTask gradient_of(const LossTask& task, const LossOptions& options, const float* upstream) {
  GradientTask gradient;
  static_cast<LossTask&>(gradient) = task;
  gradient.upstream = upstream;
  gradient.reduces = options.reduction != Reduction::none;
  gradient.divisor = divisor_of(task, options);
  return gradient;
}

}  // namespace lossaudit::fast
