#include "fast/logit_losses.hpp"
#include "fast/loss_options.hpp"
#include "fast/losses.hpp"
#include "fast/row_losses.hpp"

namespace lossaudit::fast {

LossCall categorical_crossentropy_call(const float* target, const float* output, const Rows& rows,
                                       const LossOptions& options) {
  const LossTask task = categorical_crossentropy_task(target, output, rows, options);
  return row_loss_call(*cross_entropy_rows(task, options), task, options);
}

void categorical_crossentropy(const float* target, const float* output, float* result, const Rows& rows,
                              const LossOptions& options) {
  compute_cross_entropy(categorical_crossentropy_call(target, output, rows, options), result);
}

void categorical_crossentropy_gradient(const float* target, const float* output, const float* upstream, float* gradient,
                                       const Rows& rows, const LossOptions& options, float* loss) {
  compute_cross_entropy_gradient(categorical_crossentropy_call(target, output, rows, options), upstream, gradient,
                                 loss);
}

}  // namespace lossaudit::fast
