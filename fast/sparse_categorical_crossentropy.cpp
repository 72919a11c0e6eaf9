#include "fast/logit_losses.hpp"
#include "fast/loss_options.hpp"
#include "fast/losses.hpp"
#include "fast/row_losses.hpp"

namespace lossaudit::fast {

LossCall sparse_categorical_crossentropy_call(const std::int64_t* labels, const float* output, const Rows& rows,
                                              const LossOptions& options) {
  const LossTask task = sparse_categorical_crossentropy_task(labels, output, rows, options);
  return row_loss_call(*cross_entropy_rows(task, options), task, options);
}

void sparse_categorical_crossentropy(const std::int64_t* labels, const float* output, float* result, const Rows& rows,
                                     const LossOptions& options) {
  compute_cross_entropy(sparse_categorical_crossentropy_call(labels, output, rows, options), result);
}

void sparse_categorical_crossentropy_gradient(const std::int64_t* labels, const float* output, const float* upstream,
                                              float* gradient, const Rows& rows, const LossOptions& options,
                                              float* loss) {
  compute_cross_entropy_gradient(sparse_categorical_crossentropy_call(labels, output, rows, options), upstream,
                                 gradient, loss);
}

}  // namespace lossaudit::fast
