// The results of one subject on one contract, gathered: the largest and mean error, broken rules, and at which inputs.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "audit/exact_ulp_sum.hpp"
#include "audit/maybe_const.hpp"
#include "audit/profile.hpp"
#include "audit/record.hpp"
#include "audit/sweep_judge.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {

/// One row of the table of rules that an audit checks; what they mean stands in measure.hpp.
struct RuleTraits {
  std::string_view name;
  bool required;  ///< false: recommended
};
std::span<const RuleTraits> rules();

/// A computed result that shows something, and where it was found.
struct Sighting {
  std::shared_ptr<const Batch> batch;  ///< null: nothing seen
  std::size_t result = 0;              ///< its index among the batch's results
  /// The larger the better it shows: the ulp error; of the budget, the share of it; of sum_to_one, abs(sum − 1); of the
  /// other rules, minus the number of inputs.
  double size = 0;
  double computed = 0;  ///< the result; of sum_to_one, the sum
};

class Accumulator {
 public:
  static constexpr std::size_t rule_count = 7;

  Accumulator(const Contract& contract, const Budget& budget);

  /// Measures the results that a subject computed for a batch against the exact ones.
  void add(const std::shared_ptr<const Batch>& batch, std::span<const Expected> exact,
           std::span<const double> computed);

  /// The same of inputs that were sought for being bad: they count for the maxima and the rules, and not for the mean,
  /// the fraction rounded right and the number of results, which are to be those of inputs chosen without the subject.
  void add_sought(const std::shared_ptr<const Batch>& batch, std::span<const Expected> exact,
                  std::span<const double> computed);

  /// Adds what was settled in lanes (sweep_judge.hpp): `worst` is the input of the largest of those errors.
  void add(const Tally& tally, double worst);
  /// Looks at a result that a tally has counted: is its error the largest?
  void consider(const std::shared_ptr<const Batch>& batch, std::size_t result, const Expected& exact, double computed);
  /// Lanes can tell the largest error, but not the largest share of a budget that is no number of ulps.
  [[nodiscard]] bool only_rounded() const { return !plain(budget_) && !budget_.none; }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// The result with the largest ulp error among the required ones (`size` 0 when all were exact).
  [[nodiscard]] const Sighting& worst() const { return worst_; }
  /// The result that takes the largest share of the budget, with that share as its `size`; no batch when every result
  /// is rounded right, or when there is no budget.
  [[nodiscard]] const Sighting& most_of_budget() const { return most_of_budget_; }
  [[nodiscard]] std::uint64_t broken(std::size_t rule) const { return broken_[rule]; }
  /// The case that shows a broken rule best: of the fewest inputs; of sum_to_one, the farthest from 1.
  [[nodiscard]] const Sighting& worst(std::size_t rule) const { return rule_worst_[rule]; }
  [[nodiscard]] bool exceeds_budget() const { return most_of_budget_.size > 1; }
  [[nodiscard]] bool breaks_required_rule() const;

  /// Larger errors and shares of the budget, found by reducing the cases of worst() and most_of_budget().
  void show(double worst, double most_of_budget) {
    worst_.size = worst;
    most_of_budget_.size = most_of_budget;
  }

  /// The numbers, the rules that were put to the test, and the curve. Witnesses, names and the verdict are the
  /// caller's.
  [[nodiscard]] Accuracy accuracy() const;

  /// Everything that adding results changes, field by field, for a checkpoint (json_fields.hpp).
  template <class Io>
  static void state(Io& io, MaybeConst<Accumulator> auto& x) {
    io.field("count", x.count_);
    io.field("numeric", x.numeric_);
    io.field("correctly_rounded", x.correctly_rounded_);
    io.field("sum_ulp", x.sum_ulp_);
    io.field("max_relative", x.max_relative_);
    io.field("worst", x.worst_);
    io.field("most_of_budget", x.most_of_budget_);
    io.field("longest_row", x.longest_row_);
    io.field("tested", x.tested_);
    io.field("broken", x.broken_);
    io.field("rule_worst", x.rule_worst_);
    io.field("curve", x.curve_);
  }
  /// Every sighting there may be, always in this order: worst(), most_of_budget(), then those of the rules.
  template <class Use>
  static void each_sighting(MaybeConst<Accumulator> auto& x, Use use) {
    use(x.worst_);
    use(x.most_of_budget_);
    for (auto& sighting : x.rule_worst_) use(sighting);
  }
  static constexpr std::size_t sightings = 2 + rule_count;

  /// Adds what was gathered elsewhere from other inputs, but for the sightings.
  void add_counts(const Accumulator& other);

 private:
  void add_one(const std::shared_ptr<const Batch>& batch, std::size_t result, const Expected& exact, double computed);
  void note_largest(const Sighting& sighting, double share);
  void add_rule(std::size_t rule, const Sighting& sighting);
  void add_to_curve(const Batch& batch, std::size_t result, double ulp);
  void add_to_curve(std::int64_t place, double at, double ulp);
  [[nodiscard]] std::int64_t stretch_of(double input) const;
  void check_sums(const std::shared_ptr<const Batch>& batch, std::span<const Expected> exact,
                  std::span<const double> computed);
  void mark_tested(const Expected& exact);

  Contract contract_;
  Budget budget_;
  std::uint64_t count_ = 0, numeric_ = 0, correctly_rounded_ = 0;
  ExactUlpSum sum_ulp_;
  double max_relative_ = 0;
  Sighting worst_, most_of_budget_;
  std::uint64_t longest_row_ = 0;
  std::array<bool, rule_count> tested_{};
  std::array<std::uint64_t, rule_count> broken_{};
  std::array<Sighting, rule_count> rule_worst_{};
  /// By stretch of the inputs' order, class count, or number of losses.
  std::map<std::int64_t, CurvePoint> curve_;
};

}  // namespace lossaudit
