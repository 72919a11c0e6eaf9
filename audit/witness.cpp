#include "audit/witness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <utility>

#include "audit/case.hpp"
#include "audit/measure.hpp"
#include "audit/shrink.hpp"
#include "audit/sweep.hpp"
#include "audit/text.hpp"

namespace lossaudit {
namespace {

namespace fs = std::filesystem;

constexpr int exact_digits = 20;
/// Arguments of more words than this are cut in a record; the replay has them whole.
constexpr std::size_t most_words = 64;
/// Longer cases go into a file: nobody wants them in a terminal, and a command line takes no more than 128 KiB.
constexpr std::size_t longest_case = 2000;
constexpr std::size_t most_explained = 4096;

std::vector<std::string> cut(std::vector<std::string> words) {
  if (words.size() <= most_words) return words;
  const std::size_t left_out = words.size() - most_words;
  words.resize(most_words);
  words.push_back(fmt::format("... {} more", left_out));
  return words;
}

/// The inputs and the replay command of a batch.
Witness describe(const WitnessRequest& request, const Batch& batch) {
  Witness witness;
  const Shape& shape = batch.shape;
  if (shape != Shape{1, batch.output.size(), 1}) {
    witness.inputs["shape"] = {fmt::format("{}x{}x{}", shape.outer, shape.classes, shape.inner)};
  }
  for (CaseArgument& argument : case_arguments(request.contract, batch)) {
    witness.inputs[argument.name] = cut(std::move(argument.values));
  }
  const std::string text = to_case_text(request.contract, batch);
  if (text.size() <= longest_case || request.case_directory.empty()) {
    witness.replay = with_case(request.command, request.contract, batch);
  } else {
    // By what is in it, so that runs over the same inputs call it the same.
    const fs::path file = request.case_directory / fmt::format("{:016x}.case", text_hash(text));
    std::ofstream(file) << text << '\n';
    witness.replay = fmt::format("{} --contract '{}' --case {}", request.command, to_string(request.contract),
                                 shell_quoted("@" + file.string()));
  }
  if (request.profile != default_profile) witness.replay += fmt::format(" --profile {}", request.profile);
  return witness;
}

/// What a measured batch shows, or a sighting without a batch.
using Look = std::function<Sighting(const Measured&)>;

/// The sighting in the smallest batch to be had that shows it again; alone, as it was, when it does not show again.
Sighting smallest_sighting(const WitnessRequest& request, const Sighting& sighting, const Look& look) {
  Sighting best = alone(request.contract, sighting);
  if (!request.reduce) return best;
  bool seen = false;
  const auto still = [&](const Batch& candidate) {
    const auto batch = std::make_shared<const Batch>(candidate);
    const Measured measured = measure_once(request.subject, request.contract, request.budget, batch);
    if (measured.outcome.kind != Outcome::Kind::computed) return false;
    const Sighting again = look(measured);
    if (again.batch == nullptr) return false;
    seen = true;
    best = again;
    return true;
  };
  // Where the element or row alone is right, what is wrong depends on its neighbours or its place among them.
  const Batch single = *best.batch;
  shrink_case(request.contract, still(single) ? single : *sighting.batch, still, request.limits);
  if (!seen && single.output.size() != sighting.batch->output.size() && still(*sighting.batch)) return best;
  // Elementwise cases come out of the search as rows of one; what they say is the same.
  return best;
}

}  // namespace

Sighting alone(const Contract& contract, const Sighting& sighting) {
  Sighting single = sighting;
  single.batch = std::make_shared<const Batch>(single_case(contract, *sighting.batch, sighting.result));
  const Shape& shape = sighting.batch->shape;
  const bool in_row = traits(contract.function).layout == Layout::row_to_row || contract.pass == Pass::gradient;
  const bool whole = contract.options.reduction != Reduction::none;
  if (!whole) {
    single.result = in_row && single.batch->output.size() > 1 ? sighting.result / shape.inner % shape.classes : 0;
  }
  return single;
}

Measured measure_once(Subject& subject, const Contract& contract, const Budget& budget,
                      const std::shared_ptr<const Batch>& batch) {
  Measured measured{
      batch, {}, std::vector<double>(result_size(contract, batch->shape)), {}, Accumulator(contract, budget)};
  measured.outcome = subject.compute(contract, *batch, measured.computed);
  if (measured.outcome.kind != Outcome::Kind::computed) return measured;
  measured.exact = expect(contract, *batch);
  measured.results.add(batch, measured.exact, measured.computed);
  return measured;
}

namespace {

/// The smallest case that shows what `look` looks for, with the result and the exact one.
Witness shown_by(const WitnessRequest& request, Sighting& sighting, const Look& look) {
  sighting = smallest_sighting(request, sighting, look);
  Witness witness = describe(request, *sighting.batch);
  witness.computed = to_hex(request.contract.format, sighting.computed);
  witness.exact = exact_text(request.contract, *sighting.batch, sighting.result);
  return witness;
}

/// What the sighting shows: a result and its error. A smaller case may show a larger size.
Witness result_witness(const WitnessRequest& request, Sighting& sighting,
                       const Sighting& (Accumulator::*largest)() const) {
  const double size = sighting.size;
  return shown_by(request, sighting, [size, largest](const Measured& measured) {
    const Sighting& again = (measured.results.*largest)();
    return again.size >= size ? again : Sighting{};
  });
}

/// The results of a batch that are lost, or those that are not, of which that of the largest error.
Sighting largest_of(const Contract& contract, const Measured& measured, bool is_lost) {
  Sighting largest;
  for (std::size_t i = 0; i < measured.exact.size(); ++i) {
    const Judgement judgement = judge(contract.format, measured.exact[i], measured.computed[i]);
    if (!judgement.numeric || !judgement.required || !judgement.broken_rule.empty() ||
        lost(contract.format, measured.exact[i], judgement) != is_lost) {
      continue;
    }
    if (largest.batch == nullptr || judgement.ulp > largest.size) {
      largest = {measured.batch, i, judgement.ulp, measured.computed[i]};
    }
  }
  return largest;
}

}  // namespace

Witness hunted_witness(const WitnessRequest& request, Sighting& sighting, double share) {
  const double size = sighting.size * share;
  return shown_by(request, sighting, [&request, size](const Measured& measured) {
    const Sighting again = largest_of(request.contract, measured, false);
    return again.size >= size ? again : Sighting{};
  });
}

Witness lost_witness(const WitnessRequest& request, Sighting& sighting) {
  return shown_by(request, sighting,
                  [&request](const Measured& measured) { return largest_of(request.contract, measured, true); });
}

Witness error_witness(const WitnessRequest& request, Sighting& sighting) {
  const bool in_lanes = sighting.batch->origin.starts_with(sweep_generator);
  Witness witness = result_witness(request, sighting, &Accumulator::worst);
  if (in_lanes && sighting.batch->output.size() == 1) {
    const Expected exact = expect(request.contract, *sighting.batch).front();
    sighting.size = judge(request.contract.format, exact, sighting.computed).ulp;
  }
  return witness;
}

Witness budget_witness(const WitnessRequest& request, Sighting& sighting) {
  return result_witness(request, sighting, &Accumulator::most_of_budget);
}

Witness rule_witness(const WitnessRequest& request, std::size_t rule, const Sighting& sighting) {
  const Sighting shown =
      smallest_sighting(request, sighting, [rule](const Measured& measured) { return measured.results.worst(rule); });
  Witness witness = describe(request, *shown.batch);
  if (rules()[rule].name == "sum_to_one") {
    witness.computed = "sum " + to_hex(Format::f64, shown.computed);
    witness.exact = "1";
  } else {
    witness.computed = to_hex(request.contract.format, shown.computed);
    witness.exact = exact_text(request.contract, *shown.batch, shown.result);
  }
  return witness;
}

Witness failure_witness(const WitnessRequest& request, const Batch& batch, const Outcome& outcome) {
  Batch shown = batch;
  if (request.reduce && outcome.kind != Outcome::Kind::hung) {
    std::vector<double> computed;
    const auto still = [&](const Batch& candidate) {
      computed.resize(result_size(request.contract, candidate.shape));
      return request.subject.compute(request.contract, candidate, computed).kind == outcome.kind;
    };
    shown = shrink_case(request.contract, std::move(shown), still, {.calls = 60, .elements = 200000});
  }
  Witness witness = describe(request, shown);
  witness.computed = outcome.detail;
  witness.exact = result_size(request.contract, shown.shape) == 1 ? exact_text(request.contract, shown, 0) : "";
  return witness;
}

std::string exact_text(const Contract& contract, const Batch& batch, std::size_t result) {
  if (batch.output.size() <= most_explained) return explain(contract, batch, exact_digits)[result].decimal;
  const Expected exact = expect(contract, batch)[result];
  if (exact.kind != Expected::Kind::number || std::isinf(exact.rounded)) {
    return to_decimal(contract.format, exact.rounded);
  }
  // `offset` is known to 2^-20 ulp, and long double holds 64 bits.
  const int bits = std::min(traits(contract.format).precision + 20, 63);
  const long double value = exact.rounded + std::ldexp(static_cast<long double>(exact.offset), exact.ulp_exponent);
  return fmt::format("{:.{}g}", value, static_cast<int>(bits * 0.301) - 1);
}

}  // namespace lossaudit
