#include "fast/entropy_rows.hpp"
#include "fast/loss_gradient.hpp"
#include "fast/loss_options.hpp"
#include "fast/losses.hpp"
#include "fast/row_losses.hpp"

namespace lossaudit::fast {

LossCall categorical_crossentropy_call(const float* target, const float* output, const Rows& rows,
                                       const LossOptions& options) {
  constexpr Takes takes = {.keras1 = true, .from_logits = true, .label_smoothing = true, .class_weights = true};
  LossTask task = make_task("categorical_crossentropy", takes, options, rows, rows.classes);
  task.target = target;
  task.output = output;
  task.probabilities = probabilities_of(options, Probabilities::normalised, Probabilities::normalised_clipped);
  return row_loss_call(estimate_entropy_rows, task, options);
}

void categorical_crossentropy(const float* target, const float* output, float* result, const Rows& rows,
                              const LossOptions& options) {
  compute_row_losses(categorical_crossentropy_call(target, output, rows, options), result);
}

void categorical_crossentropy_gradient(const float* target, const float* output, const float* upstream, float* gradient,
                                       const Rows& rows, const LossOptions& options, float* loss) {
  const LossCall call = categorical_crossentropy_call(target, output, rows, options);
  if (loss != nullptr) compute_row_losses(call, loss);
  compute_entropy_gradient(gradient_of(call.task, options, upstream), gradient);
}

}  // namespace lossaudit::fast
