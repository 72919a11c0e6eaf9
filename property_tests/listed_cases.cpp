#include "property_tests/listed_cases.hpp"

#include <cmath>
#include <limits>

#include "property_tests/generators.hpp"

namespace lossaudit::conform {
namespace {

using Rows = std::vector<std::vector<double>>;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

bool is_elementwise(const Contract& contract) { return traits(contract.function).layout == Layout::elementwise; }

/// Target rows for rows of n classes.
Rows dense_targets(const Contract& contract, std::size_t n) {
  const Format format = contract.format;
  if (n == 1 && is_elementwise(contract)) {
    return {{0}, {1}, {0.5}, {step(format, 1, -1)}, {smallest(format)}, {infinity}, {not_a_number}};
  }
  Rows targets = {std::vector<double>(n, 0.0), std::vector<double>(n, 0.5)};
  for (const std::size_t hot : {std::size_t{0}, n - 1}) {
    targets.emplace_back(n, 0.0);
    targets.back()[hot] = 1;
  }
  targets.emplace_back(n, 0.25);
  targets.back()[0] = 0.75;
  targets.emplace_back(n, 1.0);
  targets.back()[n - 1] = not_a_number;
  return targets;
}

std::vector<std::int64_t> label_targets(const Contract& contract, std::size_t n) {
  std::vector<std::int64_t> labels = {0, -1, static_cast<std::int64_t>(n)};
  if (n > 1) labels.push_back(static_cast<std::int64_t>(n) - 1);
  if (contract.options.ignore_index) labels.push_back(*contract.options.ignore_index);
  return labels;
}

/// Values whose combinations make the rows: few enough that triples stay a batch.
std::vector<double> few_special_values(const Contract& contract) {
  const Format f = contract.format;
  if (takes_probabilities(contract)) {
    return {0, smallest(f), round_to(f, 1e-7), 0.5, step(f, 1, -1), 1, infinity, not_a_number};
  }
  return {0, -0.0, smallest(f), 1, -30, largest(f), -largest(f), infinity, -infinity, not_a_number};
}

Rows combinations(const std::vector<double>& values, std::size_t length) {
  Rows rows = {{}};
  for (std::size_t i = 0; i < length; ++i) {
    Rows longer;
    for (const auto& row : rows) {
      for (const double x : values) {
        longer.push_back(row);
        longer.back().push_back(x);
      }
    }
    rows = std::move(longer);
  }
  return rows;
}

Rows singles(const std::vector<double>& values) { return combinations(values, 1); }

/// Far-out reals: powers of two with neighbours, and an even grid to where the exponential leaves the format.
std::vector<double> real_tail_grid(Format format) {
  const FormatTraits& t = traits(format);
  std::vector<double> grid;
  const auto add = [&](double x) {
    x = round_to(format, x);
    if (std::isfinite(x)) grid.insert(grid.end(), {x, -x});
  };
  for (int e = t.min_exponent - t.precision + 1; e <= t.max_exponent; e += std::abs(e) > 32 ? 7 : 1) {
    for (const double m : {1.0, 1.34375, 1.9375}) add(std::ldexp(m, e));
  }
  const double furthest = (t.precision - t.min_exponent) * 0.7 + 8;
  for (int i = 0; i <= 120; ++i) add(furthest * i / 120);
  return grid;
}

/// Towards 0, 1/2 and 1.
std::vector<double> probability_tail_grid(Format format) {
  const FormatTraits& t = traits(format);
  std::vector<double> grid;
  for (int e = t.min_exponent - t.precision + 1; e < 0; e += e < -64 ? 9 : 1) {
    for (const double m : {1.0, 1.34375, 1.9375}) grid.push_back(round_to(format, std::ldexp(m, e)));
  }
  for (int e = -t.precision; e < -1; ++e) {
    for (const double m : {1.0, 1.375}) {
      grid.push_back(round_to(format, 1 - std::ldexp(m, e)));
      grid.push_back(round_to(format, 0.5 - std::ldexp(m, e)));
      grid.push_back(round_to(format, 0.5 + std::ldexp(m, e)));
    }
  }
  return grid;
}

}  // namespace

Batch batch_of_rows(const Contract& contract, const std::vector<std::vector<double>>& rows) {
  const std::size_t n = rows.at(0).size();
  Batch batch;
  batch.origin = "listed";
  const TargetKind kind = traits(contract.function).target;
  const Rows dense = kind == TargetKind::dense ? dense_targets(contract, n) : Rows(1);
  const std::vector<std::int64_t> labels =
      kind == TargetKind::labels ? label_targets(contract, n) : std::vector<std::int64_t>(1);
  for (const auto& row : rows) {
    for (const auto& target : dense) {
      for (const std::int64_t label : labels) {
        batch.output.insert(batch.output.end(), row.begin(), row.end());
        batch.target.insert(batch.target.end(), target.begin(), target.end());
        if (kind == TargetKind::labels) batch.labels.push_back(label);
      }
    }
  }
  batch.shape = {batch.output.size() / n, n, 1};
  constexpr double weights[] = {1, 2, 0.5};
  if (contract.options.class_weights) {
    for (std::size_t i = 0; i < n; ++i) batch.class_weights.push_back(weights[i % 3]);
  }
  if (contract.options.sample_weights) {
    for (std::size_t i = 0; i < unreduced_size(contract, batch.shape); ++i) {
      batch.sample_weights.push_back(weights[i % 3]);
    }
  }
  if (contract.pass == Pass::gradient && traits(contract.function).layout == Layout::row_to_row) {
    batch.upstream.resize(batch.output.size());
    for (std::size_t r = 0; r < batch.shape.rows(); ++r) batch.upstream[r * n + r % n] = 1;
  }
  return batch;
}

std::vector<Batch> special_cases(const Contract& contract) {
  const Format format = contract.format;
  const auto special = takes_probabilities(contract) ? special_probabilities(format) : special_values(format);
  std::vector<double> values(special.begin(), special.end());
  if (takes_probabilities(contract)) {
    values.insert(values.end(), {-0.0, -smallest(format), step(format, 1, 1), -1, infinity, -infinity, not_a_number});
  } else {
    for (const double x : special) {
      if (std::isfinite(x)) values.insert(values.end(), {step(format, x, -1), step(format, x, 1)});
    }
  }
  std::vector<Batch> batches = {batch_of_rows(contract, singles(values))};
  if (!is_elementwise(contract)) {
    batches.push_back(batch_of_rows(contract, combinations(few_special_values(contract), 2)));
    batches.push_back(batch_of_rows(contract, combinations(few_special_values(contract), 3)));
  }
  return batches;
}

std::vector<Batch> tail_cases(const Contract& contract) {
  const bool probabilities = takes_probabilities(contract);
  const auto grid = probabilities ? probability_tail_grid(contract.format) : real_tail_grid(contract.format);
  if (is_elementwise(contract)) return {batch_of_rows(contract, singles(grid))};
  Rows pairs;
  Rows confident;
  for (const double x : grid) {
    const double rest = probabilities ? round_to(contract.format, 1 - x) : 0;
    pairs.push_back({x, rest});
    confident.push_back({rest, x, probabilities ? smallest(contract.format) : -x / 2, rest});
    for (double& value : confident.back()) value = round_to(contract.format, value);
  }
  return {batch_of_rows(contract, pairs), batch_of_rows(contract, confident)};
}

std::vector<Batch> outside_cases(const Contract& contract) {
  const Format f = contract.format;
  const std::vector<double> outside = {-smallest(f),  -0.5, -1,         -largest(f), -infinity,
                                       step(f, 1, 1), 2,    largest(f), infinity};
  std::vector<Batch> batches = {batch_of_rows(contract, singles(outside))};
  if (!is_elementwise(contract)) {
    Rows rows;
    for (const double x : outside) {
      rows.push_back({x, 0.5, 0.25});
      rows.push_back({0.5, 0, x});
    }
    batches.push_back(batch_of_rows(contract, rows));
  }
  return batches;
}

Batch many_rows(const Contract& contract) {
  constexpr std::size_t count = 1500;
  Rows rows;
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = [&](std::size_t period) {
      return round_to(contract.format, static_cast<double>(i % period) / static_cast<double>(period));
    };
    rows.push_back(is_elementwise(contract) ? std::vector<double>{value(97)}
                                            : std::vector<double>{value(97), value(89), value(83)});
  }
  return batch_of_rows(contract, rows);
}

std::vector<double> around_epsilon(Format format, double epsilon) {
  const double low = round_to(format, epsilon);
  const double high = round_to(format, 1 - epsilon);
  std::vector<double> values = {0, smallest(format), 1};
  for (const int steps : {-1, 0, 1}) {
    values.push_back(step(format, low, steps));
    values.push_back(std::fmin(1, step(format, high, steps)));
  }
  return values;
}

}  // namespace lossaudit::conform
