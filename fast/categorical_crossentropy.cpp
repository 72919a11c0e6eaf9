#include "fast/logit_losses.hpp"
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
  return row_loss_call(*cross_entropy_rows(task, options), task, options);
}

void categorical_crossentropy(const float* target, const float* output, float* result, const Rows& rows,
                              const LossOptions& options) {
  compute_row_losses(categorical_crossentropy_call(target, output, rows, options), result);
}

void categorical_crossentropy_gradient(const float* target, const float* output, const float* upstream, float* gradient,
                                       const Rows& rows, const LossOptions& options, float* loss) {
  compute_cross_entropy_gradient(categorical_crossentropy_call(target, output, rows, options), upstream, gradient,
                                 loss);
}

}  // namespace lossaudit::fast
