#include "audit/hunt/line.hpp"

#include <algorithm>

namespace lossaudit {
namespace {

constexpr std::size_t intervals_kept = 8;
constexpr std::uint64_t parts_of_kept = 4;
constexpr std::size_t samples_of_kept = 3;

/// Numbers between two places: the ordinals of f64 span more than the positive half of 64 bits.
std::uint64_t width(std::int64_t low, std::int64_t high) {
  return static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
}
std::int64_t place(std::int64_t low, std::uint64_t steps) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + steps);
}

}  // namespace

LineSearch::LineSearch(std::int64_t low, std::int64_t high, std::size_t first_cut) {
  cut({low, high}, std::max<std::size_t>(1, first_cut));
}

void LineSearch::cut(const Interval& whole, std::uint64_t parts) {
  const std::uint64_t steps = width(whole.low, whole.high);
  parts = steps < parts ? steps + 1 : parts;
  // steps + 1 numbers in `parts` runs, the first few longer by one.
  const std::uint64_t each = (steps - (parts - 1)) / parts, longer = (steps - (parts - 1)) % parts;
  std::int64_t low = whole.low;
  for (std::uint64_t i = 0; i < parts; ++i) {
    Interval part{low, place(low, each + (i < longer ? 1 : 0))};
    if (whole.error >= 0 && part.low <= whole.at && whole.at <= part.high) {
      part.error = whole.error;
      part.at = whole.at;
    }
    intervals_.push_back(part);
    low = place(part.high, 1);
  }
}

void LineSearch::sample(const Interval& interval, Random& random) {
  const std::uint64_t steps = width(interval.low, interval.high);
  const std::size_t index = static_cast<std::size_t>(&interval - intervals_.data());
  if (steps < each_) {
    for (std::uint64_t i = 0; i <= steps; ++i) places_.push_back(place(interval.low, i));
    intervals_[index].tried_out = true;
  } else {
    for (std::size_t i = 0; i < each_; ++i) places_.push_back(random.between(interval.low, interval.high));
  }
  owner_.resize(places_.size(), index);
}

std::span<const std::int64_t> LineSearch::propose(Random& random) {
  places_.clear();
  owner_.clear();
  for (const Interval& interval : intervals_) {
    if (!interval.tried_out) sample(interval, random);
  }
  return places_;
}

void LineSearch::learn(std::span<const double> errors) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Interval& interval = intervals_[owner_[i]];
    if (errors[i] > interval.error) {
      interval.error = errors[i];
      interval.at = places_[i];
    }
  }
  std::ranges::stable_sort(intervals_, [](const Interval& a, const Interval& b) { return a.error > b.error; });
  const std::vector<Interval> kept(intervals_.begin(), intervals_.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                                intervals_kept, intervals_.size())));
  intervals_.clear();
  each_ = samples_of_kept;
  for (const Interval& interval : kept) {
    if (interval.tried_out) {
      intervals_.push_back(interval);
    } else {
      cut(interval, parts_of_kept);
    }
  }
}

}  // namespace lossaudit
