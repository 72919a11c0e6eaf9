#include "fast/entropy_rows.hpp"
#include "fast/loss_options.hpp"
#include "fast/losses.hpp"
#include "fast/row_losses.hpp"

namespace lossaudit::fast {

LossCall cross_entropy_error_call(const float* target, const float* p, const Rows& rows, const LossOptions& options) {
  LossTask task = make_task("cross_entropy_error", {.class_weights = true}, options, rows, rows.classes);
  task.target = target;
  task.output = p;
  task.probabilities = Probabilities::plain;
  return row_loss_call(estimate_entropy_rows, task, options);
}

void cross_entropy_error(const float* target, const float* p, float* result, const Rows& rows,
                         const LossOptions& options) {
  compute_row_losses(cross_entropy_error_call(target, p, rows, options), result);
}

}  // namespace lossaudit::fast
