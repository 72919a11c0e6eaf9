#include "audit/sweep_trial.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "audit/inputs.hpp"
#include "audit/marshal.hpp"
#include "audit/measure.hpp"

namespace lossaudit {
namespace {

/// The encodings from `first` on, as they are stored.
template <class Bits>
void store_run(std::uint64_t first, std::uint32_t count, std::vector<std::byte>& stored) {
  stored.resize(count * sizeof(Bits));
  auto* const to = reinterpret_cast<Bits*>(stored.data());
  const auto begin = static_cast<Bits>(first);
  for (std::uint32_t i = 0; i < count; ++i) to[i] = static_cast<Bits>(begin + i);
}

/// `count` times one value, as it is stored.
void store_value(Format format, double value, std::size_t count, std::vector<std::byte>& stored) {
  const auto bytes = static_cast<std::size_t>(traits(format).bytes);
  const std::uint64_t bits = encode(format, value);
  stored.resize(count * bytes);
  for (std::size_t i = 0; i < count; ++i) std::memcpy(stored.data() + i * bytes, &bits, bytes);
}

/// A conversion would quiet a signalling NaN.
double as_double(float x) { return std::isnan(x) ? decode(Format::f32, std::bit_cast<std::uint32_t>(x)) : x; }

}  // namespace

SweepDomain::SweepDomain(const Contract& contract, double target) {
  const int shift = binade_shift(contract.format);
  std::vector<double> outputs;
  for (std::uint64_t b = 0; b < binade_count(contract.format); ++b) {
    for (const std::uint64_t bits : {b << shift, (b << shift) + 1, ((b + 1) << shift) - 1}) {
      outputs.push_back(decode(contract.format, bits));
    }
  }
  const std::vector<Expected> exact = expect(contract, sweep_batch(contract, target, std::move(outputs)));
  const auto due = [&exact](std::size_t i) {
    const Expected& e = exact[i];
    if (e.kind == Expected::Kind::nan) return SweepDue::nan;
    if (e.kind == Expected::Kind::number || e.recommended) return SweepDue::number;
    return e.rounded > 0 ? SweepDue::plus_pole : SweepDue::minus_pole;
  };
  for (std::size_t b = 0; b < binade_count(contract.format); ++b) {
    rest_.push_back(due(3 * b + 1) == due(3 * b + 2) ? due(3 * b + 1) : SweepDue::number);
    const bool is_nan = due(3 * b) == SweepDue::nan;
    first_.push_back(is_nan || rest_.back() != SweepDue::number ? due(3 * b) : SweepDue::number);
  }
}

const SweepDomain& SweepDomains::of(const Contract& contract, double target) {
  const std::size_t place = !std::isfinite(target) ? 5
                            : target < 0           ? 0
                            : target == 0          ? 1
                            : target < 1           ? 2
                            : target == 1          ? 3
                                                   : 4;
  auto& domain = domains_[takes_target(contract) ? place : 0];
  if (domain == nullptr) domain = std::make_unique<SweepDomain>(contract, target);
  return *domain;
}

void SweepDesk::lay_out(const Contract& contract, const SweepBlock& block) {
  const auto bytes = static_cast<std::size_t>(traits(contract.format).bytes);
  const auto bits = encode(contract.format, block.target);
  if (contract.format == Format::f32) {
    store_run<std::uint32_t>(block.first, static_cast<std::uint32_t>(block.count), output_);
  } else {
    store_run<std::uint16_t>(block.first, static_cast<std::uint32_t>(block.count), output_);
  }
  const auto size_if = [&](bool is_taken) { return is_taken ? block.count * bytes : 0; };
  const bool is_same = stored_.format == contract.format && stored_.target == bits && block.count == block_.count;
  if (!is_same || target_.size() != size_if(takes_target(contract))) {
    target_.clear();
    if (takes_target(contract)) store_value(contract.format, block.target, block.count, target_);
  }
  if (!is_same || upstream_.size() != size_if(has_upstream(contract))) {
    upstream_.clear();
    if (has_upstream(contract)) store_value(contract.format, 1, block.count, upstream_);
  }
  stored_ = {contract.format, bits};
  block_ = block;
}

void SweepDesk::list_values(Format format) {
  if (format == Format::f32 || format == format_of_values_) return;
  values_.clear();
  for (std::uint64_t bits = 0; bits < 1 << 16; ++bits) values_.push_back(static_cast<float>(decode(format, bits)));
  format_of_values_ = format;
}

/// The block's outputs as floats.
std::span<const float> SweepDesk::outputs(Format format) const {
  if (format == Format::f32) return {reinterpret_cast<const float*>(output_.data()), block_.count};
  return {values_.data() + block_.first, block_.count};
}

std::span<const float> SweepDesk::results(Format format) {
  if (format == Format::f32) return {reinterpret_cast<const float*>(result_.data()), block_.count};
  computed_.resize(block_.count);
  const auto* const bits = reinterpret_cast<const std::uint16_t*>(result_.data());
  for (std::size_t i = 0; i < block_.count; ++i) computed_[i] = values_[bits[i]];
  return computed_;
}

SweepFindings SweepDesk::ask(Subject& subject, const Contract& contract, const SweepDomain& domain, SweepKnown known) {
  result_.resize(output_.size());
  SweepFindings findings;
  findings.was_asked = true;
  findings.outcome = subject.compute_stored(contract, {1, block_.count, 1}, {output_, target_, upstream_}, result_);
  if (findings.outcome.kind != Outcome::Kind::computed) return findings;

  list_values(contract.format);
  const std::span<const float> x = outputs(contract.format);
  const std::span<const float> computed = results(contract.format);
  const SweptFunction function = swept_function(contract, block_.target);
  const int shift = binade_shift(contract.format);
  SweepLists all;
  for (std::size_t begin = 0; begin < block_.count;) {
    const std::size_t binade = (block_.first + begin) >> shift;
    const std::size_t end = std::min(block_.count, ((binade + 1) << shift) - block_.first);
    std::size_t from = begin;
    const bool is_first = block_.first + begin == binade << shift;
    const SweepDue due = domain.rest(binade);
    if (is_first && domain.first(binade) != due) {
      all.open.push_back(static_cast<std::uint32_t>(from++));
    }
    Tally tally;
    SweepLists lists;
    if (due == SweepDue::nan) {
      judge_nans(computed.subspan(from, end - from), tally, lists);
    } else if (due != SweepDue::number) {
      constexpr float infinity = std::numeric_limits<float>::infinity();
      const float pole = due == SweepDue::plus_pole ? infinity : -infinity;
      judge_poles(computed.subspan(from, end - from), pole, tally, lists);
    } else {
      judge_run(function, x.subspan(from, end - from), computed.subspan(from, end - from), known, tally, lists);
    }
    tally.max_at += from;
    findings.tallies.emplace_back(binade, tally);
    for (const std::uint32_t i : lists.open) all.open.push_back(static_cast<std::uint32_t>(from) + i);
    for (const std::uint32_t i : lists.candidates) all.candidates.push_back(static_cast<std::uint32_t>(from) + i);
    begin = end;
  }
  const auto look = [&](const std::vector<std::uint32_t>& indices, bool is_tallied) {
    if (indices.empty()) return;
    std::vector<double> outputs;
    for (const std::uint32_t i : indices) outputs.push_back(x[i]);
    const std::vector<Expected> exact = expect(contract, sweep_batch(contract, block_.target, std::move(outputs)));
    for (std::size_t k = 0; k < indices.size(); ++k) {
      findings.seen.push_back({indices[k], as_double(computed[indices[k]]), exact[k], is_tallied});
    }
  };
  look(all.open, false);
  look(all.candidates, true);
  return findings;
}

void add_findings(const Contract& contract, const SweepBlock& block, const SweepFindings& findings,
                  Accumulator& results, SweepState& state) {
  state.binades.resize(std::max(state.binades.size(), binade_count(contract.format)));
  const std::uint64_t target = takes_target(contract) ? encode(contract.format, block.target) : 0;
  for (const auto& [place, tally] : findings.tallies) {
    results.add(tally, decode(contract.format, block.first + tally.max_at));
    BinadeState& binade = state.binades[place];
    binade.numbers += tally.numbers;
    binade.correctly_rounded += tally.correctly_rounded;
    binade.max_ulp = std::max(binade.max_ulp, tally.max_ulp);
    binade.sum_ulp.add(tally.sum_ulp);
  }
  for (const SweepFindings::Seen& seen : findings.seen) {
    const std::uint64_t output = block.first + seen.index;
    const std::shared_ptr<const Batch> batch =
        swept_batch(contract, origin_of(contract, {block.sweep, block.target, output, 1}));
    const Judgement judgement = judge(contract.format, seen.exact, seen.computed);
    const bool is_measured = judgement.numeric && judgement.required;
    if (is_measured) state.offer(judgement.ulp, target, output);
    if (seen.is_tallied) {
      results.consider(batch, 0, seen.exact, seen.computed);
      continue;
    }
    results.add(batch, std::span(&seen.exact, 1), std::span(&seen.computed, 1));
    if (!is_measured) continue;
    BinadeState& binade = state.binades[output >> binade_shift(contract.format)];
    ++binade.numbers;
    binade.correctly_rounded += judgement.correctly_rounded ? 1 : 0;
    binade.max_ulp = std::max(binade.max_ulp, judgement.ulp);
    binade.sum_ulp.add(judgement.ulp);
  }
  state.results += block.count;
}

}  // namespace lossaudit
