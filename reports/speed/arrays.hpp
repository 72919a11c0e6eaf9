// The arrays that are timed on: made once, for the largest shape, and used by all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "adapters/kernel.hpp"
#include "reports/speed/tasks.hpp"

namespace lossaudit::speed {

/// Values aligned to 64 bytes, written before they are handed out, so that no page is missing, with
/// adapters::kernel_padding bytes behind them.
class Array {
 public:
  explicit Array(std::size_t count);
  [[nodiscard]] float* data() const { return values_; }

 private:
  struct Free {
    void operator()(void* p) const;
  };
  std::unique_ptr<void, Free> memory_;
  float* values_;
};

class Arrays {
 public:
  /// For shapes of up to `most` values.
  explicit Arrays(std::size_t most) : most_(most) {}
  /// The arrays of a task at a shape, and a place for its results.
  adapters::KernelCall call(const Task& task, const Shape& shape);

 private:
  const float* outputs(Outputs kind);
  const float* targets(Targets kind, const Shape& shape);
  const std::int64_t* labels(const Shape& shape);

  std::size_t most_;
  std::map<Outputs, Array> outputs_;
  std::map<std::pair<Targets, std::size_t>, Array> targets_;
  std::map<std::size_t, std::vector<std::int64_t>> labels_;
  std::unique_ptr<Array> result_, loss_;
};

}  // namespace lossaudit::speed
