#include "property_tests/through_softmax.hpp"

#include <algorithm>

namespace lossaudit::conform {
namespace {

/// Labels, or their one-hot rows, out of whatever the batch holds as targets.
std::vector<std::size_t> hard_labels(const Batch& batch) {
  std::vector<std::size_t> labels;
  for (std::size_t row = 0; row < batch.shape.rows(); ++row) {
    labels.push_back(batch.labels.empty() ? row % batch.shape.classes : static_cast<std::size_t>(batch.labels[row]));
  }
  return labels;
}

void set_targets(Batch& batch, const std::vector<std::size_t>& labels) {
  if (batch.target.empty()) return;
  std::fill(batch.target.begin(), batch.target.end(), 0.0);
  for (std::size_t row = 0; row < labels.size(); ++row) {
    batch.target[element_index(batch.shape, row, labels[row])] = 1;
  }
}

bool touches_clip(const Batch& batch, std::size_t row, const Clip& clip) {
  for (std::size_t i = 0; i < batch.shape.classes; ++i) {
    const double p = batch.output[element_index(batch.shape, row, i)];
    // Half an octave of room at the low end: categorical_crossentropy clips after dividing by the sum, which is 1 to
    // within a budget a class.
    if (p < 1.5 * clip.low || p > clip.high - (1 - clip.high)) return true;
  }
  return false;
}

}  // namespace

void from_logits_is_of_softmax(Function function, Format format) {
  const Contract softmax = forward(Function::softmax, format);
  NEEDS(softmax);
  const std::int64_t steps = reach_in_steps(softmax);
  bool any = false;
  for (const DialectTraits& dialect : dialects()) {
    const Contract of_logits = from_logits(function, format, dialect.dialect);
    const Contract of_probabilities = with_logits(of_logits, false);
    if (!supports(of_logits) || !supports(of_probabilities)) continue;
    any = true;
    const Clip clip = clip_of(of_probabilities);
    for_all(of_logits, drawing(of_logits, Adventure::tame), [&](Batch batch) {
      const std::vector<std::size_t> labels = hard_labels(batch);
      set_targets(batch, labels);
      const std::vector<double> s = compute(softmax, rows(batch.output, batch.shape.classes));
      Batch best = batch;
      Batch worst = batch;
      for (std::size_t row = 0; row < labels.size(); ++row) {
        for (std::size_t i = 0; i < batch.shape.classes; ++i) {
          const std::size_t at = element_index(batch.shape, row, i);
          const std::int64_t towards_best = i == labels[row] ? steps : -steps;
          best.output[at] = std::clamp(step(format, s[at], towards_best), 0.0, 1.0);
          worst.output[at] = std::clamp(step(format, s[at], -towards_best), 0.0, 1.0);
        }
      }
      const std::vector<double> direct = compute(of_logits, batch);
      const std::vector<double> lowest = compute(of_probabilities, best);
      const std::vector<double> highest = compute(of_probabilities, worst);
      return first_complaint("row", labels.size(), [&](std::size_t row) -> Complaint {
        if (touches_clip(best, row, clip) || touches_clip(worst, row, clip)) return {};
        return enclosed(of_probabilities, lowest[row], highest[row], direct[row], reach(of_logits, direct[row]));
      });
    });
  }
  if (!any) {
    NEEDS(from_logits(function, format));
    NEEDS(forward(function, format));
  }
}

}  // namespace lossaudit::conform
