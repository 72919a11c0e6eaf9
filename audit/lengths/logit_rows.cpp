#include "audit/lengths/logit_rows.hpp"

#include <algorithm>

#include "audit/marshal.hpp"
#include "reference/bulk.hpp"

namespace lossaudit {
namespace {

constexpr unsigned logit_bits = 9;
constexpr std::size_t logits = 1U << logit_bits;
/// Shorter rows are the reference's own: their results may be so near 0 that the counts' rounding shows.
constexpr std::uint64_t first_counted = 4096;
constexpr std::size_t most_known = 4096;

constexpr double middle = logits / 2.0;

double logit(std::size_t place) { return (static_cast<double>(place) - middle) / 64; }

/// The row that has every logit once.
Batch all_logits() {
  Batch batch;
  batch.shape = {1, logits, 1};
  for (std::size_t i = 0; i < logits; ++i) batch.output.push_back(logit(i));
  return batch;
}

/// The exact results of a row for a class at one place, known to 2^-73.
std::vector<long double> exact_values(Contract contract, Batch batch, std::size_t place) {
  contract.format = Format::f64;
  const TargetKind target = traits(contract.function).target;
  if (target == TargetKind::labels) batch.labels = {static_cast<std::int64_t>(place)};
  if (target == TargetKind::dense) {
    batch.target.assign(batch.output.size(), 0);
    batch.target[place] = 1;
  }
  std::vector<long double> values;
  for (const Expected& exact : expect(contract, batch)) values.push_back(exact_value(exact));
  return values;
}

}  // namespace

bool LogitRows::serves(const Contract& contract) {
  const bool is_row = traits(contract.function).layout != Layout::elementwise;
  return is_row && contract.pass == Pass::forward && bulk::serves(contract);
}

std::optional<LogitRows> LogitRows::of(const Contract& contract) {
  if (!serves(contract)) return std::nullopt;
  return LogitRows(contract);
}

LogitRows::LogitRows(const Contract& contract) : contract_(contract) {
  const Batch all = all_logits();
  stored_.resize(logits * static_cast<std::size_t>(traits(contract.format).bytes));
  store_values(contract.format, all.output, stored_.data());
  Contract softmax = contract;
  softmax.function = Function::softmax;
  softmax.dialect = Dialect::exact;
  softmax.options = {};
  parts_ = exact_values(softmax, all, 0);
}

void LogitRows::make(std::uint64_t n, Random& random, Sample& sample) const {
  const auto bytes = static_cast<std::size_t>(traits(contract_.format).bytes);
  sample.shape = {1, n, 1};
  resize_anew(sample.output, n * bytes);
  std::vector<std::uint64_t> times(logits);
  Draws<logit_bits>().for_each_block(n, random, [&](std::size_t first, std::span<const std::uint16_t> places) {
    gather(stored_, bytes, places, sample.output.data() + first * bytes);
    for (const std::uint16_t place : places) ++times[place];
  });
  const std::size_t label = random.below(n);
  const TargetKind target = traits(contract_.function).target;
  sample.labels.clear();
  sample.target.clear();
  if (target == TargetKind::labels) sample.labels = {static_cast<std::int64_t>(label)};
  if (target == TargetKind::dense) {
    resize_anew(sample.target, n * bytes);
    const double one = 1;
    store_values(contract_.format, std::span(&one, 1), sample.target.data() + label * bytes);
  }
  sample.known.clear();
  if (n < first_counted) {
    know_by_reference(label, sample);
  } else {
    know_by_counts(times, label, sample);
  }
}

void LogitRows::know_by_reference(std::uint64_t label, Sample& sample) const {
  Batch batch;
  batch.shape = sample.shape;
  for (std::size_t i = 0; i < sample.shape.classes; ++i) batch.output.push_back(logit(place_of(sample, i)));
  const std::vector<long double> values = exact_values(contract_, std::move(batch), label);
  for (std::size_t i = 0; i < values.size(); ++i) sample.known.push_back({i, values[i]});
}

/// With p the softmax of the row that has each logit x once, and n how often each occurs, Σ n e^x is W Σ e^x, where
/// W = Σ n p: softmax is p / W, and each logarithm of the sum gains ln W.
void LogitRows::know_by_counts(const std::vector<std::uint64_t>& times, std::uint64_t label, Sample& sample) const {
  long double sum = 0, lost = 0;
  for (std::size_t i = 0; i < logits; ++i) {
    const long double y = static_cast<long double>(times[i]) * parts_[i] - lost, next = sum + y;
    lost = (next - sum) - y;
    sum = next;
  }
  const std::vector<long double> values = exact_values(contract_, all_logits(), place_of(sample, label));
  const auto gained = [&](long double value) {
    if (contract_.function == Function::softmax) return value / sum;
    return contract_.function == Function::log_softmax ? value - std::log(sum) : value + std::log(sum);
  };
  if (values.size() == 1) {
    sample.known = {{0, gained(values[0])}};
    return;
  }
  const std::size_t step = std::max<std::size_t>(1, sample.shape.classes / most_known);
  for (std::size_t i = 0; i < sample.shape.classes; i += step) {
    sample.known.push_back({i, gained(values[place_of(sample, i)])});
  }
}

/// Which of the logits stands at a class.
std::size_t LogitRows::place_of(const Sample& sample, std::size_t at) const {
  double x = 0;
  const auto bytes = static_cast<std::size_t>(traits(contract_.format).bytes);
  load_values(contract_.format, sample.output.data() + at * bytes, std::span(&x, 1));
  return static_cast<std::size_t>(x * 64 + middle);
}

}  // namespace lossaudit
