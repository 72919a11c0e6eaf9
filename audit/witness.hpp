// From a sighting to a witness: the smallest case that shows it again, as text.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "audit/accumulator.hpp"
#include "audit/shrink.hpp"
#include "audit/subject.hpp"

namespace lossaudit {

/// A batch put to a subject once.
struct Measured {
  std::shared_ptr<const Batch> batch;
  Outcome outcome;
  std::vector<double> computed;
  std::vector<Expected> exact;  ///< empty unless the outcome is `computed`, as are the results
  Accumulator results;
};
Measured measure_once(Subject& subject, const Contract& contract, const Budget& budget,
                      const std::shared_ptr<const Batch>& batch);

/// The sighting with nothing but its own element or row around it.
Sighting alone(const Contract& contract, const Sighting& sighting);

/// What a witness is made for.
struct WitnessRequest {
  Subject& subject;
  std::string command;  ///< what shows a case again, once --contract and --case follow
  Contract contract;
  Budget budget;
  std::string_view profile;              ///< that the replay is judged by
  std::filesystem::path case_directory;  ///< where cases too long for a command line go; empty: nowhere
  bool reduce = true;                    ///< put smaller cases to the subject, to show it with fewer inputs
  ShrinkLimits limits = {};              ///< on those
};

/// The result with the largest error. A smaller case may show a larger one, which then replaces `sighting`.
Witness error_witness(const WitnessRequest& request, Sighting& sighting);

/// The result that takes the largest share of the budget, as error_witness().
Witness budget_witness(const WitnessRequest& request, Sighting& sighting);

/// The largest error that a hunt found, in the smallest case that shows at least `share` of it; `sighting` becomes that.
Witness hunted_witness(const WitnessRequest& request, Sighting& sighting, double share);

/// A result of which nothing is left (lost() in measure.hpp), in the smallest case that shows one.
Witness lost_witness(const WitnessRequest& request, Sighting& sighting);

/// A broken rule, by its index in rules().
Witness rule_witness(const WitnessRequest& request, std::size_t rule, const Sighting& sighting);

/// A batch on which the subject crashed, hung or failed; what hung is not tried again.
Witness failure_witness(const WitnessRequest& request, const Batch& batch, const Outcome& outcome);

/// The exact value of one result of a batch, in decimal: 20 digits, or the 12 to 18 that measuring knows where the
/// batch is too long to be gone through again at a higher precision.
std::string exact_text(const Contract& contract, const Batch& batch, std::size_t result);

}  // namespace lossaudit
