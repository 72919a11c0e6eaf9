#include "fast/row_layout.hpp"

#include <algorithm>
#include <stdexcept>

namespace lossaudit::fast {
namespace {

constexpr std::size_t scratch_floats = std::size_t{1} << 16;  // 256 KiB: a quarter of a usual second-level cache
constexpr std::size_t cache_line_floats = 16;
constexpr std::size_t longest_run = 256;

/// Where element (row, 0) of the run's first row stands.
std::size_t offset_of(const Rows& rows, std::size_t row) {
  return (row / rows.inner) * rows.classes * rows.inner + row % rows.inner;
}

}  // namespace

RowRuns::RowRuns(const Rows& rows, std::size_t first, std::size_t last)
    : rows_(rows),
      longest_(std::clamp(scratch_floats / std::max<std::size_t>(rows.classes, 1), cache_line_floats, longest_run)),
      position_(first),
      last_(last) {}

RowRun RowRuns::next() {
  if (position_ >= last_) return {};
  const std::size_t slab_end = rows_.inner == 1 ? last_ : (position_ / rows_.inner + 1) * rows_.inner;
  const std::size_t end = std::min({position_ + longest_, slab_end, last_});
  const RowRun run = {position_, end - position_};
  position_ = end;
  return run;
}

const float* gather(const float* tensor, const Rows& rows, RowRun run, std::vector<float>& scratch) {
  const float* from = tensor + offset_of(rows, run.first);
  if (rows.inner == 1) return from;
  scratch.resize(run.count * rows.classes);
  for (std::size_t i = 0; i < rows.classes; ++i, from += rows.inner) {
    for (std::size_t r = 0; r < run.count; ++r) scratch[r * rows.classes + i] = from[r];
  }
  return scratch.data();
}

void scatter(const std::vector<float>& scratch, const Rows& rows, RowRun run, float* tensor) {
  float* to = tensor + offset_of(rows, run.first);
  for (std::size_t i = 0; i < rows.classes; ++i, to += rows.inner) {
    for (std::size_t r = 0; r < run.count; ++r) to[r] = scratch[r * rows.classes + i];
  }
}

void require_classes(const Rows& rows) {
  if (rows.classes == 0 && rows.outer * rows.inner != 0) {
    throw std::invalid_argument("rows of no classes: give the class axis at least one");
  }
}

}  // namespace lossaudit::fast
