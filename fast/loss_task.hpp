// What the loss kernels work on: inputs and constants of one call, and what they give back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "fast/losses.hpp"

namespace lossaudit::fast {

/// A computed value and how far to trust it: the sum of the magnitudes of everything that was added up to it, so that
/// its error is at most 2^-45 `magnitude`.
struct Estimate {
  double value = 0;
  double magnitude = 0;

  /// The error is beneath 2^-26 of the value, a quarter of an ulp of a float at worst. Never so for NaNs and
  /// infinities.
  [[nodiscard]] bool is_trusted() const {
    return trusted_part * magnitude <= (value < 0 ? -value : value) && magnitude - magnitude == 0;
  }

  static constexpr double trusted_part = 0x1p-19;

  /// A NaN that no better arithmetic would change.
  static constexpr Estimate nan() { return {std::numeric_limits<double>::quiet_NaN(), -1}; }
  [[nodiscard]] bool is_nan() const { return value != value && magnitude < 0; }
};

/// A loss times its sample weight: 0 for a weight of 0, also beside an infinite loss, but NaN for a NaN.
inline double weighted(double weight, double loss) {
  const bool vanishes = weight == 0 && loss == loss;
  return vanishes ? 0 : weight * loss;
}

/// a * b, where 0 times an infinity is 0 (reference/semantics.md, "Special values").
inline double scaled(double a, double b) {
  const bool vanishes = (a == 0 || b == 0) && a == a && b == b;
  return vanishes ? 0 : a * b;
}

/// A loss on its way into a sum, and what it counts in the mean.
struct LossEstimate {
  Estimate loss;
  Estimate weight;
};

/// Where the logarithms of the probabilities come from.
enum class Probabilities : std::uint8_t {
  from_logits,         ///< log_softmax, or log_sigmoid
  plain,               ///< o
  clipped,             ///< clip(o)
  normalised,          ///< o / Σ o
  normalised_clipped,  ///< clip(o / Σ o)
  clipped_normalised,  ///< clip(o) / Σ clip(o)
};

/// The families of losses that differ in what is added up.
enum class LossKind : std::uint8_t { binary, entropy, squares };

/// One call of a loss on tensors of V. The smoothed target is keep * t + share.
template <class V>
struct LossTaskOf {
  LossKind kind = LossKind::entropy;
  const V* output = nullptr;
  const V* target = nullptr;             ///< of the same shape, or
  const std::int64_t* labels = nullptr;  ///< one a row
  const V* class_weights = nullptr;
  const V* sample_weights = nullptr;
  Rows rows;  ///< elementwise losses: n rows of one class
  Probabilities probabilities = Probabilities::plain;
  double clip_low = 0, clip_high = 1;
  double clip_low_surprise = 0, clip_high_surprise = 0;  ///< -ln of them
  double smoothing = 0, keep = 1, share = 0;             ///< a, 1 - a and a / K
  double pos_weight = 1;
  bool finite_class_weights = true;
  bool needs_weights = false;  ///< class weights enter the denominator
  std::optional<std::int64_t> ignore_index = std::nullopt;

  /// The binary loss with no option but its dialect's clip.
  [[nodiscard]] bool is_common_binary() const { return pos_weight == 1 && smoothing == 0 && sample_weights == nullptr; }
  [[nodiscard]] std::size_t losses() const { return rows.outer * rows.inner; }
  [[nodiscard]] bool ignores(std::size_t index) const { return ignore_index && labels[index] == *ignore_index; }
  [[nodiscard]] double sample_weight(std::size_t index) const {
    return sample_weights == nullptr ? 1 : sample_weights[index];
  }
  [[nodiscard]] double class_weight(std::size_t i) const { return class_weights == nullptr ? 1 : class_weights[i]; }
};
using LossTask = LossTaskOf<float>;

/// The classes of one row, wherever they lie.
template <class V>
struct RowViewOf {
  const V* first = nullptr;
  std::size_t size = 0;
  std::size_t stride = 1;
  V operator[](std::size_t i) const { return first[i * stride]; }
};
using RowView = RowViewOf<float>;

/// Rows that lie one after another.
struct RowBatch {
  const float* output = nullptr;
  const float* target = nullptr;         ///< or
  const std::int64_t* labels = nullptr;  ///< one a row
  std::size_t count = 0;
};

inline bool is_class(std::int64_t label, std::size_t classes) {
  return label >= 0 && static_cast<std::uint64_t>(label) < classes;
}

/// The row of a tensor, rows being numbered outer-major.
template <class V>
RowViewOf<V> row_of(const Rows& rows, const V* tensor, std::size_t row) {
  return {tensor + (row / rows.inner) * rows.classes * rows.inner + row % rows.inner, rows.classes, rows.inner};
}

}  // namespace lossaudit::fast
