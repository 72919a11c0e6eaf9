#include "fast/exact_sum.hpp"

#include <algorithm>
#include <bit>

namespace lossaudit::fast {
namespace {

constexpr int digit_bits = 32;
constexpr std::uint64_t digit_mask = 0xffffffffU;
constexpr int lowest_exponent = -1074;

}  // namespace

ExactSum& ExactSum::operator=(const ExactSum& other) {
  first_ = other.first_;
  last_ = other.last_;
  uncarried_ = other.uncarried_;
  special_ = other.special_;
  for (std::size_t i = first_; i < last_; ++i) digit_[i] = other.digit_[i];
  return *this;
}

void ExactSum::add(double x) {
  if (!std::isfinite(x)) {
    special_ += x;
    return;
  }
  if (x == 0) return;
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const std::uint64_t exponent = (bits >> 52) & 0x7ffU;
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
  // The value is significand * 2^(place - 1074).
  const std::uint64_t significand = exponent == 0 ? fraction : fraction | (std::uint64_t{1} << 52);
  const std::uint64_t place = exponent == 0 ? 0 : exponent - 1;
  const std::size_t at = place / digit_bits;
  const std::uint64_t shift = place % digit_bits;
  reach(at, at + 3);
  const std::uint64_t low = (significand & digit_mask) << shift;
  const std::uint64_t high = (significand >> digit_bits) << shift;
  const auto d0 = static_cast<std::int64_t>(low & digit_mask);
  const auto d1 = static_cast<std::int64_t>((low >> digit_bits) + (high & digit_mask));
  const auto d2 = static_cast<std::int64_t>(high >> digit_bits);
  const std::int64_t sign = x < 0 ? -1 : 1;
  digit_[at] += sign * d0;
  digit_[at + 1] += sign * d1;
  digit_[at + 2] += sign * d2;
  // A digit grows by less than 2^33 a term.
  if (++uncarried_ == std::uint32_t{1} << 29) carry();
}

void ExactSum::add(const ExactSum& other) {
  special_ += other.special_;
  if (other.first_ == other.last_) return;
  ExactSum more = other;
  more.carry();
  carry();
  reach(more.first_, more.last_);
  for (std::size_t i = more.first_; i < more.last_; ++i) digit_[i] += more.digit_[i];
}

/// Leaves digits in [0, 2^32), but for the highest, which takes the sign.
void ExactSum::carry() {
  uncarried_ = 0;
  if (first_ == last_) return;
  reach(first_, std::min(last_ + 2, digits));
  for (std::size_t i = first_; i + 1 < last_; ++i) {
    const std::int64_t over = digit_[i] >> digit_bits;
    digit_[i] -= over * (std::int64_t{1} << digit_bits);
    digit_[i + 1] += over;
  }
}

DoubleDouble ExactSum::value() const {
  if (special_ != 0 || first_ == last_) return {special_, 0};
  ExactSum sum = *this;
  sum.carry();
  const bool negative = sum.digit_[sum.last_ - 1] < 0;
  if (negative) {
    for (std::size_t i = sum.first_; i < sum.last_; ++i) sum.digit_[i] = -sum.digit_[i];
    sum.carry();
  }
  std::size_t top = sum.last_;
  while (top > sum.first_ && sum.digit_[top - 1] == 0) --top;
  // Five digits hold 129 bits at least; they are added near 1, where nothing overflows or underflows.
  constexpr std::size_t enough = 5;
  const std::size_t low = top - std::min(enough, top - sum.first_);
  constexpr double digit_scale = 0x1p32;
  DoubleDouble value;
  for (std::size_t i = top; i-- > low;) {
    value = DoubleDouble(value.hi * digit_scale, value.lo * digit_scale) + static_cast<double>(sum.digit_[i]);
  }
  if (negative) value = -value;
  const int scale = digit_bits * static_cast<int>(low) + lowest_exponent;
  if (std::abs(scale) < 700) {  // ldexp takes its time
    const double power = std::bit_cast<double>(static_cast<std::uint64_t>(scale + 1023) << 52);
    return {value.hi * power, value.lo * power};
  }
  const double hi = std::ldexp(value.hi, scale);
  return {hi, std::isfinite(hi) ? std::ldexp(value.lo, scale) : 0};
}

}  // namespace lossaudit::fast
