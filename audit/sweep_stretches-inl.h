// What is known of the functions between two inputs.
#if defined(LOSSAUDIT_AUDIT_SWEEP_STRETCHES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOSSAUDIT_AUDIT_SWEEP_STRETCHES_INL_H_
#undef LOSSAUDIT_AUDIT_SWEEP_STRETCHES_INL_H_
#else
#define LOSSAUDIT_AUDIT_SWEEP_STRETCHES_INL_H_
#endif

#include <algorithm>
#include <cmath>
#include <limits>

#include "audit/sweep_judge.hpp"

HWY_BEFORE_NAMESPACE();
namespace lossaudit::HWY_NAMESPACE {

/// The results of a stretch that are their inputs, or these with the other sign.
struct Line {
  float sign = 0;  ///< 0: there is none
  /// The exact results are within this of sign · x, in ulps of them and relatively.
  double most_ulp = 0, most_relative = 0;
};

/// Where a function goes one way between two inputs, so that its values there lie between those at the two.
///
/// All of them do everywhere in their domain, except:
/// - sigmoid's derivative is largest at 0, logit's least at 1/2;
/// - binary_crossentropy from logits has the derivative sigmoid(x) − t, and its least value, for t in (0, 1), at logit(t);
///   from probabilities, (p − t) / (p (1 − p)) and t;
/// - that derivative, 1 / (1 − p) − t (1 / p + 1 / (1 − p)), is −t / p + (1 − t) / (1 − p) and increases for t in [0, 1];
/// - a clipped function's derivative jumps at the bounds.
class Stretches {
 public:
  explicit Stretches(const SweptFunction& f)
      : function_(f), jumps_(f.clips && f.pass == Pass::gradient), low_(f.clip_low), high_(f.clip_high) {
    const bool forward = f.pass == Pass::forward;
    const bool soft = f.target > 0 && f.target < 1;
    if (f.function == Function::sigmoid && !forward) Turn(0, 0);
    if (f.function == Function::logit && !forward) Turn(0.5, 0);
    if (f.function != Function::binary_crossentropy) return;
    if (forward && soft && f.from_logits) {
      const double turn = std::log(f.target / (1 - f.target));
      Turn(turn, f.target == 0.5 ? 0 : 0x1p-20 * (1 + std::abs(turn)));  // far above what those roundings lose
    }
    if (forward && soft && !f.from_logits) Turn(f.target, 0);
    if (!forward && !f.from_logits && !(f.target >= 0 && f.target <= 1)) Turn(0, kInfinity);
  }

  /// Inputs in either order; false for a NaN.
  [[nodiscard]] bool IsMonotone(double a, double b) const {
    const double first = std::min(a, b);
    const double last = std::max(a, b);
    const bool is_on_one_side = last <= turn_from_ || first >= turn_to_;
    const bool is_between_jumps = !jumps_ || last < low_ || first > high_ || (first >= low_ && last <= high_);
    return is_on_one_side && is_between_jumps && !std::isnan(a) && !std::isnan(b);
  }

  /// For finite inputs between a and b, in either order, of one sign and not below 64 in size: relu(x) = x for x > 0, at
  /// any size; softplus(x) − x = ln(1 + e^-x) < e^-64 < 2^-92 < 2^-98 x, and so for its mirror images log_sigmoid(x) near
  /// x < 0 and binary_crossentropy's hard targets. In ulps that is less than 2^-98 2^p.
  [[nodiscard]] Line LineBetween(double a, double b) const {
    const bool is_forward = function_.pass == Pass::forward;
    const double least = std::min(std::abs(a), std::abs(b));
    if (!is_forward || !(least > 0) || !(std::max(std::abs(a), std::abs(b)) <= largest(function_.format))) return {};
    const bool is_right = a > 0;
    const Line close{1, 0x1p-70, 0x1p-98};
    const Line mirrored{-1, 0x1p-70, 0x1p-98};
    if (function_.function == Function::relu) return is_right ? Line{1, 0, 0} : Line{};
    if (least < 64) return {};
    if (function_.function == Function::softplus) return is_right ? close : Line{};
    if (function_.function == Function::log_sigmoid) return is_right ? Line{} : close;
    if (function_.function != Function::binary_crossentropy || !function_.from_logits) return {};
    if (function_.target == 0 && is_right) return close;
    if (function_.target == 1 && !is_right) return mirrored;
    return {};
  }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  void Turn(double at, double unsure) {
    turn_from_ = at - unsure;
    turn_to_ = at + unsure;
  }
  SweptFunction function_;
  bool jumps_;
  double low_, high_;
  double turn_from_ = kInfinity, turn_to_ = -kInfinity;
};

}  // namespace lossaudit::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
