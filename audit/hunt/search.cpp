#include "audit/hunt/search.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "audit/case.hpp"
#include "audit/hunt/cases.hpp"
#include "audit/hunt/line.hpp"
#include "audit/hunt/measuring.hpp"
#include "audit/hunt/moves.hpp"
#include "audit/hunt/seeds.hpp"
#include "audit/inputs.hpp"
#include "audit/inputs/values.hpp"

namespace lossaudit {
namespace {

using Clock = std::chrono::steady_clock;

/// Outputs put to the subject at a time: enough to hide what a call costs, few enough to learn often.
constexpr std::size_t generation_elements = 4096, fewest_elements = 64;
/// A small search learns as often.
constexpr std::size_t generations_at_least = 48;
/// Of a search's outputs, what goes into its seeds, and into lines; the rest is for climbing.
constexpr double share_of_seeds = 0.25, share_of_lines = 0.3;
/// Of a function of single numbers, a line is nearly everything there is.
constexpr double share_of_lines_of_numbers = 0.65;
/// Cases that a search keeps to go on from.
constexpr std::size_t most_kept = 4;
/// Generations without a larger error after which climbing begins elsewhere.
constexpr std::size_t patience = 10;
/// Of a search's outputs, what one row may take.
constexpr std::size_t rows_at_least = 8;
/// Levels of a line's bisection: down to single numbers of f64, from 2^64; and those that may show nothing larger.
constexpr std::size_t most_levels = 32, idle_levels = 3;
constexpr std::size_t fewest_places = 16;
/// Changed cases in a generation of climbing; and of reductions, each of which is a call.
constexpr std::size_t most_neighbours = 256, most_calls = 8;

/// 1, 1, 2, 1, 1, 2, 4, …: the sizes of restarts that are never far from the best ones (Luby, Sinclair, Zuckerman:
/// "Optimal speedup of Las Vegas algorithms").
std::uint64_t luby(std::uint64_t i) {
  while (true) {
    const int bits = std::bit_width(i);
    if (i == (std::uint64_t{1} << bits) - 1) return std::uint64_t{1} << (bits - 1);
    i -= (std::uint64_t{1} << (bits - 1)) - 1;
  }
}
/// Rows of a million classes get their turn; nothing gets larger without end.
constexpr std::uint64_t largest_size = 64;

/// A case to go on from.
struct Kept {
  Batch one;
  double ulp = -1;
};

class Search {
 public:
  Search(Hunt& hunt, std::uint64_t index)
      : hunt_(hunt),
        contract_(hunt.contract),
        index_(index),
        measuring_(hunt, index),
        single_numbers_(is_single_number(hunt.contract)),
        random_(random_stream("hunt", hunt.contract, hunt.seed, index)),
        whole_(hunt.elements * std::min(luby(index + 1), largest_size)) {}

  bool run() {
    const Clock::time_point start = Clock::now();
    try_corpus();
    try_seeds(part(kept_.empty() ? share_of_seeds : share_of_seeds / 4));
    try_lines(measuring_.outputs() + part(single_numbers_ ? share_of_lines_of_numbers : share_of_lines));
    climb();
    hunt_.state.microseconds +=
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count());
    if (measuring_.stopped()) return false;
    ++hunt_.state.searches;
    return true;
  }

 private:
  [[nodiscard]] std::size_t part(double share) const {
    return static_cast<std::size_t>(static_cast<double>(whole_) * share);
  }
  [[nodiscard]] bool over(std::size_t outputs) const { return measuring_.ended() || measuring_.outputs() >= outputs; }

  /// Outputs of one generation.
  [[nodiscard]] std::size_t generation() const {
    return std::clamp<std::size_t>(whole_ / generations_at_least, fewest_elements, generation_elements);
  }
  /// Cases like `one` that fit into a generation.
  [[nodiscard]] std::size_t cases_like(const Batch& one) const {
    const std::size_t fitting = generation() / one.output.size();
    return packable(contract_) ? fitting : std::min(fitting, most_calls);
  }

  // ---- where a search begins

  /// The first search tries all that is known; each of the first goes on from one of them.
  void try_corpus() {
    for (std::size_t i = 0; i < hunt_.corpus.size() && !measuring_.ended(); ++i) {
      if (index_ != 0 && index_ != i) continue;
      const std::vector<Score> scores = measuring_.measure(hunt_.corpus[i]);
      if (index_ == i && !scores.empty() && !scores[0].loss) keep({hunt_.corpus[i], scores[0].ulp});
    }
  }

  void try_seeds(std::size_t until) {
    while (!over(until)) {
      const std::size_t longest = std::max<std::size_t>(whole_ / rows_at_least, 2);
      const std::vector<Batch> seeds = hunting_seeds(contract_, generation(), longest, random_);
      if (seeds.empty()) return;
      for (const Batch& batch : seeds) {
        if (over(until)) return;
        const std::vector<Score> scores = measuring_.measure(batch);
        if (scores.empty()) return;
        const Score& best = scores[best_of(scores)];
        if (best.ulp >= 0) keep({single_case(contract_, batch, best.result), best.ulp});
      }
    }
  }

  // ---- lines

  void try_lines(std::size_t until) {
    for (std::size_t line = 0, too_long = 0; !over(until) && too_long < kept_.size(); ++line) {
      const Batch base = kept_[line % kept_.size()].one;
      if (packable(contract_) && cases_like(base) < fewest_places) {
        ++too_long;
        continue;
      }
      too_long = 0;
      try_line(base, variable_of(base, line), until);
    }
  }

  /// What a line varies: a number of the case or, for nothing, what is added to all its outputs.
  std::optional<Coordinate> variable_of(const Batch& base, std::size_t line) {
    if (single_numbers_ && line % 2 == 0) return Coordinate{&Batch::output, 0};
    // Rows that lie elsewhere are what the usual formulas get wrong.
    const bool shift = !single_numbers_ && range_of(contract_, &Batch::output).low < 0 && line % 3 == 0;
    if (shift) return std::nullopt;
    return random_coordinate(base, random_);
  }

  void try_line(const Batch& base, const std::optional<Coordinate>& variable, std::size_t until) {
    const Tensor tensor = variable ? variable->tensor : &Batch::output;
    const Range range = range_of(contract_, tensor);
    const std::size_t fitting = std::max<std::size_t>(1, cases_like(base));
    LineSearch line(ordinal(contract_.format, range.low), ordinal(contract_.format, range.high),
                    std::max(fewest_places, fitting));
    std::vector<double> errors;
    Kept best;
    bool lost = false;
    for (std::size_t level = 0, idle = 0; level < most_levels && idle < idle_levels && !over(until) && !lost; ++level) {
      ++idle;
      const std::span<const std::int64_t> places = line.propose(random_);
      if (places.empty()) break;
      errors.clear();
      for (std::size_t first = 0; first < places.size() && !measuring_.ended(); first += fitting) {
        candidates_.assign(std::min(fitting, places.size() - first), base);
        for (std::size_t i = 0; i < candidates_.size(); ++i) {
          vary(candidates_[i], variable, from_ordinal(contract_.format, places[first + i]));
        }
        const std::vector<Score> scores = measuring_.measure_each(candidates_);
        for (const Score& score : scores) {
          errors.push_back(score.ulp);
          lost = lost || score.loss;
        }
        if (scores.empty()) break;
        const std::size_t at = best_of(scores);
        if (scores[at].ulp > best.ulp) {
          best = {candidates_[at], scores[at].ulp};
          idle = 0;
        }
      }
      if (errors.size() < places.size()) break;
      line.learn(errors);
    }
    if (best.ulp >= 0) keep(std::move(best));
  }

  void vary(Batch& one, const std::optional<Coordinate>& variable, double value) const {
    if (variable) {
      (one.*variable->tensor)[variable->index] = value;
      return;
    }
    for (double& x : one.output) x = bounded(contract_, &Batch::output, x + value);
  }

  // ---- climbing

  void climb() {
    for (std::size_t turn = 0; !over(whole_) && !kept_.empty(); ++turn) {
      Kept from = kept_[turn % kept_.size()];
      if (turn >= most_kept) {
        // All were climbed from: from somewhere near them, then.
        for (int i = 0; i < 6; ++i) change_values(contract_, from.one, random_);
        from.ulp = -1;
      }
      climb_from(std::move(from));
    }
  }

  void climb_from(Kept best) {
    bool lost = false;
    for (std::size_t idle = 0; idle < patience && !over(whole_) && !lost; ++idle) {
      make_neighbours(best.one);
      const std::vector<Score> scores = measuring_.measure_each(candidates_);
      if (scores.empty()) break;
      for (const Score& score : scores) lost = lost || score.loss;
      const std::size_t at = best_of(scores);
      if (scores[at].ulp > best.ulp) idle = 0;
      // On level ground too: what changes nothing may let the next change do something.
      if (scores[at].ulp >= best.ulp) best = {candidates_[at], scores[at].ulp};
    }
    if (best.ulp >= 0) keep(std::move(best));
  }

  void make_neighbours(const Batch& one) {
    candidates_.assign(std::clamp<std::size_t>(cases_like(one), 1, most_neighbours), one);
    const auto move = static_cast<LengthMove>(random_.below(length_moves));
    const bool too_long = 2 * one.output.size() * rows_at_least > whole_;
    const bool other_length =
        random_.one_in(4) && has_free_length(contract_) && (move == LengthMove::drop || !too_long);
    for (Batch& candidate : candidates_) {
      if (other_length) change_length(contract_, move, candidate, random_);
      if (!other_length || random_.one_in(2)) change_values(contract_, candidate, random_);
    }
  }

  /// The best first, no more than most_kept.
  void keep(Kept kept) {
    const auto place = std::ranges::find_if(kept_, [&](const Kept& other) { return kept.ulp > other.ulp; });
    kept_.insert(place, std::move(kept));
    if (kept_.size() > most_kept) kept_.pop_back();
  }

  /// The case to go on from: that of the largest error that is no loss, if there is one.
  static std::size_t best_of(const std::vector<Score>& scores) {
    const auto size = [](const Score& score) { return score.loss ? -1 : score.ulp; };
    return static_cast<std::size_t>(std::ranges::max_element(scores, {}, size) - scores.begin());
  }

  Hunt& hunt_;
  const Contract& contract_;
  std::uint64_t index_;
  HuntMeasuring measuring_;
  bool single_numbers_;  ///< a case is a single output, not a row or a reduction
  Random random_;
  std::size_t whole_;  ///< outputs to try
  std::vector<Kept> kept_;
  std::vector<Batch> candidates_;  // from generation to generation the same memory
};

}  // namespace

bool search(Hunt& hunt, std::uint64_t index) { return Search(hunt, index).run(); }

}  // namespace lossaudit
