#include <limits>

#include "property_tests/clipping.hpp"
#include "property_tests/through_softmax.hpp"

namespace lossaudit::conform {

CONFORMANCE_SUITE(SparseCategoricalCrossentropy);

namespace {

/// The rows that are not ignored.
Batch without_ignored(const Batch& batch, std::int64_t ignored) {
  Batch out;
  const std::size_t n = batch.shape.classes;
  for (std::size_t row = 0; row < batch.shape.rows(); ++row) {
    if (batch.labels[row] == ignored) continue;
    for (std::size_t i = 0; i < n; ++i) out.output.push_back(batch.output[element_index(batch.shape, row, i)]);
    out.labels.push_back(batch.labels[row]);
    if (!batch.sample_weights.empty()) out.sample_weights.push_back(batch.sample_weights[row]);
  }
  out.shape = {out.labels.size(), n, 1};
  out.class_weights = batch.class_weights;
  return out;
}

}  // namespace

TEST_P(SparseCategoricalCrossentropy, ClipsAtEpsilon) {
  clips_at_epsilon(Function::sparse_categorical_crossentropy, GetParam());
}

TEST_P(SparseCategoricalCrossentropy, FromLogitsIsOfSoftmax) {
  from_logits_is_of_softmax(Function::sparse_categorical_crossentropy, GetParam());
}

/// With every option that both take, wherever the dialect takes the same way for both: keras1 clips sparse rows before
/// it normalises them and dense ones after, and some means divide by what only labels have.
TEST_P(SparseCategoricalCrossentropy, IsCategoricalOfOneHot) {
  const Contract plain = forward(Function::sparse_categorical_crossentropy, GetParam());
  std::vector<Contract> contracts;
  for (const Contract& sparse : supported_contracts(plain.function, GetParam())) {
    if (is_same_for_one_hot(sparse)) contracts.push_back(sparse);
  }
  if (contracts.empty()) {
    NEEDS(plain);
    NEEDS(with_function(plain, Function::categorical_crossentropy));
  }
  for (const Contract& sparse : contracts) sparse_is_categorical(sparse, share_of(contracts.size()));
}

TEST_P(SparseCategoricalCrossentropy, FromLogitsIsMinusLogSoftmax) {
  const Contract sparse = from_logits(Function::sparse_categorical_crossentropy, GetParam());
  const Contract log_softmax = forward(Function::log_softmax, GetParam());
  NEEDS(sparse);
  NEEDS(log_softmax);
  for_all(sparse, drawing(sparse, Adventure::finite), [&](const Batch& batch) {
    const std::vector<double> logs = compute(log_softmax, rows(batch.output, batch.shape.classes));
    std::vector<double> of_label;
    for (std::size_t row = 0; row < batch.shape.rows(); ++row) {
      of_label.push_back(-logs[element_index(batch.shape, row, static_cast<std::size_t>(batch.labels[row]))]);
    }
    return agree(sparse, compute(sparse, batch), log_softmax, of_label);
  });
}

/// Reduced, the result is that of the other rows alone, and the ignored rows may hold NaN.
TEST_P(SparseCategoricalCrossentropy, IgnoredRowsAreDropped) {
  const Contract plain = forward(Function::sparse_categorical_crossentropy, GetParam());
  std::vector<Contract> contracts;
  for (const Contract& contract : supported_contracts(plain.function, GetParam())) {
    Contract keeping = contract;
    keeping.options.ignore_index.reset();
    const bool is_reduced = contract.options.reduction != Reduction::none;
    if (contract.options.ignore_index && is_reduced && supports(keeping)) contracts.push_back(contract);
  }
  if (contracts.empty()) {
    Contract ignoring = plain;
    ignoring.options.ignore_index = 1;
    ignoring.options.reduction = Reduction::mean;
    NEEDS(ignoring);
  }
  for (const Contract& contract : contracts) {
    Contract keeping = contract;
    keeping.options.ignore_index.reset();
    const std::int64_t ignored = *contract.options.ignore_index;
    for_all(
        contract, drawing(contract, Adventure::finite),
        [&](Batch batch) -> Complaint {
          const Batch kept = without_ignored(batch, ignored);
          if (kept.labels.empty()) return {};  // 0, or NaN for the mean: WithinBudget's matter
          for (std::size_t row = 0; row < batch.shape.rows(); ++row) {
            if (batch.labels[row] != ignored) continue;
            batch.output[element_index(batch.shape, row, 0)] = std::numeric_limits<double>::quiet_NaN();
          }
          return agree(contract, compute(contract, batch), keeping, compute(keeping, kept));
        },
        share_of(contracts.size()));
  }
}

}  // namespace lossaudit::conform
