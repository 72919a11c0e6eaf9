#include "audit/plan.hpp"

#include <algorithm>
#include <string_view>

namespace lossaudit {
namespace {

/// One variation of the options. Where it makes no sense for a function it is left out.
struct Variation {
  std::string_view options;
  double share;
};

/// Every option alone, and the combinations that real implementations got wrong: the denominators of means over
/// weighted, smoothed and ignored losses. A function that takes from_logits is tried with and without.
constexpr Variation variations[] = {
    {"", 1},
    {"axis", 0.3},
    {"reduction=sum", 1.7},
    {"reduction=mean", 1.7},
    {"epsilon=1e-9", 0.15},    // rounds away above f64: 1 - epsilon is 1
    {"epsilon=0.0001", 0.15},  // survives in f16
    {"label_smoothing=0.1", 0.2},
    {"pos_weight=1", 0.1},  // changes nothing, yet takes another path
    {"pos_weight=2.5", 0.2},
    {"ignore_index=-100", 0.2},
    {"class_weights", 0.2},
    {"sample_weights", 0.1},
    {"reduction=mean ignore_index=-100", 0.2},
    {"reduction=mean class_weights", 0.2},
    {"reduction=mean sample_weights", 0.2},
    {"reduction=mean label_smoothing=0.1 ignore_index=-100", 0.1},
};

template <typename T>
bool wanted(const std::vector<T>& list, T value) {
  return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}

void add_variations(Contract contract, std::vector<PlannedContract>& all) {
  for (const Variation& variation : variations) {
    contract.options = parse_options(variation.options);
    for (const bool from_logits : {false, true}) {
      contract.options.from_logits = from_logits;
      if (is_meaningful(contract)) all.push_back({contract, variation.share});
    }
  }
}

}  // namespace

std::vector<PlannedContract> plan(const Filter& filter) {
  const std::vector<Pass> passes = filter.passes.empty() ? std::vector<Pass>{Pass::forward} : filter.passes;
  std::vector<PlannedContract> all;
  if (!filter.contracts.empty()) {
    for (const Contract& contract : filter.contracts) all.push_back({contract, 1});
    return all;
  }
  for (const FunctionTraits& function : functions()) {
    for (const DialectTraits& dialect : dialects()) {
      for (const FormatTraits& format : format_table) {
        for (const Pass pass : {Pass::forward, Pass::gradient}) {
          if (wanted(filter.functions, function.function) && wanted(filter.dialects, dialect.dialect) &&
              wanted(filter.formats, format.format) && std::find(passes.begin(), passes.end(), pass) != passes.end()) {
            add_variations({function.function, dialect.dialect, format.format, pass, {}}, all);
          }
        }
      }
    }
  }
  return all;
}

}  // namespace lossaudit
