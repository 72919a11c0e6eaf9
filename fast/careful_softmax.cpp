#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

#include "fast/careful.hpp"
#include "fast/careful_row.hpp"
#include "fast/gradient_task.hpp"

namespace lossaudit::fast::careful {
namespace {

/// s_i (g_i - Σ g_j s_j) as e_i D_i / S^2, with e_j = e^(x_j - m), S = Σ e_j and D_i = Σ_j e_j (g_i - g_j), where g is
/// taken relative to its element at the maximum: then nothing is lost on a confident row.
template <class T>
class SoftmaxDerivative {
 public:
  SoftmaxDerivative(RowView x, const float* g, const RowTop& top) : g_(g), origin_(g[top.argmax]) {
    for (std::size_t j = 0; j < x.size; ++j) {
      e_.push_back(exp(T(x[j]) - T(top.maximum)));
      const T term = e_[j] * relative(j);
      sum_ = sum_ + e_[j];
      weighted_ = weighted_ + term;
      magnitude_ += std::abs(to_double(term));
    }
  }

  /// D_i / S, with the magnitudes of its terms.
  [[nodiscard]] Magnified<T> difference(std::size_t i) const {
    const double sum = to_double(sum_);
    return {(relative(i) * sum_ - weighted_) / sum_, std::abs(to_double(relative(i))) + magnitude_ / sum};
  }
  [[nodiscard]] T softmax(std::size_t i) const { return e_[i] / sum_; }

 private:
  [[nodiscard]] T relative(std::size_t j) const { return T(static_cast<double>(g_[j])) - T(origin_); }

  const float* g_;
  double origin_;
  std::vector<T> e_;
  T sum_ = T(0.0);
  T weighted_ = T(0.0);
  double magnitude_ = 0;
};

/// Whether no digit that double-doubles lack is told by a float.
bool is_settled(const Magnified<DoubleDouble>& difference, double softmax) {
  return difference.is_trusted() || difference.magnitude * softmax < GradientTask::negligible;
}

}  // namespace

void complete_softmax_gradient(const float* x, const float* g, float* gradient, std::size_t n) {
  const RowView row = {x, n};
  const RowTop top = top_of(row);
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isfinite(g[i])) return;
  }
  if (top.has_one_infinity()) std::fill_n(gradient, n, 0.0F);
  if (!top.is_finite()) return;
  const SoftmaxDerivative<DoubleDouble> close(row, g, top);
  std::optional<SoftmaxDerivative<Wide>> wide;
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isnan(gradient[i])) continue;
    const Magnified<DoubleDouble> difference = close.difference(i);
    const double softmax = to_double(close.softmax(i));
    if (is_settled(difference, softmax)) {
      gradient[i] = static_cast<float>(softmax * difference.value.hi);
      continue;
    }
    if (!wide) wide.emplace(row, g, top);
    gradient[i] = static_cast<float>(to_double(wide->softmax(i) * wide->difference(i).value));
  }
}

}  // namespace lossaudit::fast::careful
