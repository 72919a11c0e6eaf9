// Rows of any layout, presented one after another: kernels only know contiguous rows.
#pragma once

#include <cstddef>
#include <vector>

#include "fast/losses.hpp"

namespace lossaudit::fast {

/// A run of rows, numbered outer-major, that lie in one (classes, inner) slab when inner > 1.
struct RowRun {
  std::size_t first = 0;
  std::size_t count = 0;
};

/// Splits the rows into runs that are small enough for a cache and large enough to use whole cache lines.
class RowRuns {
 public:
  explicit RowRuns(const Rows& rows) : RowRuns(rows, 0, rows.outer * rows.inner) {}
  /// Those of the rows [first, last).
  RowRuns(const Rows& rows, std::size_t first, std::size_t last);
  /// The next run; its count is 0 at the end.
  RowRun next();

 private:
  Rows rows_;
  std::size_t longest_;
  std::size_t position_;
  std::size_t last_;
};

/// The rows of a run, contiguous: the tensor itself when inner is 1, else a transposed copy in `scratch`.
const float* gather(const float* tensor, const Rows& rows, RowRun run, std::vector<float>& scratch);

/// Writes contiguous rows back where they belong; inner must be above 1.
void scatter(const std::vector<float>& scratch, const Rows& rows, RowRun run, float* tensor);

/// Throws std::invalid_argument when there are rows without a class.
void require_classes(const Rows& rows);

/// Calls kernel(x, result, rows, classes) on contiguous rows, with a result of x's shape.
template <class Kernel>
void map_rows(const Kernel& kernel, const float* x, float* result, const Rows& rows) {
  require_classes(rows);
  if (rows.inner == 1) return kernel(x, result, rows.outer, rows.classes);
  std::vector<float> scratch;
  RowRuns runs(rows);
  for (RowRun run = runs.next(); run.count != 0; run = runs.next()) {
    gather(x, rows, run, scratch);
    kernel(scratch.data(), scratch.data(), run.count, rows.classes);
    scatter(scratch, rows, run, result);
  }
}

/// The same for kernels of two tensors of that shape: kernel(x, g, result, rows, classes). A g of nullptr stays one.
template <class Kernel>
void map_row_pairs(const Kernel& kernel, const float* x, const float* g, float* result, const Rows& rows) {
  require_classes(rows);
  if (rows.inner == 1) return kernel(x, g, result, rows.outer, rows.classes);
  std::vector<float> scratch;
  std::vector<float> other;
  RowRuns runs(rows);
  for (RowRun run = runs.next(); run.count != 0; run = runs.next()) {
    gather(x, rows, run, scratch);
    if (g != nullptr) gather(g, rows, run, other);
    kernel(scratch.data(), g == nullptr ? nullptr : other.data(), scratch.data(), run.count, rows.classes);
    scatter(scratch, rows, run, result);
  }
}

/// The same for kernels that give one value a row.
template <class Kernel>
void map_rows_to_values(const Kernel& kernel, const float* x, float* result, const Rows& rows) {
  require_classes(rows);
  std::vector<float> scratch;
  RowRuns runs(rows);
  for (RowRun run = runs.next(); run.count != 0; run = runs.next()) {
    kernel(gather(x, rows, run, scratch), result + run.first, run.count, rows.classes);
  }
}

}  // namespace lossaudit::fast
