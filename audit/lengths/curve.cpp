#include "audit/lengths/curve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "audit/inputs.hpp"
#include "audit/marshal.hpp"

namespace lossaudit {
namespace {

/// Elements that the samples of one length have together, and samples of one length.
constexpr std::uint64_t sampled_elements = 1 << 19;
constexpr std::uint64_t most_samples = 16, fewest_samples = 2;
/// Sums of growing terms.
constexpr int growing_samples = 200;
/// What a call costs beside its terms, in terms.
constexpr double terms_of_a_call = 4096;
/// A contract's streams of random numbers: those of lengths follow these two.
constexpr std::uint64_t stream_of_palette = 0, stream_of_growing = 1, streams_before_lengths = 2;

std::uint64_t samples_of(std::uint64_t n) { return std::clamp(sampled_elements / n, fewest_samples, most_samples); }

Random stream(const Contract& contract, std::uint64_t seed, std::uint64_t index) {
  return random_stream("lengths", contract, seed, index);
}

/// (computed − exact) / ulp(exact); an infinity or NaN is an infinite error.
double signed_error(Format format, double computed, long double exact) {
  if (!std::isfinite(computed)) return std::numeric_limits<double>::infinity();
  const FormatTraits& t = traits(format);
  const int exponent = exact == 0 ? t.min_exponent : std::max(std::ilogb(exact), t.min_exponent);
  return static_cast<double>(std::ldexp(computed - exact, t.precision - 1 - exponent));
}

}  // namespace

std::vector<std::uint64_t> lengths_up_to(std::uint64_t longest) {
  std::vector<std::uint64_t> lengths;
  for (std::uint64_t n = 1; n <= longest; n *= 2) lengths.push_back(n);
  if (!lengths.empty() && lengths.back() != longest) lengths.push_back(longest);
  return lengths;
}

double cost_of_length(std::uint64_t n) {
  return static_cast<double>(samples_of(n)) * (static_cast<double>(n) + terms_of_a_call);
}

Curve::Curve(Subject& subject, const Contract& contract, std::uint64_t seed)
    : subject_(subject), contract_(contract), seed_(seed) {
  Random random = stream(contract, seed, stream_of_palette);
  sum_ = TermSum::of(contract, random);
  if (!sum_) rows_ = LogitRows::of(contract);
}

/// Puts the sample to the subject. Of a row's results the one in the middle of their errors counts, which is what they
/// have in common: the sum.
Outcome Curve::add_errors(std::vector<double>& errors) {
  const auto bytes = static_cast<std::size_t>(traits(contract_.format).bytes);
  resize_anew(results_, result_size(contract_, sample_.shape) * bytes);
  Outcome outcome = subject_.compute_stored(contract_, sample_.shape, sample_.tensors(), results_);
  if (outcome.kind != Outcome::Kind::computed) return outcome;
  std::vector<double> all;
  for (const Sample::Known& known : sample_.known) {
    double computed = 0;
    load_values(contract_.format, results_.data() + known.result * bytes, std::span(&computed, 1));
    all.push_back(signed_error(contract_.format, computed, known.exact));
  }
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  errors.push_back(*middle);
  return outcome;
}

bool Curve::measure(std::uint64_t n, CurveState& state) {
  LengthErrors at{n, {}};
  for (std::uint64_t i = 0; i < samples_of(n); ++i) {
    Random random = stream(contract_, seed_, streams_before_lengths + n * most_samples + i);
    if (sum_) {
      sum_->of_one_size(n, random, sample_);
    } else {
      rows_->make(n, random, sample_);
    }
    const Outcome outcome = add_errors(at.errors);
    if (outcome.kind != Outcome::Kind::computed) {
      state.ended = fmt::format("no result of {} terms: {}", n, outcome.detail);
      return false;
    }
  }
  state.lengths.push_back(std::move(at));
  return true;
}

void Curve::measure_growing(CurveState& state) {
  LengthErrors errors;
  Random random = stream(contract_, seed_, stream_of_growing);
  for (int i = 0; i < growing_samples && sum_; ++i) {
    if (!sum_->growing(random, sample_) || add_errors(errors.errors).kind != Outcome::Kind::computed) return;
  }
  if (!errors.errors.empty()) state.growing = errors.rounded();
}

LengthCurve Curve::fitted(const CurveState& state) const {
  LengthCurve curve;
  for (const LengthErrors& at : state.lengths) {
    curve.points.push_back({at.length, at.errors.size(), at.rms(), at.largest(), at.rounded()});
  }
  if (curve.points.empty()) return curve;
  curve.exponent = exponent_of(state.lengths);
  const std::optional<double> growing = state.growing < 0 ? std::nullopt : std::optional(state.growing);
  curve.accumulator = accumulator_of(state.lengths, growing, sum_.has_value());
  return curve;
}

}  // namespace lossaudit
