#include "property_tests/clipping.hpp"

#include <optional>

#include "property_tests/listed_cases.hpp"

namespace lossaudit::conform {

void clips_at_epsilon(Function function, Format format) {
  bool any = false;
  for (const DialectTraits& dialect : dialects()) {
    for (const std::optional<double> epsilon : {std::optional<double>(), std::optional(1e-15), std::optional(1e-9),
                                                std::optional(1e-4), std::optional(1e-3), std::optional(0.25)}) {
      Contract contract = forward(function, format, dialect.dialect);
      contract.options.epsilon = epsilon;
      if (!supports(contract)) continue;
      any = true;
      const double clipped_at = path_of(contract).uses_epsilon() ? clip_epsilon(contract) : 1e-7;
      const std::vector<double> outputs = around_epsilon(format, clipped_at);
      std::vector<std::vector<double>> cases;
      for (const double o : outputs) {
        if (traits(function).layout == Layout::elementwise) {
          cases.push_back({o});
          continue;
        }
        // Beside its complement, and beside what the normalisation moves it with.
        for (const double other : {round_to(format, 1 - o), 0.5, 0.0}) {
          cases.push_back({o, other});
          cases.push_back({other, o});
        }
      }
      check(contract, batch_of_rows(contract, cases), [&](const Batch& b) { return against_reference(contract, b); });
    }
  }
  if (!any) GTEST_SKIP() << "not supported: " << to_string(forward(function, format)) << ", in any dialect";
}

}  // namespace lossaudit::conform
