#include "fast/range.hpp"

#include <stdexcept>
#include <string>

#include "fast/gradient_task.hpp"
#include "fast/reduction.hpp"

namespace lossaudit::fast {

PartialLoss::PartialLoss() : sum_(std::make_unique<LossSum>()) {}
PartialLoss::PartialLoss(const PartialLoss& other) : sum_(std::make_unique<LossSum>(*other.sum_)) {}
PartialLoss::PartialLoss(PartialLoss&& other) noexcept = default;
PartialLoss& PartialLoss::operator=(const PartialLoss& other) {
  if (this != &other) sum_ = std::make_unique<LossSum>(*other.sum_);
  return *this;
}
PartialLoss& PartialLoss::operator=(PartialLoss&& other) noexcept = default;
PartialLoss::~PartialLoss() = default;

void PartialLoss::merge(const PartialLoss& other) { sum_->add(*other.sum_); }

ReducedLoss::ReducedLoss(const LossCall& call) : call_(std::make_shared<const LossCall>(call)) {
  if (call.options.reduction == Reduction::none) {
    throw std::invalid_argument("a ReducedLoss needs the reduction sum or mean");
  }
}

ReducedLoss ReducedLoss::binary_crossentropy(const float* target, const float* output, std::size_t n,
                                             const LossOptions& options) {
  return ReducedLoss(binary_crossentropy_call(target, output, n, options));
}

ReducedLoss ReducedLoss::categorical_crossentropy(const float* target, const float* output, const Rows& rows,
                                                  const LossOptions& options) {
  return ReducedLoss(categorical_crossentropy_call(target, output, rows, options));
}

ReducedLoss ReducedLoss::sparse_categorical_crossentropy(const std::int64_t* labels, const float* output,
                                                         const Rows& rows, const LossOptions& options) {
  return ReducedLoss(sparse_categorical_crossentropy_call(labels, output, rows, options));
}

ReducedLoss ReducedLoss::mean_squared_error(const float* target, const float* output, const Rows& rows,
                                            const LossOptions& options) {
  return ReducedLoss(mean_squared_error_call(target, output, rows, options));
}

ReducedLoss ReducedLoss::cross_entropy_error(const float* target, const float* p, const Rows& rows,
                                             const LossOptions& options) {
  return ReducedLoss(cross_entropy_error_call(target, p, rows, options));
}

std::size_t ReducedLoss::size() const { return call_->size; }

std::size_t ReducedLoss::step() const { return call_->step; }

PartialLoss ReducedLoss::partial(std::size_t first, std::size_t last) const {
  const bool is_range = first <= last && last <= size();
  const auto is_end = [&](std::size_t unit) { return unit % step() == 0 || unit == size(); };
  if (!is_range || !is_end(first) || !is_end(last)) {
    throw std::invalid_argument("no part [" + std::to_string(first) + ", " + std::to_string(last) + ") of " +
                                std::to_string(size()) + ": parts begin and end at multiples of " +
                                std::to_string(step()) + ", or at the end");
  }
  PartialLoss part;
  call_->add(*call_, first, last, *part.sum_);
  return part;
}

double ReducedLoss::divisor() const { return gradient_of(call_->task, call_->options, nullptr).divisor; }

float ReducedLoss::result(const PartialLoss& all) const { return all.sum_->result(call_->options, call_->task); }

}  // namespace lossaudit::fast
