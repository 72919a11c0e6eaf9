// Some contiguous rows of logits at a time with targets of any kind, in double lanes: their losses and gradients.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lossaudit::fast {

/// Rows and what is wanted of them. The smoothed target is keep * t + share, neither negative.
struct SoftBatch {
  static constexpr std::size_t most_rows = 16;
  /// Rows of up to so many classes go side by side.
  static constexpr std::size_t short_row = 64;

  const float* x = nullptr;       ///< (count, classes)
  const float* target = nullptr;  ///< likewise
  std::size_t classes = 0;
  std::size_t count = 0;     ///< at most most_rows
  bool is_followed = false;  ///< by more rows
  double keep = 1, share = 0;
  const double* factors = nullptr;  ///< one a row; nullptr: ones
  float* gradient = nullptr;        ///< (count, classes), not x or target; or nullptr: losses alone
  double* losses = nullptr;         ///< one a row
  /// Room for a row's exponentials, which spares the gradient of a long one to raise them twice: room_for(classes)
  /// numbers, aligned to hwy's vectors; or nullptr.
  double* room = nullptr;

  /// None for short rows, and for those whose exponentials would no longer stay in a cache.
  static std::size_t room_for(std::size_t classes) {
    return classes <= short_row || classes > (std::size_t{1} << 17) ? 0 : (classes / 16 + 1) * 16;
  }
};

/// A bit for every row that ...
struct SoftOutcome {
  std::uint32_t left = 0;        ///< ... is untouched
  std::uint32_t incomplete = 0;  ///< ... has elements that cancel: NaN, and to be computed with care
};

/// loss = Σ c_i (logsumexp(x) - x_i) for the smoothed targets c, within 2^-27 of itself, and gradient_i = factor (Σ c
/// softmax(x)_i - c_i), rounded from within 2^-26 of itself. All of that is NaN in a row whose logits have one.
///
/// Left are rows with a negative target or a sum of targets beyond 2^64, whose largest logit is infinite, whose loss is, and
/// whose factor is NaN or beyond 2^60 in magnitude.
SoftOutcome compute_soft_batch(const SoftBatch& batch);

}  // namespace lossaudit::fast
