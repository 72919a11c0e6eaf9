// Some contiguous rows of logits at a time, in float lanes: multiples of their softmax, and the losses of their labels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace lossaudit::fast {

/// Rows and what is wanted of them.
struct LogitBatch {
  static constexpr std::size_t most_rows = 64;
  static constexpr std::size_t most_long_rows = 16;
  /// Rows of up to so many classes go side by side.
  static constexpr std::size_t short_row = 64;

  const float* x = nullptr;  ///< (count, classes)
  std::size_t classes = 0;
  std::size_t count = 0;  ///< at most rows_for(...)
  const std::int64_t* labels =
      nullptr;                      ///< one a row, or nullptr; what is no class stands for a row to be passed over,
  std::int64_t ignored = -1;        ///< and so does this
  const float* targets = nullptr;   ///< (count, classes), where there are no labels, or nullptr
  const double* factors = nullptr;  ///< one a row; nullptr: ones
  float* result = nullptr;          ///< (count, classes), perhaps x itself; or nullptr: losses alone
  double* losses = nullptr;         ///< one a row, or nullptr; anything in rows that are left
  bool streams = false;             ///< the result goes past the caches; flush_streams() afterwards
  bool is_followed = false;         ///< by more rows, and their targets, which are fetched into the cache meanwhile

  /// How many rows make a good batch: as many as a first-level cache holds with what is kept of them.
  static std::size_t rows_for(std::size_t classes, bool has_result) {
    const std::size_t floats = has_result ? 2048 : 8192;
    const std::size_t rows = floats / std::max<std::size_t>(classes, 1);
    return std::clamp<std::size_t>(rows, 1, classes <= short_row ? most_rows : most_long_rows);
  }
};

/// result_i = factor softmax(x)_i; with labels, factor (softmax(x)_i - 1) at the label, taken from the other classes,
/// and loss = logsumexp(x) - x_label. With targets, the one that is not 0 stands at the label, and both times it. Results
/// are within 0.9 ulp (0.6 in practice), losses within 2^-26 of themselves.
///
/// All of that is NaN in a row whose logits have one.
///
/// Gives a bit for every row that it leaves untouched: where the maximum is not finite, where the factor is NaN or
/// beyond 2^60 in magnitude, where there is no label, no target above 0 or another beside it, where the label's logit is
/// infinite, and on targets without fused multiply-add always.
std::uint64_t compute_logit_batch(const LogitBatch& batch);

/// Whether a result of that many floats should go past the caches: it would only push out what is read. Not where it lies
/// in the place of what is read.
bool should_stream(const float* x, const float* result, std::size_t floats);

/// Makes streamed results visible to other threads.
void flush_streams();

}  // namespace lossaudit::fast
