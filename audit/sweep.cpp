#include "audit/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <tuple>
#include <utility>

#include "audit/inputs.hpp"

namespace lossaudit {
namespace {

/// Inputs of a block: enough to make a call's own cost small, few enough for blocks of several threads in memory.
constexpr std::size_t block_bits = 16;

/// The targets of the f32 sweeps: hard ones, the middle, and two without a short encoding on either side of it.
constexpr double some_targets[] = {0, 1, 0.5, 0.1, 0.9};

int bits_of(Format format) { return 8 * traits(format).bytes; }

bool is_swept(const Contract& contract) {
  Options plain;
  plain.from_logits = contract.options.from_logits;
  plain.epsilon = contract.options.epsilon;
  if (traits(contract.function).layout != Layout::elementwise || contract.format == Format::f64 ||
      contract.options != plain) {
    return false;
  }
  // Of one argument, all 16-bit values are a generator's.
  if (!takes_target(contract) && contract.format != Format::f32) return false;
  return judges(contract);
}

/// The values of the encodings from `first` on. Of f32 without decode(), which takes longer than an exact result.
void decode_run(Format format, std::uint64_t first, std::span<double> values) {
  if (format == Format::f32) {
    const auto bits = static_cast<std::uint32_t>(first);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = std::bit_cast<float>(bits + static_cast<std::uint32_t>(i));
    }
  } else {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = decode(format, first + i);
  }
}

std::shared_ptr<const Batch> batch_of(const Contract& contract, const SweepBlock& block) {
  std::vector<double> outputs(block.count);
  decode_run(contract.format, block.first, outputs);
  const auto batch = std::make_shared<Batch>(sweep_batch(contract, block.target, std::move(outputs)));
  batch->origin = origin_of(contract, block);
  return batch;
}

}  // namespace

bool takes_target(const Contract& contract) { return traits(contract.function).target == TargetKind::dense; }

Batch sweep_batch(const Contract& contract, double target, std::vector<double> outputs) {
  Batch batch;
  const std::size_t count = outputs.size();
  batch.shape = {1, count, 1};
  batch.output = std::move(outputs);
  if (takes_target(contract)) batch.target.assign(count, target);
  if (has_upstream(contract)) batch.upstream.assign(count, 1);
  return batch;
}

SweepPlan::SweepPlan(const Contract& contract) : format_(contract.format) {
  if (!is_swept(contract)) return;
  blocks_each_ = std::size_t{1} << (bits_of(format_) - std::min<int>(block_bits, bits_of(format_)));
  sweeps_ = 1;
  if (!takes_target(contract)) {
    targets_ = {0};
    covers_ = true;
  } else if (format_ == Format::f32) {
    for (const double target : some_targets) targets_.push_back(round_to(format_, target));
    sweeps_ = targets_.size();
  } else {
    for (std::uint64_t bits = 0; bits >> bits_of(format_) == 0; ++bits) targets_.push_back(decode(format_, bits));
    covers_ = true;
  }
}

SweepBlock SweepPlan::block(std::size_t index) const {
  const std::size_t target = index / blocks_each_;
  const std::size_t count = (std::size_t{1} << bits_of(format_)) / blocks_each_;
  return {sweeps_ == 1 ? 0 : target, targets_[target], (index % blocks_each_) * count, count};
}

std::size_t SweepPlan::place_of(double target) const {
  const auto has_bits = [&](double other) { return encode(format_, other) == encode(format_, target); };
  return static_cast<std::size_t>(std::ranges::find_if(targets_, has_bits) - targets_.begin());
}

std::uint64_t SweepPlan::results_each() const {
  return (std::uint64_t{1} << bits_of(format_)) * (sweeps_ == 1 ? targets_.size() : 1);
}

std::string SweepPlan::inputs(std::size_t sweep) const {
  if (tries_pairs()) return fmt::format("every {} output with every target", traits(format_).name);
  if (covers_) return fmt::format("every {}", traits(format_).name);
  return fmt::format("every {} output, target {}", traits(format_).name, static_cast<float>(targets_[sweep]));
}

std::string origin_of(const Contract& contract, const SweepBlock& block) {
  return fmt::format("{}/{}/{}/{}", sweep_generator, encode(contract.format, block.target), block.first, block.count);
}

std::shared_ptr<const Batch> swept_batch(const Contract& contract, const std::string& origin) {
  std::uint64_t numbers[3] = {};
  const char* at = origin.data() + sweep_generator.size();
  const char* const end = origin.data() + origin.size();
  if (!origin.starts_with(sweep_generator) || !is_swept(contract)) return nullptr;
  for (std::uint64_t& number : numbers) {
    if (at == end || *at != '/') return nullptr;
    const auto [next, error] = std::from_chars(at + 1, end, number);
    if (error != std::errc()) return nullptr;
    at = next;
  }
  const std::uint64_t all = std::uint64_t{1} << bits_of(contract.format);
  const auto [target, first, count] = numbers;
  if (at != end || target >= all || count < 1 || count > (std::uint64_t{1} << block_bits) || first > all - count) {
    return nullptr;
  }
  return batch_of(contract, {0, decode(contract.format, target), first, count});
}

void SweepState::offer(double ulp, std::uint64_t target, std::uint64_t output) {
  const auto place = std::pair(target, output);
  if (ulp < max_ulp || ulp == 0 || (ulp == max_ulp && place > std::pair(worst_target, worst))) return;
  max_ulp = ulp;
  std::tie(worst_target, worst) = place;
}

void SweepState::add(const SweepState& other, std::uint64_t all) {
  results += other.results;
  offer(other.max_ulp, other.worst_target, other.worst);
  seconds += other.seconds;
  complete = results == all;
  binades.resize(std::max(binades.size(), other.binades.size()));
  for (std::size_t b = 0; b < other.binades.size(); ++b) {
    binades[b].numbers += other.binades[b].numbers;
    binades[b].correctly_rounded += other.binades[b].correctly_rounded;
    binades[b].max_ulp = std::max(binades[b].max_ulp, other.binades[b].max_ulp);
    binades[b].sum_ulp.add(other.binades[b].sum_ulp);
  }
}

namespace {

/// A binade with a result that is not correctly rounded stands alone, neighbours without one together.
std::vector<SweepBinade> histogram(Format format, const std::vector<BinadeState>& states) {
  std::vector<SweepBinade> all;
  ExactUlpSum sum;
  std::size_t next = 0;
  for (std::size_t b = 0; b < states.size(); ++b) {
    const BinadeState& state = states[b];
    if (state.numbers == 0) continue;
    const std::uint64_t off = state.numbers - state.correctly_rounded;
    const bool is_more = off == 0 && !all.empty() && all.back().not_correctly_rounded == 0 && next == b;
    if (!is_more) {
      sum = {};
      all.push_back({to_hex(format, decode(format, b << binade_shift(format))), 0, 0, 0, 0});
    }
    SweepBinade& binade = all.back();
    sum.add(state.sum_ulp);
    binade.count += state.numbers;
    binade.not_correctly_rounded += off;
    binade.max_ulp = std::max(binade.max_ulp, state.max_ulp);
    binade.mean_ulp = sum.value() / static_cast<double>(binade.count);
    next = b + 1;
  }
  return all;
}

}  // namespace

Sweep sweep_of(const Contract& contract, const SweepState& state, const std::string& inputs) {
  std::uint64_t numbers = 0, rounded = 0;
  ExactUlpSum sum;
  for (const BinadeState& binade : state.binades) {
    numbers += binade.numbers;
    rounded += binade.correctly_rounded;
    sum.add(binade.sum_ulp);
  }
  const auto of_numbers = [numbers](double x) { return numbers == 0 ? 0 : x / static_cast<double>(numbers); };
  const auto hex = [&contract](std::uint64_t bits) { return to_hex(contract.format, decode(contract.format, bits)); };
  Sweep sweep;
  sweep.inputs = inputs + (has_upstream(contract) ? ", upstream 1" : "");
  sweep.count = state.results;
  sweep.max_ulp = state.max_ulp;
  sweep.mean_ulp = of_numbers(sum.value());
  sweep.correctly_rounded = of_numbers(static_cast<double>(rounded));
  sweep.worst = hex(state.worst);
  sweep.seconds = state.seconds;
  sweep.binades = histogram(contract.format, state.binades);
  if (SweepPlan(contract).tries_pairs()) sweep.worst_target = hex(state.worst_target);
  return sweep;
}

}  // namespace lossaudit
