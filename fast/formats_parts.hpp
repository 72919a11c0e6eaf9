// Parts of 16-bit tensors, widened to float32 a block at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fast/formats.hpp"
#include "fast/sum_block.hpp"

namespace lossaudit::fast {

/// A tensor's part in float32.
template <class T>
class Widened {
 public:
  /// n values from there on; nullptr for an absent tensor.
  const float* of(const T* from, std::size_t n) {
    if (from == nullptr) return nullptr;
    floats_.resize(n);
    to_floats(from, floats_.data(), n);
    return floats_.data();
  }

 private:
  std::vector<float> floats_;
};

/// How many slabs of (classes, inner) make up a block.
inline std::size_t slabs_in_block(const Rows& rows) {
  return std::max<std::size_t>(1, sum_block / std::max<std::size_t>(1, rows.classes * rows.inner));
}

/// The inputs of a loss; elementwise ones are n rows of one class.
template <class T>
struct Inputs {
  const T* target = nullptr;             ///< or
  const std::int64_t* labels = nullptr;  ///< one a row
  const T* output = nullptr;
  Rows rows;

  [[nodiscard]] std::size_t slab() const { return rows.classes * rows.inner; }
};

/// The same of a part of the tensors, with its options.
struct Part {
  Inputs<float> inputs;
  LossOptions options;
};

/// Makes parts of a call's tensors: `count` slabs from `first` on.
template <class T>
class Parts {
 public:
  Parts(const Inputs<T>& whole, const LossOptionsOf<T>& options) : whole_(whole), stored_(options) {
    options_.dialect = options.dialect;
    options_.reduction = options.reduction;
    options_.from_logits = options.from_logits;
    options_.epsilon = options.epsilon;
    options_.label_smoothing = options.label_smoothing;
    options_.pos_weight = options.pos_weight;
    options_.ignore_index = options.ignore_index;
    options_.divisor = options.divisor;
    options_.constants = options.constants;
    options_.class_weights = class_weights_.of(options.class_weights, whole.rows.classes);
  }

  Part part(std::size_t first, std::size_t count) {
    const std::size_t losses = count * whole_.rows.inner;
    const std::size_t first_loss = first * whole_.rows.inner;
    const std::size_t values = count * whole_.slab();
    const std::size_t first_value = first * whole_.slab();
    Part part = {{}, options_};
    part.inputs.rows = {count, whole_.rows.classes, whole_.rows.inner};
    part.inputs.output = output_.of(whole_.output + first_value, values);
    if (whole_.target != nullptr) part.inputs.target = target_.of(whole_.target + first_value, values);
    if (whole_.labels != nullptr) part.inputs.labels = whole_.labels + first_loss;
    if (stored_.sample_weights != nullptr) {
      part.options.sample_weights = sample_weights_.of(stored_.sample_weights + first_loss, losses);
    }
    return part;
  }
  Part all() { return part(0, whole_.rows.outer); }

  /// take(part, first, count) for block after block.
  template <class Take>
  void for_each(const Take& take) {
    const std::size_t most = slabs_in_block(whole_.rows);
    for (std::size_t i = 0; i < whole_.rows.outer && whole_.slab() != 0; i += most) {
      const std::size_t count = std::min(most, whole_.rows.outer - i);
      take(part(i, count), i, count);
    }
  }

  [[nodiscard]] const LossOptions& options() const { return options_; }

 private:
  const Inputs<T>& whole_;
  const LossOptionsOf<T>& stored_;
  LossOptions options_;
  Widened<T> output_, target_, class_weights_, sample_weights_;
};

}  // namespace lossaudit::fast
