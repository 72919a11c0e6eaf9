#include "fast/reduction.hpp"

#include <cmath>
#include <limits>

#include "fast/careful.hpp"

namespace lossaudit::fast {
namespace {

/// Good enough as it is: trusted, or an infinity or NaN that no better arithmetic would change.
bool is_final(double sum, double magnitude) {
  return Estimate{sum, magnitude}.is_trusted() || !std::isfinite(magnitude);
}

/// Plain sums are good to 2^-26 of themselves, not to 2^-45 as an Estimate: beside others they weigh as much more.
constexpr double plain_error = 0x1p18;

}  // namespace

void LossSum::add(const LossEstimate& estimate, double s, std::size_t units) {
  is_plain_ = false;
  loss_.add(weighted(s, estimate.loss.value));
  loss_magnitude_.add(weighted(std::abs(s), estimate.loss.magnitude));
  weight_.add(s * estimate.weight.value);
  weight_magnitude_.add(std::abs(s) * estimate.weight.magnitude);
  units_ += units;
}

void LossSum::add_plain(double sum, std::size_t count) {
  loss_.add(sum);
  loss_magnitude_.add(plain_error * sum);
  plain_ += count;
}

void LossSum::add(const LossSum& other) {
  loss_.add(other.loss_);
  loss_magnitude_.add(other.loss_magnitude_);
  weight_.add(other.weight_);
  weight_magnitude_.add(other.weight_magnitude_);
  units_ += other.units_;
  plain_ += other.plain_;
  is_plain_ = is_plain_ && other.is_plain_;
}

double LossSum::denominator(const LossOptions& options, const LossTask& task) const {
  const auto plain = static_cast<double>(plain_);
  if (options.divisor) return *options.divisor;
  if (is_plain_) return plain;
  if (options.dialect == Dialect::keras1) return static_cast<double>(units_) + plain;
  ExactSum weight = weight_;
  weight.add(plain);
  const double value = weight.value().hi;
  return is_final(value, weight_magnitude_.value().hi + plain) ? value : careful::sum_of_weights(task);
}

bool LossSum::is_settled(const LossOptions& options) const {
  if (is_plain_) return true;
  if (!is_final(loss_.value().hi, loss_magnitude_.value().hi)) return false;
  if (options.reduction == Reduction::sum || options.dialect == Dialect::keras1 || options.divisor) return true;
  const auto plain = static_cast<double>(plain_);
  ExactSum weight = weight_;
  weight.add(plain);
  return is_final(weight.value().hi, weight_magnitude_.value().hi + plain);
}

float LossSum::result(const LossOptions& options, const LossTask& task) const {
  double loss = loss_.value().hi;
  if (!is_plain_ && !is_final(loss, loss_magnitude_.value().hi)) loss = careful::sum_of_losses(task);
  if (options.reduction == Reduction::sum) return static_cast<float>(loss);
  const double weight = denominator(options, task);
  return static_cast<float>(weight == 0 ? std::numeric_limits<double>::quiet_NaN() : loss / weight);
}

float LossCall::result() const {
  LossSum sum;
  add(*this, 0, size, sum);
  return sum.result(options, task);
}

}  // namespace lossaudit::fast
