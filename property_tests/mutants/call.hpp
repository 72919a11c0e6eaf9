// One call through the C ABI, as the control and the mutants see it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "audit/subject.h"
#include "property_tests/mutants/storage.hpp"

namespace lossaudit::mutants {

/// The clip of a dialect: 0 and infinity where it has none.
struct Clip {
  Real lo = 0, hi = infinity;
};

/// The contract, its scalars rounded to the format as semantics.md asks, beside the tensors.
struct Call {
  const Storage& storage;
  const lossaudit_contract& contract;
  const lossaudit_tensors& tensors;
  std::string_view function = contract.function;
  bool keras1 = std::string_view(contract.dialect) == "keras1";
  bool from_logits = contract.from_logits != 0;
  Real smoothing = storage.round(contract.label_smoothing);
  Real pos_weight = storage.round(contract.pos_weight);
  std::string_view reduction = contract.reduction;

  [[nodiscard]] std::size_t elements() const { return tensors.outer * tensors.classes * tensors.inner; }
  [[nodiscard]] std::size_t rows() const { return tensors.outer * tensors.inner; }
  /// Clips a probability: dialect keras1, not from logits.
  [[nodiscard]] bool clips() const { return keras1 && !from_logits; }
};

/// One loss before its reduction.
struct Loss {
  Real value = 0;
  Real weight = 1;  ///< of the sample
  Real share = 1;   ///< what it adds to the mean's denominator beside its weight: Σ w_i t_i with class weights
  bool ignored = false;
};

}  // namespace lossaudit::mutants
