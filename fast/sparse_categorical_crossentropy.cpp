#include "fast/logit_losses.hpp"
#include "fast/loss_options.hpp"
#include "fast/losses.hpp"
#include "fast/row_losses.hpp"

namespace lossaudit::fast {

LossCall sparse_categorical_crossentropy_call(const std::int64_t* labels, const float* output, const Rows& rows,
                                              const LossOptions& options) {
  constexpr Takes takes = {
      .keras1 = true, .from_logits = true, .label_smoothing = true, .class_weights = true, .ignore_index = true};
  LossTask task = make_task("sparse_categorical_crossentropy", takes, options, rows, rows.classes);
  task.labels = labels;
  task.output = output;
  task.probabilities = probabilities_of(options, Probabilities::normalised, Probabilities::clipped_normalised);
  return row_loss_call(*cross_entropy_rows(task, options), task, options);
}

void sparse_categorical_crossentropy(const std::int64_t* labels, const float* output, float* result, const Rows& rows,
                                     const LossOptions& options) {
  compute_row_losses(sparse_categorical_crossentropy_call(labels, output, rows, options), result);
}

void sparse_categorical_crossentropy_gradient(const std::int64_t* labels, const float* output, const float* upstream,
                                              float* gradient, const Rows& rows, const LossOptions& options,
                                              float* loss) {
  compute_cross_entropy_gradient(sparse_categorical_crossentropy_call(labels, output, rows, options), upstream,
                                 gradient, loss);
}

}  // namespace lossaudit::fast
