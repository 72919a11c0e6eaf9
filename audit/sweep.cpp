#include "audit/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "audit/accumulator.hpp"
#include "audit/marshal.hpp"
#include "audit/measure.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {
namespace {

/// Inputs of a block: enough to make a call's own cost small, few enough for blocks of several threads in memory.
constexpr std::size_t block_bits = 17;

/// The targets of the f32 sweeps: hard ones, the middle, and two without a short encoding on either side of it.
constexpr double some_targets[] = {0, 1, 0.5, 0.1, 0.9};

int bits_of(Format format) { return 8 * traits(format).bytes; }

bool takes_target(const Contract& contract) { return traits(contract.function).target == TargetKind::dense; }

bool is_swept(const Contract& contract) {
  Options plain;
  plain.from_logits = contract.options.from_logits;
  if (traits(contract.function).layout != Layout::elementwise || contract.format == Format::f64 ||
      contract.options != plain) {
    return false;
  }
  // Of one argument, all 16-bit values are a generator's.
  if (!takes_target(contract) && contract.format != Format::f32) return false;
  return contract.function == Function::relu || bulk::serves(contract);
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

/// The encodings from `first` on, as they are stored.
template <class Bits>
void store_run(std::uint64_t first, std::size_t count, std::vector<std::byte>& stored) {
  stored.resize(count * sizeof(Bits));
  for (std::size_t i = 0; i < count; ++i) {
    const auto bits = static_cast<Bits>(first + i);
    std::memcpy(stored.data() + i * sizeof bits, &bits, sizeof bits);
  }
}

/// The block's inputs, in a batch whose memory is used again.
void fill_batch(const Contract& contract, const SweepBlock& block, Batch& batch) {
  batch.shape = {1, block.count, 1};
  batch.output.resize(block.count);
  decode_run(contract.format, block.first, batch.output);
  if (takes_target(contract)) batch.target.assign(block.count, block.target);
  if (contract.pass == Pass::gradient) batch.upstream.assign(block.count, 1);
  batch.origin = origin_of(contract, block);
}

std::shared_ptr<const Batch> batch_of(const Contract& contract, const SweepBlock& block) {
  const auto batch = std::make_shared<Batch>();
  fill_batch(contract, block, *batch);
  return batch;
}

/// max(x, 0) and its derivative, which round nothing.
void enclose_relu(const Contract& contract, const Batch& batch, bulk::Enclosures& exact) {
  const std::size_t n = batch.output.size();
  exact.value.resize(n);
  exact.radius.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double x = batch.output[i];
    const double slope = x > 0 ? 1 : 0;
    exact.value[i] = contract.pass == Pass::gradient ? slope : std::max(x, 0.0);
    exact.radius[i] = std::isfinite(x) ? 0 : std::numeric_limits<double>::infinity();
  }
}

/// A block lies on one side of 0 and its outputs are in order, and a function's domain is an interval: a NaN due at both
/// ends is due in between.
bool are_nans_due(const Contract& contract, const Batch& batch) {
  Batch ends;
  ends.shape = {1, 2, 1};
  for (const std::size_t i : {std::size_t{0}, batch.output.size() - 1}) {
    ends.output.push_back(batch.output[i]);
    if (!batch.target.empty()) ends.target.push_back(batch.target[i]);
    if (!batch.upstream.empty()) ends.upstream.push_back(batch.upstream[i]);
  }
  return std::ranges::all_of(expect(contract, ends), [](const Expected& e) { return e.kind == Expected::Kind::nan; });
}

SweepBlock one_of(const SweepBlock& block, std::size_t index) {
  return {block.sweep, block.target, block.first + index, 1};
}

/// Takes results that were not settled in lanes to the reference, each as a batch of its own.
void settle_open(const Contract& contract, const PreparedBlock& prepared, std::span<const float> computed,
                 std::span<const std::uint32_t> open, Accumulator& results, SweepState& state) {
  for (const std::uint32_t index : open) {
    const std::shared_ptr<const Batch> batch = batch_of(contract, one_of(prepared.block, index));
    const std::vector<Expected> exact = expect(contract, *batch);
    const double value = computed[index];
    results.add(batch, exact, std::span(&value, 1));
    const Judgement judgement = judge(contract.format, exact.front(), value);
    if (!judgement.numeric || !judgement.required) continue;
    ++state.numbers;
    state.correctly_rounded += judgement.correctly_rounded ? 1 : 0;
    state.sum_ulp.add(judgement.ulp);
    state.see(contract.format, judgement.ulp, batch->output.front());
  }
}

}  // namespace

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
    for (std::uint64_t bits = 0; bits <= encode(format_, 1); ++bits) targets_.push_back(decode(format_, bits));
  }
}

SweepBlock SweepPlan::block(std::size_t index) const {
  const std::size_t target = index / blocks_each_;
  const std::size_t count = (std::size_t{1} << bits_of(format_)) / blocks_each_;
  return {sweeps_ == 1 ? 0 : target, targets_[target], (index % blocks_each_) * count, count};
}

std::size_t SweepPlan::place_of(double target) const {
  return static_cast<std::size_t>(std::ranges::find(targets_, target) - targets_.begin());
}

std::uint64_t SweepPlan::results_each() const {
  return (std::uint64_t{1} << bits_of(format_)) * (sweeps_ == 1 ? targets_.size() : 1);
}

std::string SweepPlan::inputs(std::size_t sweep) const {
  if (covers_) return fmt::format("every {}", traits(format_).name);
  if (sweeps_ == 1) return fmt::format("every {} output with every target in [0, 1]", traits(format_).name);
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

void prepare_block(const Contract& contract, const SweepBlock& block, PreparedBlock& prepared) {
  const auto bytes = static_cast<std::size_t>(traits(contract.format).bytes);
  Batch& batch = prepared.batch;
  batch.target.clear();
  batch.upstream.clear();
  fill_batch(contract, block, batch);
  prepared.block = block;
  if (bytes == sizeof(std::uint32_t)) {
    store_run<std::uint32_t>(block.first, block.count, prepared.output);
  } else {
    store_run<std::uint16_t>(block.first, block.count, prepared.output);
  }
  const auto store = [&](const std::vector<double>& from, std::vector<std::byte>& to) {
    to.resize(from.size() * bytes);
    store_values(contract.format, from, to.data());
  };
  store(batch.target, prepared.target);
  store(batch.upstream, prepared.upstream);
  prepared.nans_due = are_nans_due(contract, batch);
  if (prepared.nans_due) return;
  if (contract.function == Function::relu) {
    enclose_relu(contract, batch, prepared.exact);
  } else {
    bulk::enclose(contract, batch, bulk::Lanes::single, prepared.exact);
  }
}

void SweepState::see(Format format, double ulp, double output) {
  const bool first = ulp == max_ulp && ulp > 0 && encode(format, output) < encode(format, worst);
  if (ulp <= max_ulp && !first) return;
  max_ulp = ulp;
  worst = output;
}

Sweep sweep_of(const Contract& contract, const SweepState& state, const std::string& inputs) {
  const auto numbers = static_cast<double>(state.numbers);
  return {inputs,
          state.results,
          state.max_ulp,
          state.numbers == 0 ? 0 : state.sum_ulp.value() / numbers,
          state.numbers == 0 ? 0 : static_cast<double>(state.correctly_rounded) / numbers,
          to_hex(contract.format, state.worst),
          state.seconds};
}

Outcome SweepTrial::run(Subject& subject, const Contract& contract, const PreparedBlock& prepared, Accumulator& results,
                        SweepState& state) {
  const std::size_t count = prepared.block.count;
  stored_.resize(count * static_cast<std::size_t>(traits(contract.format).bytes));
  Outcome outcome =
      subject.compute_stored(contract, {1, count, 1}, {prepared.output, prepared.target, prepared.upstream}, stored_);
  if (outcome.kind != Outcome::Kind::computed) return outcome;

  computed_.resize(count);
  if (contract.format == Format::f32) {
    std::memcpy(computed_.data(), stored_.data(), stored_.size());
  } else {
    values_.resize(count);
    load_values(contract.format, stored_.data(), values_);
    std::ranges::copy(values_, computed_.begin());
  }
  open_.clear();
  const Tally tally = prepared.nans_due ? judge_nans(computed_, open_)
                                        : judge_run(contract.format, computed_, prepared.exact, results.limit(), open_);
  const double worst = decode(contract.format, prepared.block.first + tally.max_at);
  results.add(tally, worst, [&] {
    return Sighting{batch_of(contract, one_of(prepared.block, tally.max_at)), 0, tally.max_ulp,
                    computed_[tally.max_at]};
  });
  state.results += count;
  state.numbers += tally.numbers;
  state.correctly_rounded += tally.correctly_rounded;
  state.sum_ulp.add(tally.sum_ulp);
  state.see(contract.format, tally.max_ulp, worst);
  settle_open(contract, prepared, computed_, open_, results, state);
  return outcome;
}

}  // namespace lossaudit
