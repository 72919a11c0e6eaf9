#include "audit/inputs/row_kinds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "audit/inputs/values.hpp"

namespace lossaudit {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t any_count = std::numeric_limits<std::size_t>::max();
using Row = std::span<double>;

template <typename Draw>
void fill_each(const Contract& contract, Row row, Draw draw) {
  for (double& x : row) x = fit(contract.format, draw());
}

void realistic_logits(const Contract& contract, std::size_t /*index*/, Row row, Random& random) {
  fill_each(contract, row, [&] { return 3 * random.normal(); });
}

/// A realistic row in which one or two places, or all of them, hold a special value.
void special_logits(const Contract& contract, std::size_t index, Row row, Random& random) {
  const double largest_value = largest(contract.format);
  const double specials[] = {0.0,
                             -0.0,
                             smallest(contract.format),
                             -infinity,
                             infinity,
                             largest_value,
                             -largest_value,
                             nans(contract.format)[index % nans(contract.format).size()],
                             -smallest(contract.format),
                             std::ldexp(1.0, traits(contract.format).min_exponent),
                             largest_value / 2,
                             -largest_value / 2};
  realistic_logits(contract, index, row, random);
  const double special = specials[index % std::size(specials)];
  const double other = specials[random.below(std::size(specials))];
  switch (index / std::size(specials) % 4) {
    case 0:
      row[random.below(row.size())] = special;
      break;
    case 1:
      for (double& x : row) x = special;
      break;
    case 2:
      row[random.below(row.size())] = other;
      row[random.below(row.size())] = special;
      break;
    default:
      for (double& x : row) x = special;
      row[random.below(row.size())] = other;
  }
}

void equal_logits(const Contract& contract, std::size_t index, Row row, Random& random) {
  const double values[] = {0, 1, -2.5, 80, -80, random.uniform(-10, 10), 1e4 * random.normal()};
  const double value = fit(contract.format, values[index % std::size(values)]);
  for (double& x : row) x = value;
}

/// One class leads by 10 to 110.
void confident_rows(const Contract& contract, std::size_t index, Row row, Random& random) {
  const double gap = 10 + static_cast<double>(index % 101);
  fill_each(contract, row, [&] { return random.normal(); });
  double& leader = row[random.below(row.size())];
  leader = fit(contract.format, leader + gap);
}

/// A realistic row that lies far from 0, where the format has only few values between its entries.
void huge_offsets(const Contract& contract, std::size_t index, Row row, Random& random) {
  const double exponent = static_cast<double>(1 + index % 30);
  const double offset = std::min(std::pow(10.0, exponent), largest(contract.format) / 4);
  const double center = fit(contract.format, random.one_in(2) ? offset : -offset);
  // Where a step is larger than a logit is, entries are a few steps apart.
  const double spacing = std::abs(step(contract.format, center, 1) - center);
  fill_each(contract, row, [&] { return center + (spacing > 4 ? spacing * random.normal() : 3 * random.normal()); });
}

/// Entries within a few ulps of each other, some far below.
void near_ties(const Contract& contract, std::size_t index, Row row, Random& random) {
  const double center = fit(contract.format, index % 3 == 0 ? 1 : 8 * random.normal());
  for (double& x : row) {
    x = step(contract.format, center, random.between(-4, 4));
    if (index % 2 == 1 && random.one_in(2)) x = fit(contract.format, center - random.uniform(5, 30));
  }
}

/// Any finite numbers at all; every second row keeps to exponents below 2^8, where exp still tells them apart.
void wide_range(const Contract& contract, std::size_t index, Row row, Random& random) {
  const double end = index % 2 == 0 ? largest(contract.format) : 256;
  for (double& x : row) x = any_between(contract.format, -end, end, random);
}

/// Some classes are masked with −inf, one at least is not.
void masked_logits(const Contract& contract, std::size_t index, Row row, Random& random) {
  realistic_logits(contract, index, row, random);
  const std::size_t kept = random.below(row.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i != kept && (index % 3 == 0 ? random.one_in(row.size()) : random.one_in(2))) row[i] = -infinity;
  }
}

/// Logarithms of probabilities: their log-sum-exp is close to 0, and what is left of it is the whole result.
void log_probabilities(const Contract& contract, std::size_t index, Row row, Random& random) {
  double sum = 0;
  for (double& x : row) sum += std::exp(x = (index % 2 == 0 ? 1 : 6) * random.normal());
  const double shift = std::log(sum);
  for (double& x : row) x = fit(contract.format, x - shift);
}

void fill_with_softmax(const Contract& contract, Row row, Random& random, double scale) {
  double top = -infinity;
  double sum = 0;
  for (double& x : row) top = std::max(top, x = scale * random.normal());
  for (double& x : row) sum += x = std::exp(x - top);
  for (double& x : row) x = fit(contract.format, x / sum);
}

void softmax_outputs(const Contract& contract, std::size_t /*index*/, Row row, Random& random) {
  fill_with_softmax(contract, row, random, 3);
}

/// Rows that a confident network gives: one probability near 1, the others small, subnormal or 0.
void confident_outputs(const Contract& contract, std::size_t index, Row row, Random& random) {
  fill_with_softmax(contract, row, random, 5 + static_cast<double>(index % 60));
}

/// A probability row with special values put into it, some outside [0, 1].
void special_probabilities(const Contract& contract, std::size_t index, Row row, Random& random) {
  const double epsilon = output_space(contract).epsilon;
  const double specials[] = {0.0,
                             -0.0,
                             1.0,
                             smallest(contract.format),
                             fit(contract.format, epsilon),
                             step(contract.format, fit(contract.format, epsilon), 1),
                             step(contract.format, fit(contract.format, epsilon), -1),
                             fit(contract.format, 1 - epsilon),
                             step(contract.format, fit(contract.format, 1 - epsilon), -1),
                             step(contract.format, 1, -1),
                             nans(contract.format)[index % nans(contract.format).size()],
                             step(contract.format, 1, 1),
                             -smallest(contract.format),
                             2.0,
                             infinity};
  softmax_outputs(contract, index, row, random);
  const double special = specials[index % std::size(specials)];
  switch (index / std::size(specials) % 3) {
    case 0:
      row[random.below(row.size())] = special;
      break;
    case 1:
      for (double& x : row) x = special;
      break;
    default:
      // Only values of [0, 1] with it: a row that is NaN for one entry says nothing of the others.
      for (double& x : row) x = specials[random.below(10)];
      row[random.below(row.size())] = special;
  }
}

void one_hot_outputs(const Contract& contract, std::size_t index, Row row, Random& random) {
  const double below[] = {0, smallest(contract.format), fit(contract.format, 1e-7), fit(contract.format, 1e-30)};
  for (double& x : row) x = below[index % std::size(below)];
  row[random.below(row.size())] = step(contract.format, 1, -random.between(0, 2));
}

/// Positive numbers up to 1 that sum to anything but 1.
void unnormalised(const Contract& contract, std::size_t index, Row row, Random& random) {
  const double lowest = index % 2 == 0 ? 0x1p-12 : smallest(contract.format);
  for (double& x : row) {
    x = index % 3 == 0 ? fit(contract.format, random.uniform()) : any_between(contract.format, lowest, 1, random);
  }
}

void equal_probabilities(const Contract& contract, std::size_t index, Row row, Random& random) {
  const double values[] = {1 / static_cast<double>(row.size()), 0.5, 1, random.uniform(), smallest(contract.format)};
  const double value = fit(contract.format, values[index % std::size(values)]);
  for (double& x : row) x = value;
}

void special_reals(const Contract& contract, std::size_t index, Row row, Random& random) {
  special_logits(contract, index, row, random);
}

constexpr RowKind kind_table[] = {
    {"special_rows", "one, two or all entries are 0, the smallest, the largest, an infinity or a NaN", RowSpace::logits,
     false, 17, special_logits},
    {"equal_logits", "all logits equal", RowSpace::logits, true, any_count, equal_logits},
    {"realistic_logits", "normal with standard deviation 3", RowSpace::logits, true, any_count, realistic_logits},
    {"confident_rows", "one class leads by 10 to 110", RowSpace::logits, true, any_count, confident_rows},
    {"huge_offsets", "a row that lies 10 to 10^30 from 0", RowSpace::logits, false, 1000, huge_offsets},
    {"near_ties", "entries within a few ulps of each other", RowSpace::logits, false, 100, near_ties},
    {"wide_range", "bit patterns of all finite numbers", RowSpace::logits, false, 1000, wide_range},
    {"masked_logits", "some classes at -inf", RowSpace::logits, false, 100, masked_logits},
    {"log_probabilities", "logarithms of probabilities, whose log-sum-exp is near 0", RowSpace::logits, false, 1000,
     log_probabilities},
    {"special_probability_rows", "0, 1, the smallest number, the clip's ends and values outside [0, 1] in a row",
     RowSpace::probabilities, false, 17, special_probabilities},
    {"softmax_outputs", "the softmax of realistic logits", RowSpace::probabilities, true, any_count, softmax_outputs},
    {"confident_outputs", "one probability near 1, the others down to 0", RowSpace::probabilities, false, 1000,
     confident_outputs},
    {"one_hot_outputs", "1 or a neighbour of it, and next to nothing elsewhere", RowSpace::probabilities, false, 100,
     one_hot_outputs},
    {"unnormalised_rows", "positive rows that do not sum to 1", RowSpace::probabilities, false, 1000, unnormalised},
    {"equal_probabilities", "all probabilities equal", RowSpace::probabilities, true, any_count, equal_probabilities},
    {"special_real_rows", "one, two or all entries are 0, the smallest, the largest, an infinity or a NaN",
     RowSpace::reals, false, 17, special_reals},
    {"realistic_rows", "normal with standard deviation 3", RowSpace::reals, true, any_count, realistic_logits},
    {"equal_rows", "all outputs equal", RowSpace::reals, true, any_count, equal_logits},
    {"wide_real_rows", "bit patterns of all finite numbers", RowSpace::reals, false, 1000, wide_range},
};

/// Σ of a target's terms in the format need not be 1 to the last bit; the contract takes targets as they are.
void soft_target(const Contract& contract, std::span<double> target, Random& random) {
  double sum = 0;
  for (double& t : target) sum += t = random.uniform();
  for (double& t : target) t = fit(contract.format, t / sum);
}

void categorical_target(const Contract& contract, std::size_t index, std::span<double> target, Random& random) {
  const std::size_t classes = target.size();
  std::fill(target.begin(), target.end(), 0.0);
  switch (index % 8) {
    case 0:
    case 1:
    case 2:
      target[index / 8 % classes] = 1;
      return;
    case 3:
    case 4:
      soft_target(contract, target, random);
      return;
    case 5:  // smoothed beforehand, as some pipelines do
      for (double& t : target) t = fit(contract.format, 0.1 / static_cast<double>(classes));
      target[random.below(classes)] = fit(contract.format, 0.9 + 0.1 / static_cast<double>(classes));
      return;
    case 6:  // unnormalised, and with two classes
      target[random.below(classes)] = fit(contract.format, random.uniform(0, 3));
      target[random.below(classes)] = 1;
      return;
    default:
      if (index % 24 == 7) return;  // all zero
      soft_target(contract, target, random);
      target[random.below(classes)] = 0;
  }
}

void real_target(const Contract& contract, std::size_t index, std::span<const double> output, std::span<double> target,
                 Random& random) {
  for (std::size_t i = 0; i < output.size(); ++i) {
    const double near = std::isfinite(output[i]) ? output[i] : 0;
    switch (index % 4) {
      case 0:
        target[i] = fit(contract.format, 3 * random.normal());
        break;
      case 1:
        target[i] = step(contract.format, near, random.between(-3, 3));
        break;
      case 2:
        target[i] = fit(contract.format, near + random.uniform(-1, 1));
        break;
      default:
        target[i] = random.one_in(4) ? near : any_between(contract.format, -1024, 1024, random);
    }
    if (std::isinf(target[i])) target[i] = near;
  }
}

}  // namespace

RowSpace row_space(const Contract& contract) {
  if (contract.function == Function::mean_squared_error) return RowSpace::reals;
  return output_space(contract).probability ? RowSpace::probabilities : RowSpace::logits;
}

std::span<const RowKind> row_kinds() { return kind_table; }

void fill_target(const Contract& contract, std::size_t index, std::span<const double> output, std::span<double> target,
                 Random& random) {
  if (row_space(contract) == RowSpace::reals) {
    real_target(contract, index, output, target, random);
  } else {
    categorical_target(contract, index, target, random);
  }
}

std::int64_t label_for(const Contract& contract, std::size_t index, std::size_t classes, Random& random) {
  if (contract.options.ignore_index && random.one_in(4)) return *contract.options.ignore_index;
  return static_cast<std::int64_t>(index % classes);
}

}  // namespace lossaudit
