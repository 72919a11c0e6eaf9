#include <utility>

#include "property_tests/relations.hpp"

namespace lossaudit::conform {

CONFORMANCE_SUITE(MeanSquaredError);

TEST_P(MeanSquaredError, SwappingChangesNothing) {
  const Contract squares = forward(Function::mean_squared_error, GetParam());
  NEEDS(squares);
  for_all(squares, drawing(squares, Adventure::finite), [&](const Batch& batch) {
    Batch swapped = batch;
    std::swap(swapped.output, swapped.target);
    return agree(squares, compute(squares, batch), squares, compute(squares, swapped));
  });
}

}  // namespace lossaudit::conform
