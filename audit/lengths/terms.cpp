#include "audit/lengths/terms.hpp"

#include <cmath>

#include "audit/inputs/values.hpp"
#include "audit/marshal.hpp"

namespace lossaudit {
namespace {

/// So many that the rounding errors of the terms themselves hardly show in the sum: they are random, and the same for
/// terms that are the same.
constexpr unsigned palette_bits = 10;
constexpr std::size_t palette_size = 1U << palette_bits;
/// A power of two, for a mean divides by it without an error; and few enough for the range of f32.
constexpr int growing_terms = 16;
/// From here on a softplus is its argument, in f32 and f64.
constexpr double first_large_logit = 64;

/// Of so few bits that its square is a number of the format.
double of_few_bits(Format format, double x) {
  const int exponent = std::ilogb(x) + 1 - traits(format).precision / 2;
  return std::ldexp(std::nearbyint(std::ldexp(x, -exponent)), exponent);
}

}  // namespace

bool TermSum::serves(const Contract& contract) {
  Options plain;
  plain.from_logits = contract.options.from_logits;
  plain.reduction = contract.options.reduction;
  const bool is_sum = contract.function == Function::mean_squared_error ||
                      contract.function == Function::cross_entropy_error ||
                      contract.options.reduction != Reduction::none;
  return is_sum && contract.options == plain && contract.pass == Pass::forward;
}

std::optional<TermSum> TermSum::of(const Contract& contract, Random& random) {
  if (!serves(contract)) return std::nullopt;
  const FunctionTraits& function = traits(contract.function);
  TermSum sum(contract);
  sum.unit_ = contract;
  sum.unit_.options.reduction = Reduction::none;
  sum.in_row_ = contract.options.reduction == Reduction::none;
  sum.classes_ = sum.in_row_ || function.layout == Layout::elementwise ? 1 : 2;
  for (std::size_t i = 0; i < palette_size; ++i) sum.palette_.push_back(*sum.term(0, random));
  sum.evaluate(sum.palette_);
  sum.stored_palette_ = sum.stored(sum.palette_);
  return sum;
}

/// A term of any size, or (`size` > 0) of about that, where there are such.
std::optional<TermSum::Term> TermSum::term(double size, Random& random) const {
  Term term;
  const bool probability = output_space(contract_).probability;
  if (contract_.function == Function::mean_squared_error) {
    for (double& output : term.output) {
      output =
          size > 0 ? of_few_bits(contract_.format, std::sqrt(size)) : static_cast<double>(1 + random.below(4095)) / 256;
    }
    return term;
  }
  if (probability && size > 0) return std::nullopt;
  const bool second = random.one_in(2);
  term.label = classes_ > 1 && second ? 1 : 0;
  term.target[term.label] = classes_ > 1 || contract_.function == Function::cross_entropy_error || second ? 1 : 0;
  if (probability) {
    term.output[0] = static_cast<double>(1 + random.below(4094)) / 4096;
    term.output[1] = 1 - term.output[0];
  } else if (size > 0) {
    // Everything on the other class: the loss is the difference.
    const double x = fit(contract_.format, size);
    term.output[0] = classes_ == 1 && term.target[0] == 1 ? -x : classes_ > 1 && term.label == 0 ? 0 : x;
    term.output[1] = term.label == 0 ? x : 0;
  } else {
    for (double& output : term.output) output = static_cast<double>(random.between(-256, 256)) / 64;
  }
  return term;
}

/// Terms one after the other, each by itself.
Batch TermSum::batch_of(const std::vector<Term>& terms) const {
  const FunctionTraits& function = traits(contract_.function);
  Batch batch;
  batch.shape = function.layout == Layout::elementwise ? Shape{1, terms.size(), 1} : Shape{terms.size(), classes_, 1};
  for (const Term& term : terms) {
    batch.output.insert(batch.output.end(), term.output, term.output + classes_);
    if (function.target == TargetKind::dense) {
      batch.target.insert(batch.target.end(), term.target, term.target + classes_);
    } else if (function.target == TargetKind::labels) {
      batch.labels.push_back(term.label);
    }
  }
  return batch;
}

/// The exact values of terms, each by itself.
void TermSum::evaluate(std::vector<Term>& terms) const {
  const std::vector<Expected> exact = expect(unit_, batch_of(terms));
  for (std::size_t i = 0; i < terms.size(); ++i) terms[i].value = exact_value(exact[i]);
}

TermSum::Stored TermSum::stored(const std::vector<Term>& terms) const {
  const Batch batch = batch_of(terms);
  const auto bytes = [this](const std::vector<double>& values) {
    std::vector<std::byte> stored(values.size() * static_cast<std::size_t>(traits(contract_.format).bytes));
    store_values(contract_.format, values, stored.data());
    return stored;
  };
  return {bytes(batch.output), bytes(batch.target), batch.labels};
}

/// The shape of n terms, and their sum, or their mean where the contract means that.
void TermSum::finish(std::uint64_t n, long double sum, Sample& sample) const {
  const bool in_one_row = in_row_ || traits(contract_.function).layout == Layout::elementwise;
  sample.shape = in_one_row ? Shape{1, n, 1} : Shape{n, classes_, 1};
  const bool is_mean =
      contract_.options.reduction == Reduction::mean || (in_row_ && contract_.function == Function::mean_squared_error);
  sample.known = {{0, is_mean ? sum / static_cast<long double>(n) : sum}};
}

void TermSum::of_one_size(std::uint64_t n, Random& random, Sample& sample) const {
  const std::size_t output_bytes = stored_palette_.output.size() / palette_size;
  const std::size_t target_bytes = stored_palette_.target.size() / palette_size;
  resize_anew(sample.output, n * output_bytes);
  resize_anew(sample.target, n * target_bytes);
  sample.labels.resize(stored_palette_.labels.empty() ? 0 : n);
  std::vector<std::uint64_t> times(palette_size);
  Draws<palette_bits>().for_each_block(n, random, [&](std::size_t first, std::span<const std::uint16_t> places) {
    gather(stored_palette_.output, output_bytes, places, sample.output.data() + first * output_bytes);
    if (target_bytes > 0) {
      gather(stored_palette_.target, target_bytes, places, sample.target.data() + first * target_bytes);
    }
    for (std::size_t i = 0; i < places.size(); ++i) {
      ++times[places[i]];
      if (!sample.labels.empty()) sample.labels[first + i] = stored_palette_.labels[places[i]];
    }
  });
  long double sum = 0;
  for (std::size_t i = 0; i < palette_size; ++i) sum += static_cast<long double>(times[i]) * palette_[i].value;
  finish(n, sum, sample);
}

bool TermSum::growing(Random& random, Sample& sample) const {
  std::vector<Term> terms;
  for (int i = 0; i < growing_terms; ++i) {
    const std::optional<Term> next = term(std::ldexp(first_large_logit * random.uniform(1, 2), i), random);
    if (!next) return false;
    terms.push_back(*next);
  }
  evaluate(terms);
  Stored all = stored(terms);
  sample.output = std::move(all.output);
  sample.target = std::move(all.target);
  sample.labels = std::move(all.labels);
  long double sum = 0;
  for (const Term& each : terms) sum += each.value;
  finish(growing_terms, sum, sample);
  return true;
}

}  // namespace lossaudit
