#include "audit/hunt/moves.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "audit/hunt/cases.hpp"
#include "audit/inputs/values.hpp"

namespace lossaudit {
namespace {

/// Differences at which exp of a logit still shows beside exp of another, in f64.
constexpr double widest_gap = 750;
double gap(Format format, Random& random) {
  return random.uniform(0, format == Format::f64 && random.one_in(2) ? widest_gap : 110);
}

double top_of(const std::vector<double>& values) { return *std::ranges::max_element(values); }

void step_one(const Contract& contract, Batch& one, Random& random) {
  const Coordinate c = random_coordinate(one, random);
  double& x = (one.*c.tensor)[c.index];
  const auto reach = static_cast<std::int64_t>(traits(contract.format).precision) + 3;
  const std::int64_t steps = random.one_in(2) ? 1 : std::int64_t{1} << random.between(0, reach);
  x = bounded(contract, c.tensor, step(contract.format, x, random.one_in(2) ? steps : -steps));
}

/// A target or a probability anywhere in its range, a logit at some distance below the largest.
void redraw_one(const Contract& contract, Batch& one, Random& random) {
  const Coordinate c = random_coordinate(one, random);
  double& x = (one.*c.tensor)[c.index];
  const Range range = range_of(contract, c.tensor);
  double drawn = random.uniform();
  if (range.low < 0) {
    drawn = c.tensor == &Batch::output ? top_of(one.output) - gap(contract.format, random) : 4 * random.normal();
  } else if (random.one_in(2)) {
    drawn = random.one_in(2) ? static_cast<double>(random.below(2))
                             : std::ldexp(drawn, -static_cast<int>(random.below(140)));
  }
  x = bounded(contract, c.tensor, drawn);
}

void nudge_one(const Contract& contract, Batch& one, Random& random) {
  const Coordinate c = random_coordinate(one, random);
  double& x = (one.*c.tensor)[c.index];
  x = bounded(contract, c.tensor, x + std::ldexp(random.normal(), static_cast<int>(random.between(-20, 4))));
}

/// Where an implementation changes course: one of the special values, infinities apart.
void make_special(const Contract& contract, Batch& one, Random& random) {
  const std::vector<double> values = special_values(output_space(contract));
  const double value = values[random.below(values.size())];
  one.output[random.below(one.output.size())] = bounded(contract, &Batch::output, value);
}

void copy_one(const Contract& /*contract*/, Batch& one, Random& random) {
  const Coordinate c = random_coordinate(one, random);
  std::vector<double>& values = one.*c.tensor;
  values[c.index] = values[random.below(values.size())];
}

void swap_two(const Contract& /*contract*/, Batch& one, Random& random) {
  const Coordinate c = random_coordinate(one, random);
  std::vector<double>& values = one.*c.tensor;
  std::swap(values[c.index], values[random.below(values.size())]);
}

void move_all(const Contract& contract, Batch& one, Random& random) {
  const double by = std::ldexp(random.normal(), static_cast<int>(random.between(-10, 12)));
  for (double& x : one.output) x = bounded(contract, &Batch::output, x + by);
}

void scale_all(const Contract& contract, Batch& one, Random& random) {
  const double by = random.one_in(2) ? 1 + random.normal() / 64 : std::exp2(random.uniform(-1, 1));
  for (double& x : one.output) x = bounded(contract, &Batch::output, x * by);
}

/// All entries but one become equal: what differs from class to class goes, what adds up stays.
void level_all(const Contract& /*contract*/, Batch& one, Random& random) {
  const std::size_t kept = random.below(one.output.size());
  const double value = one.output[random.below(one.output.size())];
  for (std::size_t i = 0; i < one.output.size(); ++i) {
    if (i != kept) one.output[i] = value;
  }
}

void change_label(const Contract& contract, Batch& one, Random& random) {
  if (one.labels.empty()) return step_one(contract, one, random);
  one.labels[random.below(one.labels.size())] = static_cast<std::int64_t>(random.below(one.shape.classes));
}

using Move = void (*)(const Contract& contract, Batch& one, Random& random);
/// As often as they stand here.
constexpr Move moves[] = {step_one,     step_one, step_one, step_one, nudge_one, nudge_one, redraw_one,  redraw_one,
                          make_special, copy_one, swap_two, move_all, scale_all, level_all, change_label};

}  // namespace

void change_values(const Contract& contract, Batch& one, Random& random) {
  const std::size_t count = 1 + (random.one_in(2) ? 0 : random.below(3));
  for (std::size_t i = 0; i < count; ++i) moves[random.below(std::size(moves))](contract, one, random);
}

bool has_free_length(const Contract& contract) {
  return traits(contract.function).layout != Layout::elementwise && packable(contract) &&
         !contract.options.class_weights;
}

void change_length(const Contract& contract, LengthMove move, Batch& row, Random& random) {
  const std::size_t classes = row.shape.classes;
  const std::size_t place = random.below(classes);
  const auto each_tensor = [&](auto use) {
    use(row.output);
    if (!row.target.empty()) use(row.target);
    // Where the function gives one value a row, its incoming gradient is one, too.
    const bool upstream_in_rows = traits(contract.function).layout == Layout::row_to_row;
    if (upstream_in_rows && !row.upstream.empty()) use(row.upstream);
  };
  switch (move) {
    case LengthMove::drop:
      if (classes == 1) return;
      each_tensor(
          [&](std::vector<double>& values) { values.erase(values.begin() + static_cast<std::ptrdiff_t>(place)); });
      if (!row.labels.empty() && row.labels[0] >= static_cast<std::int64_t>(place) && row.labels[0] > 0)
        --row.labels[0];
      break;
    case LengthMove::copy:
    case LengthMove::far_below:
      each_tensor([&](std::vector<double>& values) { values.push_back(values[place]); });
      if (move == LengthMove::far_below) {
        row.output.back() = bounded(contract, &Batch::output, top_of(row.output) - gap(contract.format, random));
      }
      break;
    case LengthMove::twice:
      each_tensor([&](std::vector<double>& values) {
        values.resize(2 * classes);
        std::copy_n(values.begin(), classes, values.begin() + static_cast<std::ptrdiff_t>(classes));
      });
      break;
  }
  row.shape.classes = row.output.size();
}

}  // namespace lossaudit
