#include "audit/measure.hpp"
#include "property_tests/known_defects.hpp"

namespace lossaudit {

Replay replay(const KnownDefect& defect, const Contract& contract, const Batch& batch,
              const std::vector<Expected>& expected) {
  const Expected& answer = expected.at(defect.result);
  Replay replayed{conform::against_expected(contract, batch, expected), {}};
  if (answer.recommended) {
    const double computed = conform::compute(contract, batch).at(defect.result);
    if (judge(contract.format, answer, computed).broken_rule == "limits") replayed.missed_limit = computed;
  }
  return replayed;
}

}  // namespace lossaudit
