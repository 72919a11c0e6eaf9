// Properties of every function, elementwise or of rows, loss or not.
#include <cmath>
#include <limits>
#include <sstream>

#include "audit/case.hpp"
#include "audit/measure.hpp"
#include "property_tests/common_properties.hpp"
#include "property_tests/listed_cases.hpp"
#include "property_tests/relations.hpp"

namespace lossaudit::conform {
namespace {

bool every_function(const FunctionTraits& /*function*/, Format /*format*/) { return true; }
bool can_take_probabilities(const FunctionTraits& function, Format /*format*/) {
  return function.output != Domain::real;
}
/// All values of a 16-bit format can be tried.
bool is_small_and_elementwise(const FunctionTraits& function, Format format) {
  return function.layout == Layout::elementwise && function.target == TargetKind::none && traits(format).bytes == 2;
}

void within_budget(const std::vector<Contract>& contracts) {
  for (const Contract& contract : contracts) {
    for_all(
        contract, drawing_any(contract), [&](const Batch& batch) { return against_reference(contract, batch); },
        share_of(contracts.size()));
  }
}

void finite_in_finite_out(const std::vector<Contract>& contracts) {
  for (const Contract& contract : contracts) {
    for_all(
        contract, drawing(contract, Adventure::finite),
        [&](const Batch& batch) { return against_reference(contract, batch, Demand::finiteness); },
        share_of(contracts.size()));
  }
}

void special_values_within_budget(const std::vector<Contract>& contracts) {
  for (const Contract& contract : contracts) {
    for (const Batch& batch : special_cases(contract)) {
      check(contract, batch, [&](const Batch& b) { return against_reference(contract, b); });
    }
  }
}

void tails_within_budget(const std::vector<Contract>& contracts) {
  for (const Contract& contract : contracts) {
    for (const Batch& batch : tail_cases(contract)) {
      check(contract, batch, [&](const Batch& b) { return against_reference(contract, b); });
    }
  }
}

bool is_of_exact_probabilities(const Contract& contract) {
  return contract.dialect == Dialect::exact && !contract.options.from_logits && is_unreduced(contract);
}

void outside_the_domain_is_nan(const std::vector<Contract>& contracts) {
  for (const Contract& contract : contracts) {
    for (const Batch& batch : outside_cases(contract)) {
      check(contract, batch, [&](const Batch& b) -> Complaint {
        const std::vector<double> results = compute(contract, b);
        const Layout layout = traits(contract.function).layout;
        for (std::size_t i = 0; i < results.size(); ++i) {
          const std::size_t row = layout == Layout::row_to_value ? i : i / b.shape.classes;
          if (contract.options.ignore_index && b.labels[row] == *contract.options.ignore_index) continue;
          if (!std::isnan(results[i])) {
            return "result " + std::to_string(i) + " is " + shown(contract.format, results[i]) + " where NaN is due";
          }
        }
        return {};
      });
    }
  }
}

/// Recorded, never failed: losses.md recommends these limits and requires none.
void limits_at_infinity(const std::vector<Contract>& contracts) {
  std::size_t followed = 0;
  std::size_t all = 0;
  std::string first_missed;
  for (const Contract& contract : contracts) {
    for (const Batch& batch : special_cases(contract)) {
      const std::vector<Expected> expected = expect(contract, batch);
      const std::vector<double> computed = compute(contract, batch);
      for (std::size_t i = 0; i < computed.size(); ++i) {
        if (!expected[i].recommended) continue;
        ++all;
        const bool is_missed = judge(contract.format, expected[i], computed[i]).broken_rule == "limits";
        if (!is_missed) ++followed;
        if (is_missed && first_missed.empty()) {
          first_missed =
              to_string(contract) + ": result " + std::to_string(i) + " is " + shown(contract.format, computed[i]);
        }
      }
    }
  }
  ::testing::Test::RecordProperty("limits_followed", std::to_string(followed) + " of " + std::to_string(all));
  if (!first_missed.empty()) ::testing::Test::RecordProperty("first_limit_missed", first_missed);
}

void nan_stays_in_its_row(const std::vector<Contract>& contracts) {
  for (const Contract& contract : contracts) {
    const Layout layout = traits(contract.function).layout;
    const auto property = [&](const Batch& batch) -> Complaint {
      const std::vector<double> before = compute(contract, batch);
      const std::size_t rows = layout == Layout::elementwise ? batch.shape.elements() : batch.shape.rows();
      const std::size_t stride = rows > 8 ? rows / 7 : 1;
      for (std::size_t row = 0; row < rows; row += stride) {
        Batch spoilt = batch;
        const std::size_t at =
            layout == Layout::elementwise ? row : element_index(batch.shape, row, row * 7 % batch.shape.classes);
        (row % 2 == 0 || batch.target.empty() ? spoilt.output : spoilt.target)[at] =
            std::numeric_limits<double>::quiet_NaN();
        const std::vector<Expected> expected = expect(contract, spoilt);
        const std::vector<double> after = compute(contract, spoilt);
        for (std::size_t i = 0; i < after.size(); ++i) {
          std::size_t row_of_result = i;
          if (gives_rows(contract)) {
            row_of_result = i / (batch.shape.classes * batch.shape.inner) * batch.shape.inner + i % batch.shape.inner;
          }
          const bool is_its_own = row_of_result == row || contract.options.reduction != Reduction::none;
          const bool holds = is_its_own ? judge(contract.format, expected[i], after[i]).broken_rule != "nan_stays_nan"
                                        : same_bits(before[i], after[i]);
          if (holds) continue;
          return "with a NaN in row " + std::to_string(row) + ", result " + std::to_string(i) + " went from " +
                 shown(contract.format, before[i]) + " to " + shown(contract.format, after[i]);
        }
      }
      return {};
    };
    for_all(contract, drawing(contract, Adventure::finite), property, 0.3 * share_of(contracts.size()));
  }
}

/// Every element (or row) of a long vector sits at an offset of its own; alone, it gives the same.
void alone_as_in_a_long_vector(const std::vector<Contract>& contracts) {
  for (const Contract& contract : contracts) {
    const bool is_elementwise = traits(contract.function).layout == Layout::elementwise;
    const auto draw = [&](Source& source) {
      const auto length = static_cast<std::size_t>(source.between(1, 150));
      const Shape shape = is_elementwise ? Shape{1, length, 1} : Shape{1 + length / 10, 1 + length % 37, 1};
      return draw_batch(source, contract, Adventure::finite, shape);
    };
    std::size_t different_bits = 0;
    const auto property = [&](const Batch& batch) -> Complaint {
      const std::vector<double> together = compute(contract, batch);
      const std::size_t rows = is_elementwise ? batch.shape.elements() : batch.shape.rows();
      const std::size_t width = together.size() / rows;
      constexpr std::size_t most_rows = 1000;  // of a longer batch only the last ones
      for (std::size_t first = rows > most_rows ? together.size() - 16 * width : 0; first < together.size();
           first += width) {
        const std::vector<double> alone = compute(contract, single_case(contract, batch, first));
        const std::span<const double> here = std::span(together).subspan(first, width);
        if (Complaint complaint = agree(contract, here, contract, alone); !complaint.empty()) {
          return "at offset " + std::to_string(first) + " against alone: " + complaint;
        }
        for (std::size_t i = 0; i < width; ++i) different_bits += same_bits(here[i], alone[i]) ? 0 : 1;
      }
      return {};
    };
    for_all(contract, draw, property, 0.15 * share_of(contracts.size()));
    check(contract, many_rows(contract), property);
    if (different_bits > 0) {
      ::testing::Test::RecordProperty("bits_that_depend_on_the_offset", std::to_string(different_bits));
    }
  }
}

void every_bit_pattern(const std::vector<Contract>& contracts) {
  for (const Contract& contract : contracts) {
    std::vector<double> values;
    for (std::uint64_t bits = 0; bits < 1U << 16; ++bits) values.push_back(decode(contract.format, bits));
    check(contract, elements(std::move(values)), [&](const Batch& b) { return against_reference(contract, b); });
  }
}

void monotone(const std::vector<Contract>& contracts) {
  for (const Contract& contract : contracts) {
    const bool of_probabilities = traits(contract.function).output == Domain::probability;
    const std::int64_t last = of_probabilities ? ordinal(contract.format, 1) : last_ordinal(contract.format) - 1;
    std::vector<double> values;
    for (std::int64_t place = of_probabilities ? 0 : -last; place <= last; ++place) {
      values.push_back(from_ordinal(contract.format, place));
    }
    check(contract, elements(std::move(values)), [&](const Batch& b) -> Complaint {
      const std::vector<double> results = compute(contract, b);
      for (std::size_t i = 1; i < results.size(); ++i) {
        if (results[i - 1] <= results[i]) continue;
        return "from " + shown(contract.format, b.output[i - 1]) + " to " + shown(contract.format, b.output[i]) +
               " the result falls from " + shown(contract.format, results[i - 1]) + " to " +
               shown(contract.format, results[i]);
      }
      return {};
    });
  }
}

}  // namespace

std::vector<CommonProperty> properties_of_every_function() {
  return {
      {"WithinBudget", every_function, any_contract, within_budget},
      {"SpecialValues", every_function, is_unreduced, special_values_within_budget},
      {"TailsWithinBudget", every_function, is_plain_and_unreduced, tails_within_budget},
      {"FiniteInFiniteOut", every_function, any_contract, finite_in_finite_out},
      {"NanStaysInItsRow", every_function, any_contract, nan_stays_in_its_row},
      {"OutsideTheDomainIsNan", can_take_probabilities, is_of_exact_probabilities, outside_the_domain_is_nan},
      {"LimitsAtInfinity", every_function, is_plain_and_unreduced, limits_at_infinity},
      {"AloneAsInALongVector", every_function, is_plain_and_unreduced, alone_as_in_a_long_vector},
      {"EveryBitPattern", is_small_and_elementwise, any_contract, every_bit_pattern},
      {"Monotone", is_small_and_elementwise, any_contract, monotone},
  };
}

}  // namespace lossaudit::conform
