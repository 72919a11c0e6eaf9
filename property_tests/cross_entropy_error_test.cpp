#include <cmath>

#include "property_tests/relations.hpp"

namespace lossaudit::conform {

CONFORMANCE_SUITE(CrossEntropyError);

/// Rows of sixteenths that sum to 1 exactly: then dividing by the sum changes nothing.
TEST_P(CrossEntropyError, IsCategoricalWhenSumIsOne) {
  const Contract error = forward(Function::cross_entropy_error, GetParam());
  const Contract categorical = forward(Function::categorical_crossentropy, GetParam());
  NEEDS(error);
  NEEDS(categorical);
  const auto draw = [&](Source& source) {
    Batch batch = draw_batch(source, error, Adventure::finite, Shape{4, 5, 1});
    for (std::size_t row = 0; row < 4; ++row) {
      std::int64_t left = 16;
      for (std::size_t i = 0; i < 5; ++i) {
        const std::int64_t share = i == 4 ? left : source.between(0, left);
        batch.output[element_index(batch.shape, row, i)] = static_cast<double>(share) / 16;
        left -= share;
      }
    }
    return batch;
  };
  const auto sums_to_one = [](const Batch& batch) {
    for (std::size_t row = 0; row < batch.shape.rows(); ++row) {
      double sum = 0;
      for (std::size_t i = 0; i < batch.shape.classes; ++i) sum += batch.output[element_index(batch.shape, row, i)];
      if (sum != 1) return false;
    }
    return true;
  };
  for_all(
      error, draw,
      [&](const Batch& batch) { return agree(error, compute(error, batch), categorical, compute(categorical, batch)); },
      1, sums_to_one);
}

/// The loss of a row is that of the classes whose target is not 0, whatever the others hold: 0 · ln 0 = 0.
TEST_P(CrossEntropyError, ZeroTimesLogZeroIsZero) {
  const Contract error = forward(Function::cross_entropy_error, GetParam());
  NEEDS(error);
  for_all(error, drawing(error, Adventure::finite), [&](const Batch& batch) {
    Batch with_zeros = batch;
    for (std::size_t i = 0; i < batch.output.size(); ++i) {
      if (batch.target[i] == 0) with_zeros.output[i] = 0;
    }
    return agree(error, compute(error, batch), error, compute(error, with_zeros));
  });
}

}  // namespace lossaudit::conform
