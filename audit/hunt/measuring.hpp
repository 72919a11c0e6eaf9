// A search's cases put to the subject: what they show is noted where the hunt keeps it, and how bad each is, is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "audit/hunt/search.hpp"
#include "audit/inputs/random.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {

/// What a case showed.
struct Score {
  double ulp = -1;  ///< the largest error among its results
  std::size_t result = 0;
  bool loss = false;  ///< a rule broken, or nothing left of a result
};

class HuntMeasuring {
 public:
  /// Of search number `index`; the hunt must outlive this.
  HuntMeasuring(Hunt& hunt, std::uint64_t index);

  /// The score of each case in the batch; none when the search has ended: it was stopped, or the subject gave no results.
  std::vector<Score> measure(Batch batch);
  /// The same of cases of one shape.
  std::vector<Score> measure_each(const std::vector<Batch>& cases);

  [[nodiscard]] std::size_t outputs() const { return outputs_; }  ///< tried so far
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool stopped() const { return stopped_; }  ///< ended by Hunt::stop

 private:
  std::vector<Score> score(const std::shared_ptr<const Batch>& batch, const std::vector<Expected>& exact);
  [[nodiscard]] std::size_t inputs_of(const Batch& batch) const;
  void narrow_sightings(const std::shared_ptr<const Batch>& batch);
  [[nodiscard]] Sighting shown_alone(const Sighting& sighting);
  void measure_ordinary(const Shape& shape);

  Hunt& hunt_;
  const Contract& contract_;
  std::uint64_t index_;
  Random ordinary_;
  std::size_t outputs_ = 0;
  std::uint64_t step_ = 0;
  bool ended_ = false, stopped_ = false;
  std::vector<double> computed_;  // from batch to batch the same memory
};

}  // namespace lossaudit
