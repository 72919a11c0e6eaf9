// Contracts of every kind that sweeps try.
#pragma once

#include <optional>
#include <vector>

#include "reference/contract.hpp"

namespace lossaudit {

inline Contract contract_of(Function function, Format format, Pass pass = Pass::forward, bool from_logits = false) {
  Contract contract{function, Dialect::exact, format, pass, {}};
  contract.options.from_logits = from_logits;
  return contract;
}

inline std::vector<Contract> swept_contracts() {
  std::vector<Contract> all;
  for (const Pass pass : {Pass::forward, Pass::gradient}) {
    for (const Function f :
         {Function::relu, Function::sigmoid, Function::log_sigmoid, Function::softplus, Function::logit}) {
      all.push_back(contract_of(f, Format::f32, pass));
    }
    for (const Format format : {Format::f32, Format::f16, Format::bf16}) {
      for (const bool from_logits : {false, true}) {
        all.push_back(contract_of(Function::binary_crossentropy, format, pass, from_logits));
      }
    }
    for (const Format format : {Format::f32, Format::f16, Format::bf16}) {
      // Of 1e-9 rounding leaves no bound above, and in f16 none below.
      for (const std::optional<double> epsilon : {std::optional<double>(), std::optional(1e-4), std::optional(1e-9)}) {
        Contract clipped = contract_of(Function::binary_crossentropy, format, pass);
        clipped.dialect = Dialect::keras1;
        clipped.options.epsilon = epsilon;
        all.push_back(clipped);
      }
    }
  }
  return all;
}

}  // namespace lossaudit
