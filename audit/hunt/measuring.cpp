#include "audit/hunt/measuring.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "audit/hunt/cases.hpp"
#include "audit/hunt/origin.hpp"
#include "audit/hunt/seeds.hpp"
#include "audit/inputs.hpp"
#include "audit/measure.hpp"
#include "audit/witness.hpp"

namespace lossaudit {

using BatchPtr = std::shared_ptr<const Batch>;

HuntMeasuring::HuntMeasuring(Hunt& hunt, std::uint64_t index)
    : hunt_(hunt),
      contract_(hunt.contract),
      index_(index),
      ordinary_(random_stream("ordinary", hunt.contract, hunt.seed, index)) {}

std::vector<Score> HuntMeasuring::measure_each(const std::vector<Batch>& cases) {
  if (packable(contract_)) {
    std::vector<Score> scores = measure(pack(contract_, cases));
    if (!scores.empty()) scores.resize(cases.size());  // a single case may lie there twice
    return scores;
  }
  std::vector<Score> scores;
  for (const Batch& each : cases) {
    const std::vector<Score> one = measure(each);
    if (one.empty()) return {};
    scores.push_back(one[0]);
  }
  return scores;
}

std::vector<Score> HuntMeasuring::measure(Batch batch) {
  if (hunt_.stop && hunt_.stop()) stopped_ = ended_ = true;
  if (ended_) return {};
  outputs_ += batch.output.size();
  ++step_;
  const BatchPtr shared = std::make_shared<const Batch>(std::move(batch));
  const std::vector<Expected> exact = expect(contract_, *shared);
  computed_.resize(exact.size());
  const Outcome outcome = hunt_.subject.compute(contract_, *shared, computed_);
  if (outcome.kind != Outcome::Kind::computed) {
    ended_ = true;
    if (hunt_.failed) hunt_.failed(outcome, shared);
    return {};
  }
  if (hunt_.in_means) {
    hunt_.results.add(shared, exact, computed_);
  } else {
    hunt_.results.add_sought(shared, exact, computed_);
  }
  std::vector<Score> scores = score(shared, exact);
  narrow_sightings(shared);
  hunt_.state.cases += scores.size();
  hunt_.state.results += exact.size();
  if (hunt_.compare_random) measure_ordinary(shared->shape);
  return scores;
}

std::vector<Score> HuntMeasuring::score(const BatchPtr& batch, const std::vector<Expected>& exact) {
  HuntState& state = hunt_.state;
  std::vector<Score> scores(cases_in(contract_, *batch));
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const Judgement judgement = judge(contract_.format, exact[i], computed_[i]);
    if (!judgement.required) continue;
    Score& score = scores[case_of_result(contract_, *batch, i)];
    const bool is_lost = lost(contract_.format, exact[i], judgement);
    score.loss = score.loss || is_lost || !judgement.broken_rule.empty();
    if (judgement.numeric && judgement.ulp > score.ulp) {
      score.ulp = judgement.ulp;
      score.result = i;
    }
    if (is_lost) {
      ++state.lost_results;
      const double size = std::abs(exact[i].rounded);
      const std::size_t inputs = inputs_of(*batch);
      const bool fewer = state.lost.batch == nullptr || inputs < state.lost_inputs;
      if (fewer || (inputs == state.lost_inputs && size > state.lost.size)) {
        state.lost = {batch, i, size, computed_[i]};
        state.lost_inputs = inputs;
      }
    } else if (judgement.numeric && judgement.broken_rule.empty() &&
               (state.worst.batch == nullptr || judgement.ulp > state.worst.size)) {
      state.worst = {batch, i, judgement.ulp, computed_[i]};
    }
  }
  return scores;
}

/// How many inputs one result of the batch depends on.
std::size_t HuntMeasuring::inputs_of(const Batch& batch) const {
  if (!packable(contract_)) return batch.output.size();
  return is_single_number(contract_) ? 1 : batch.shape.classes;
}

/// What was sighted in this batch is kept as its own element or row, where that shows it too.
void HuntMeasuring::narrow_sightings(const BatchPtr& batch) {
  const auto narrow = [&](Sighting& sighting) {
    if (sighting.batch == batch) sighting = shown_alone(sighting);
  };
  narrow(hunt_.state.worst);
  narrow(hunt_.state.lost);
  Accumulator::each_sighting(hunt_.results, narrow);
}

Sighting HuntMeasuring::shown_alone(const Sighting& sighting) {
  const auto named = [this](Sighting shown) {
    Batch batch = *shown.batch;
    batch.origin = hunted_origin(contract_, index_, step_, batch);
    shown.batch = std::make_shared<const Batch>(std::move(batch));
    return shown;
  };
  if (!packable(contract_) || cases_in(contract_, *sighting.batch) == 1) return named(sighting);
  const Sighting single = alone(contract_, sighting);
  std::vector<double> results(result_size(contract_, single.batch->shape));
  const bool computed = hunt_.subject.compute(contract_, *single.batch, results).kind == Outcome::Kind::computed;
  const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
  return named(computed && same(results[single.result], computed_[sighting.result]) ? single : sighting);
}

/// As many ordinary random cases of the same shape.
void HuntMeasuring::measure_ordinary(const Shape& shape) {
  const Batch batch = ordinary_batch(contract_, shape, ordinary_);
  const std::vector<Expected> exact = expect(contract_, batch);
  std::vector<double> computed(exact.size());
  if (hunt_.subject.compute(contract_, batch, computed).kind != Outcome::Kind::computed) return;
  HuntState& state = hunt_.state;
  state.random_cases += cases_in(contract_, batch);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const Judgement judgement = judge(contract_.format, exact[i], computed[i]);
    if (!judgement.required || !judgement.numeric) continue;
    state.random_ulp = std::max(state.random_ulp, judgement.ulp);
    const bool loss = lost(contract_.format, exact[i], judgement) || !judgement.broken_rule.empty();
    if (!loss) state.random_kept_ulp = std::max(state.random_kept_ulp, judgement.ulp);
  }
}

}  // namespace lossaudit
