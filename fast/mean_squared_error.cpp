#include "fast/loss_options.hpp"
#include "fast/losses.hpp"
#include "fast/row_losses.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fast/mean_squared_error.cpp"
#include "hwy/foreach_target.h"
//
#include "fast/row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::fast::HWY_NAMESPACE {

/// Σ (t - o)^2. The difference of two floats is good to 2^-53, and its square neither overflows nor underflows a
/// double.
class SquaresPass {
 public:
  HWY_INLINE SquaresPass(const float* target, const float* output) : target_(target), output_(output) {}
  HWY_INLINE void Step(std::size_t i) { Take(LoadFloats(target_ + i), LoadFloats(output_ + i)); }
  HWY_INLINE void LastStep(std::size_t i, std::size_t count) {
    Take(LoadFirst(target_ + i, count, 0), LoadFirst(output_ + i, count, 0));
  }
  HWY_INLINE void EndBlock() { sum_.EndBlock(); }
  HWY_INLINE double Total() { return sum_.Total(); }

 private:
  HWY_INLINE void Take(V target, V output) {
    const V difference = hn::Sub(target, output);
    sum_.Add(hn::Mul(difference, difference));
  }
  const float* target_;
  const float* output_;
  BlockedSum sum_;
};

void SquaredErrorRows(const LossTask& task, const RowBatch& batch, LossEstimate* out) {
  const std::size_t n = task.rows.classes;
  for (std::size_t r = 0; r < batch.count; ++r) {
    SquaresPass pass(batch.target + r * n, batch.output + r * n);
    Walk(pass, n);
    const double mean = pass.Total() / static_cast<double>(n);
    out[r].loss = {mean, mean};
  }
}

}  // namespace lossaudit::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lossaudit::fast {

HWY_EXPORT(SquaredErrorRows);

LossCall mean_squared_error_call(const float* target, const float* output, const Rows& rows,
                                 const LossOptions& options) {
  LossTask task = make_task("mean_squared_error", {}, options, rows, rows.classes);
  task.kind = LossKind::squares;
  task.target = target;
  task.output = output;
  return row_loss_call(HWY_DYNAMIC_DISPATCH(SquaredErrorRows), task, options);
}

void mean_squared_error(const float* target, const float* output, float* result, const Rows& rows,
                        const LossOptions& options) {
  compute_row_losses(mean_squared_error_call(target, output, rows, options), result);
}

}  // namespace lossaudit::fast
#endif
