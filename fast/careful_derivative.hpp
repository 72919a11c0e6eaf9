// The derivatives of the losses in a type T of many digits.
//
// Every cross-entropy's gradient has one form: with masses u_i (e^(x_i - m) of logits, o_i of probabilities), their sum
// S, coefficients c_i = w_i t'_i and their sum C,
//
//   from logits          (u_i C - c_i S) / S
//   from probabilities   (u_i C - c_i S) / (S u_i)
//
// A clip stops the classes outside of it (reference/probabilities.hpp has the chain rule): one of the outputs gives them
// 0, one of the shares takes their own coefficients out. Of the class with the largest mass, what C and S hold beside it is known apart: u_i C_others - c_i S_others is
// the same, and loses nothing on a confident row.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fast/careful_loss.hpp"
#include "fast/careful_row.hpp"
#include "fast/gradient_task.hpp"
#include "fast/magnified.hpp"

namespace lossaudit::fast::careful {

inline bool is_zero(DoubleDouble x) { return x.hi == 0; }
inline bool is_zero(const Wide& x) { return x.is_zero(); }

/// a * b, where 0 times an infinity is 0.
template <class T>
T product(const T& a, const T& b) {
  const bool vanishes = (is_zero(a) && !std::isnan(to_double(b))) || (is_zero(b) && !std::isnan(to_double(a)));
  return vanishes ? T(0.0) : T(a * b);
}

/// One row's masses and coefficients.
template <class T>
class RowDerivative {
 public:
  RowDerivative(const GradientTask& task, std::size_t row)
      : task_(task), output_(row_of(task.rows, task.output, row)), row_(row) {
    is_nan_ = !set_coefficients() || !set_masses();
    if (is_nan_) return;
    const bool stops_shares = task.probabilities == Probabilities::normalised_clipped;
    if (stops_shares) stop_outside_shares();
    for (std::size_t i = 0; i < output_.size; ++i) {
      if (i != largest_ && !(stops_shares && is_stopped(i))) add(others_of_sum_, coefficient_[i]);
    }
    sum_ = others_of_sum_;
    if (!(stops_shares && is_stopped(largest_))) add(sum_, coefficient_[largest_]);
    is_proportional_ = std::find(stopped_.begin(), stopped_.end(), true) == stopped_.end() && is_proportional();
  }

  /// The derivative with respect to output i. NaN for a row without one.
  [[nodiscard]] Magnified<T> at(std::size_t i) const {
    if (is_nan_) return {T(not_a_number)};
    if (!is_certain_) return uncertain();
    if (is_one_hot_ && task_.probabilities != Probabilities::from_logits) return beside_infinity(i);
    if (is_stopped(i))
      return task_.probabilities == Probabilities::normalised_clipped ? divided(sum_, total_) : Magnified<T>{T(0.0)};
    if (task_.probabilities == Probabilities::plain) return divided_by_output(negated(coefficient_[i]), i);
    // Before Wide has to find that out: a target in proportion to the masses has no gradient.
    if (is_proportional_ && !is_zero(mass_[i])) return {T(0.0)};
    const bool stands_apart = i == largest_ && std::isfinite(coefficient_[i].magnitude);
    const Magnified<T> value = stands_apart ? difference(mass_[i], others_of_sum_, coefficient_[i], others_of_mass_)
                                            : difference(mass_[i], sum_, coefficient_[i], total_);
    Magnified<T> derivative = divided(value, total_);
    if (task_.probabilities == Probabilities::from_logits) return derivative;
    if (!is_zero(mass_[i])) return divided(derivative, mass_[i]);
    // A probability of 0: C / S, or a pole where its own coefficient is not 0.
    const Magnified<T> rest = divided(sum_, total_);
    if (!coefficient_[i].is_trusted()) return uncertain();
    return is_zero(coefficient_[i].value) ? rest : divided_by_output(negated(coefficient_[i]), i);
  }

  [[nodiscard]] bool is_nan() const { return is_nan_; }

  /// Σ abs(c_i), which bounds what any exponential is multiplied by.
  [[nodiscard]] double coefficients_magnitude() const { return coefficients_magnitude_; }

 private:
  static Magnified<T> uncertain() { return {T(0.0), 0, false}; }
  static Magnified<T> negated(const Magnified<T>& a) { return {T(-a.value), a.magnitude, a.is_certain}; }
  static void add(Magnified<T>& sum, const Magnified<T>& term) {
    sum.value = sum.value + term.value;
    sum.magnitude += term.magnitude;
  }
  static Magnified<T> divided(const Magnified<T>& a, const T& b) {
    return {T(a.value / b), a.magnitude / std::abs(to_double(b)), a.is_certain};
  }
  /// u C - c S.
  static Magnified<T> difference(const T& u, const Magnified<T>& sum, const Magnified<T>& c, const T& total) {
    return {T(product(u, sum.value) - product(c.value, total)),
            std::abs(to_double(u)) * sum.magnitude + c.magnitude * std::abs(to_double(total))};
  }
  Magnified<T> divided_by_output(const Magnified<T>& a, std::size_t i) const {
    const double o = output_[i];
    if (o != 0) return divided(a, T(o));
    if (!a.is_trusted()) return uncertain();
    return {T(is_zero(a.value) ? 0.0 : std::copysign(infinity, to_double(a.value)))};
  }
  /// Whether c_i = k u_i for all classes, as far as doubles tell without rounding.
  [[nodiscard]] bool is_proportional() const {
    if (task_.probabilities == Probabilities::plain || is_one_hot_) return false;
    const double u = to_double(mass_[largest_]);
    const double c = to_double(coefficient_[largest_].value);
    for (std::size_t i = 0; i < output_.size; ++i) {
      const double own_u = to_double(mass_[i]);
      const double own_c = to_double(coefficient_[i].value);
      // An exponential is only exact where it is 1 or 0, a smoothed target where it is the same.
      const bool is_exact_mass =
          task_.probabilities != Probabilities::from_logits || output_[i] == output_[largest_] || own_u == 0;
      const bool is_exact = is_exact_mass && (task_.smoothing == 0 || (own_u == u && is_same_target(i)));
      const DoubleDouble left = two_product(own_c, u);
      const DoubleDouble right = two_product(c, own_u);
      if (!is_exact || left.hi != right.hi || left.lo != right.lo) return false;
    }
    return true;
  }
  [[nodiscard]] bool is_same_target(std::size_t i) const {
    if (task_.class_weight(i) != task_.class_weight(largest_)) return false;
    if (task_.labels != nullptr) return output_.size == 1 || task_.keep == 0;
    const RowView target = row_of(task_.rows, task_.target, row_);
    return target[i] == target[largest_];
  }
  /// A row normalised to one-hot by an infinite output: no share of the sum comes back.
  Magnified<T> beside_infinity(std::size_t i) const {
    if (is_stopped(i) || std::isinf(output_[i])) return {T(0.0)};
    return divided_by_output(negated(coefficient_[i]), i);
  }
  [[nodiscard]] bool is_stopped(std::size_t i) const { return !stopped_.empty() && stopped_[i]; }

  /// False for a row whose target is none.
  bool set_coefficients() {
    const std::size_t n = output_.size;
    const bool has_labels = task_.labels != nullptr;
    if (has_labels && !is_class(task_.labels[row_], n)) return false;
    for (std::size_t i = 0; i < n; ++i) {
      const double t = !has_labels                                           ? row_of(task_.rows, task_.target, row_)[i]
                       : static_cast<std::uint64_t>(task_.labels[row_]) == i ? 1
                                                                             : 0;
      const double w = task_.class_weight(i);
      if (!std::isfinite(t) || std::isnan(w)) return false;
      Magnified<T> c = coefficient<T>(task_, 1, t, n);
      c = {product(T(w), c.value), std::abs(w) * c.magnitude};
      if (std::isinf(w) && is_zero(c.value)) c.magnitude = 0;
      coefficients_magnitude_ += c.magnitude;
      coefficient_.push_back(c);
    }
    return true;
  }

  /// False for a row of no probabilities.
  bool set_masses() {
    const std::size_t n = output_.size;
    if (task_.probabilities == Probabilities::from_logits) return set_exponentials();
    const bool is_any_number = task_.probabilities == Probabilities::normalised_clipped ||
                               task_.probabilities == Probabilities::clipped_normalised;
    std::vector<double> u(n);
    std::size_t infinities = 0;
    for (std::size_t i = 0; i < n; ++i) {
      u[i] = output_[i];
      if (std::isnan(u[i]) || (!is_any_number && !(u[i] >= 0 && u[i] <= 1))) return false;
      if (task_.probabilities == Probabilities::clipped_normalised) {
        stopped_.push_back(u[i] < task_.clip_low || u[i] > task_.clip_high);
        u[i] = std::clamp(u[i], task_.clip_low, task_.clip_high);
      }
      infinities += std::isinf(u[i]) ? 1 : 0;
      if (std::abs(u[i]) > std::abs(u[largest_])) largest_ = i;
    }
    if (task_.probabilities == Probabilities::plain) return true;
    if (infinities > 1) return false;
    is_one_hot_ = infinities == 1;
    for (const double mass : u) mass_.push_back(T(mass));
    if (is_one_hot_) return true;
    total_ = sum_of(u, T(0.0));
    u[largest_] = 0;
    others_of_mass_ = sum_of(u, T(0.0));
    return !is_zero(total_);
  }

  bool set_exponentials() {
    const RowTop top = top_of(output_);
    if (!top.is_finite() && !top.has_one_infinity()) return false;
    largest_ = top.argmax;
    for (std::size_t i = 0; i < output_.size; ++i) {
      if (top.has_one_infinity() || std::isinf(output_[i])) {
        mass_.push_back(T(i == largest_ ? 1.0 : 0.0));
      } else {
        const double x = output_[i];
        mass_.push_back(x == top.maximum ? T(1.0) : T(exp(T(x) - T(top.maximum))));
      }
      if (i != largest_) others_of_mass_ = others_of_mass_ + mass_.back();
    }
    total_ = T(1.0) + others_of_mass_;
    return true;
  }

  /// A clip of the shares: outside is what lies below lo S or above hi S, whatever the sign of S.
  void stop_outside_shares() {
    const double sign = to_double(total_) < 0 ? -1 : 1;
    for (std::size_t i = 0; i < output_.size; ++i) {
      if (is_one_hot_) {
        const double share = std::isinf(output_[i]) ? 1 : 0;
        stopped_.push_back(share < task_.clip_low || share > task_.clip_high);
        continue;
      }
      const double above_low = beyond(i, task_.clip_low) * sign;
      const double above_high = beyond(i, task_.clip_high) * sign;
      stopped_.push_back(above_low < 0 || above_high > 0);
    }
  }
  /// o_i - bound S, exactly in Wide: a DoubleDouble is not certain of it near 0.
  [[nodiscard]] double beyond(std::size_t i, double bound) {
    const Magnified<T> distance = {T(mass_[i] - T(bound) * total_), std::abs(output_[i])};
    is_certain_ = is_certain_ && distance.is_trusted();
    return to_double(distance.value);
  }

  const GradientTask& task_;
  RowView output_;
  std::size_t row_;
  bool is_nan_ = false;
  bool is_proportional_ = false;
  bool is_certain_ = true;   // which classes a clip stops
  bool is_one_hot_ = false;  // of probabilities: by an infinite output
  std::size_t largest_ = 0;  // the class with the largest mass
  std::vector<T> mass_;
  std::vector<Magnified<T>> coefficient_;
  std::vector<bool> stopped_;  // by a clip; empty: none
  T total_ = T(1.0), others_of_mass_ = T(0.0);
  Magnified<T> sum_, others_of_sum_;
  double coefficients_magnitude_ = 0;
};

/// The derivative of a binary loss: from logits d sigmoid(x) - c sigmoid(-x), from probabilities d / (1 - p) - c / p,
/// with c = w t' and d = 1 - t'; 0 where a clip stops it.
template <class T>
Magnified<T> binary_derivative(const GradientTask& task, double t, double output) {
  if (std::isnan(output) || !std::isfinite(t)) return {T(not_a_number)};
  const Magnified<T> c = coefficient<T>(task, task.pos_weight, t, 2);
  const Magnified<T> d = {(T(1.0) - T(task.smoothing)) * (T(1.0) - T(t)) + T(task.smoothing / 2), 1 + std::abs(t)};
  const auto weighed = [](const T& a, const Magnified<T>& x, const T& b, const Magnified<T>& y) {
    return Magnified<T>{T(a * x.value - b * y.value), to_double(a) * x.magnitude + to_double(b) * y.magnitude};
  };
  if (task.probabilities == Probabilities::from_logits) {
    const double size = std::abs(output);
    const T e = std::isinf(size) ? T(0.0) : T(exp(-T(size)));
    Magnified<T> slope = output > 0 ? weighed(T(1.0), d, e, c) : weighed(e, d, T(1.0), c);
    slope.value = slope.value / (T(1.0) + e);
    return slope;
  }
  double p = output;
  if (task.probabilities == Probabilities::clipped) {
    p = std::clamp(p, task.clip_low, task.clip_high);
    if (p != output) return {T(0.0)};
  } else if (!(p >= 0 && p <= 1)) {
    return {T(not_a_number)};
  }
  if (p == 0 || p == 1) {
    const Magnified<T>& pole = p == 0 ? c : d;
    const double towards = p == 0 ? -infinity : infinity;
    if (!pole.is_trusted()) return {T(0.0), 0, false};
    if (is_zero(pole.value)) return p == 0 ? d : Magnified<T>{T(-c.value), c.magnitude};
    return {T(to_double(pole.value) > 0 ? towards : -towards)};
  }
  const T rest = T(1.0) - T(p);
  const T variance = T(p) * rest;
  Magnified<T> slope = weighed(T(p), d, rest, c);
  slope.value = slope.value / variance;
  slope.magnitude /= to_double(variance);
  return slope;
}

}  // namespace lossaudit::fast::careful
