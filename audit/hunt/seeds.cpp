#include "audit/hunt/seeds.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "audit/hunt/cases.hpp"
#include "audit/inputs.hpp"
#include "audit/inputs/groups.hpp"
#include "audit/inputs/row_batches.hpp"
#include "audit/inputs/values.hpp"

namespace lossaudit {
namespace {

using Row = std::span<double>;
constexpr std::size_t any_count = std::size_t(-1);

/// Short rows more often than long ones: they are cheap, and what is wrong with them is wrong with most.
constexpr std::size_t lengths[] = {2,  2,  3,   4,   5,    7,    8,     10,     16,     17,
                                   33, 64, 100, 333, 1000, 4097, 32000, 100000, 1000000};

/// A gap beyond which exp of the lower logit is 0 in the format, subnormals included.
double widest_gap(Format format) {
  const FormatTraits& t = traits(format);
  return std::numbers::ln2 * (t.precision - t.min_exponent + 1);
}

/// One class leads by any gap at which the others still show; they are equal, or nearly.
void gaps(const Contract& contract, std::size_t index, Row row, Random& random) {
  const double lead = random.uniform(0, index % 4 == 0 ? widest_gap(contract.format) : 45);
  const double top = index % 3 == 0 ? 0 : 20 * random.normal();
  for (double& x : row) x = fit(contract.format, top - lead - (index % 2 == 0 ? 0 : random.uniform()));
  row[random.below(row.size())] = fit(contract.format, top);
}

/// Entries whose exp, beside the largest, is about as small as the format's numbers go.
void subnormal_sums(const Contract& contract, std::size_t /*index*/, Row row, Random& random) {
  const double end = widest_gap(contract.format);
  const double top = random.one_in(2) ? 0 : 10 * random.normal();
  for (double& x : row) x = fit(contract.format, top - random.uniform(end * 0.8, end * 1.02));
  row[random.below(row.size())] = fit(contract.format, top);
}

/// Normal entries with any standard deviation from 2^-24 to 2^8, around any centre of such size.
void any_scale(const Contract& contract, std::size_t /*index*/, Row row, Random& random) {
  const double scale = std::exp2(random.uniform(-24, 8));
  const double centre = random.one_in(2) ? 0 : std::exp2(random.uniform(-8, 12)) * (random.one_in(2) ? 1 : -1);
  for (double& x : row) x = fit(contract.format, centre + scale * random.normal());
}

/// Two groups of equal entries: sums in which every term is rounded the same way.
void two_levels(const Contract& contract, std::size_t /*index*/, Row row, Random& random) {
  const double high = 8 * random.normal(), low = high - random.uniform(0, 30);
  const std::size_t ones = random.one_in(2) ? 1 : random.below(row.size()) + 1;
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = fit(contract.format, i < ones ? high : low);
}

/// Any finite numbers of one sign and one binade, in any binade.
void one_binade(const Contract& contract, std::size_t /*index*/, Row row, Random& random) {
  const FormatTraits& t = traits(contract.format);
  const auto exponent = static_cast<int>(random.between(t.min_exponent, t.max_exponent - 1));
  const double sign = random.one_in(2) ? 1 : -1;
  for (double& x : row) x = fit(contract.format, sign * std::ldexp(1 + random.uniform(), exponent));
}

/// Kinds of a hunt alone; the audit's own are used beside them.
constexpr RowKind kind_table[] = {
    {"gaps", "one class leads by any gap", RowSpace::logits, true, any_count, gaps},
    {"subnormal_sums", "exp of all but one is subnormal or nearly", RowSpace::logits, false, any_count, subnormal_sums},
    {"any_scale", "normal with any standard deviation", RowSpace::logits, false, any_count, any_scale},
    {"two_levels", "two groups of equal logits", RowSpace::logits, true, any_count, two_levels},
    {"one_binade", "all in one binade", RowSpace::logits, false, 1000, one_binade},
    {"any_real_scale", "normal with any standard deviation", RowSpace::reals, false, any_count, any_scale},
    {"two_real_levels", "two groups of equal outputs", RowSpace::reals, true, any_count, two_levels},
};

/// Infinities and NaNs are for the audit's generators: what is left of them is a rule, no error to climb on.
bool is_finite_kind(const RowKind& kind) { return !kind.name.starts_with("special") && kind.name != "masked_logits"; }

std::vector<const RowKind*> kinds_for(const Contract& contract) {
  std::vector<const RowKind*> kinds;
  const auto add = [&](std::span<const RowKind> table) {
    for (const RowKind& kind : table) {
      if (kind.space == row_space(contract) && is_finite_kind(kind)) kinds.push_back(&kind);
    }
  };
  add(kind_table);
  add(row_kinds());
  return kinds;
}

Batch rows_of(const Contract& contract, std::size_t elements, std::size_t longest, Random& random) {
  const std::vector<const RowKind*> kinds = kinds_for(contract);
  const RowKind* kind = kinds[random.below(kinds.size())];
  std::size_t classes = 0;
  do {
    classes = lengths[random.below(std::size(lengths))];
  } while (classes > std::min(longest, kind->most));
  // The index is where a kind is in its patterns: any one of them.
  return row_batch(contract, *kind, classes, std::max<std::size_t>(1, elements / classes), random.below(1 << 20),
                   random);
}

Batch elements_of(const Contract& contract, std::size_t elements, Random& random) {
  const ValueSpace space = output_space(contract);
  std::vector<const ValueKind*> kinds;
  for (const ValueKind& kind : value_kinds()) {
    if (kind.random && kind.applies(space)) kinds.push_back(&kind);
  }
  Batch batch;
  batch.output = kinds[random.below(kinds.size())]->values(space, elements, random);
  // A kind that goes through every binade has more of them than fit.
  while (batch.output.size() > elements) {
    std::swap(batch.output[random.below(batch.output.size())], batch.output.back());
    batch.output.pop_back();
  }
  batch.shape = {1, batch.output.size(), 1};
  if (traits(contract.function).target == TargetKind::dense) {
    for (std::size_t i = 0; i < batch.output.size(); ++i) {
      batch.target.push_back(binary_target(contract.format, random));
    }
  }
  return batch;
}

std::vector<Batch> reductions_of(const Contract& contract, std::size_t elements, Random& random) {
  std::vector<const Generator*> fit_ones;
  for (const Generator& generator : generators()) {
    const bool finite = generator.name != "special_losses";
    if (generator.random && finite && generator.applies(contract)) fit_ones.push_back(&generator);
  }
  std::vector<Batch> chosen;
  if (fit_ones.empty()) return chosen;
  std::vector<Batch> all = fit_ones[random.below(fit_ones.size())]->batches(contract, elements, random);
  std::size_t made = 0;
  while (!all.empty() && made < elements) {
    std::swap(all[random.below(all.size())], all.back());
    made += all.back().shape.elements();
    if (all.back().shape.elements() <= elements) chosen.push_back(std::move(all.back()));
    all.pop_back();
  }
  return chosen;
}

const RowKind& ordinary_kind(const Contract& contract) {
  for (const RowKind& kind : row_kinds()) {
    const bool is_it =
        kind.name == "realistic_logits" || kind.name == "softmax_outputs" || kind.name == "realistic_rows";
    if (kind.space == row_space(contract) && is_it) return kind;
  }
  return row_kinds().front();
}

}  // namespace

std::vector<Batch> hunting_seeds(const Contract& contract, std::size_t elements, std::size_t longest, Random& random) {
  std::vector<Batch> seeds;
  if (!packable(contract)) {
    seeds = reductions_of(contract, elements, random);
  } else if (traits(contract.function).layout == Layout::elementwise) {
    seeds.push_back(elements_of(contract, elements, random));
  } else {
    seeds.push_back(rows_of(contract, elements, longest, random));
  }
  for (Batch& batch : seeds) add_weights_and_upstream(contract, batch, random);
  return seeds;
}

Batch ordinary_batch(const Contract& contract, const Shape& shape, Random& random) {
  Batch batch;
  if (traits(contract.function).layout == Layout::elementwise) {
    const ValueSpace space = output_space(contract);
    const auto is_ordinary = [](const ValueKind& kind) { return kind.name == "realistic"; };
    batch.output = std::ranges::find_if(value_kinds(), is_ordinary)->values(space, shape.elements(), random);
    batch.shape = shape;
    if (traits(contract.function).target == TargetKind::dense) {
      for (std::size_t i = 0; i < shape.elements(); ++i) batch.target.push_back(binary_target(contract.format, random));
    }
  } else {
    batch = row_batch(contract, ordinary_kind(contract), shape.classes, shape.rows(), random.below(1 << 20), random);
  }
  add_weights_and_upstream(contract, batch, random);
  return batch;
}

}  // namespace lossaudit
