#include "audit/lengths/lengths.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "audit/lengths/betrayal.hpp"
#include "audit/lengths/same_bits.hpp"
#include "audit/lengths/terms.hpp"
#include "audit/machine.hpp"
#include "audit/text.hpp"
#include "reference/bulk.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {
namespace {

/// Elements that the samples of one length have together, and samples of one length.
constexpr std::uint64_t sampled_elements = 1 << 19;
constexpr std::uint64_t most_samples = 16, fewest_samples = 2;
/// Sums of growing terms.
constexpr int growing_samples = 200;
/// For reproducibility from run to run.
constexpr std::uint64_t long_call = 1 << 18;

/// (computed − exact) / ulp(exact); an infinity or NaN is an infinite error.
double signed_error(Format format, double computed, long double exact) {
  if (!std::isfinite(computed)) return std::numeric_limits<double>::infinity();
  const FormatTraits& t = traits(format);
  const int exponent = exact == 0 ? t.min_exponent : std::max(std::ilogb(exact), t.min_exponent);
  return static_cast<double>(std::ldexp(computed - exact, t.precision - 1 - exponent));
}

/// A row of n classes with logits of one size, and a class to lose on.
Batch row_of(const Contract& contract, std::uint64_t n, Random& random) {
  Batch batch;
  batch.shape = {1, n, 1};
  batch.output.reserve(n);
  for (std::uint64_t i = 0; i < n; ++i) batch.output.push_back(static_cast<double>(random.between(-256, 256)) / 64);
  const std::size_t label = random.below(n);
  if (traits(contract.function).target == TargetKind::labels) batch.labels = {static_cast<std::int64_t>(label)};
  if (traits(contract.function).target == TargetKind::dense) {
    batch.target.assign(n, 0);
    batch.target[label] = 1;
  }
  return batch;
}

class Curve {
 public:
  Curve(Subject& subject, const Contract& contract, const LengthsRequest& request)
      : subject_(subject),
        contract_(contract),
        request_(request),
        random_(text_hash(to_string(contract), request.seed)),
        sum_(TermSum::of(contract, random_)) {}

  /// Whether a length can be varied.
  [[nodiscard]] bool has_lengths() const {
    const bool is_row = traits(contract_.function).layout != Layout::elementwise;
    return sum_ || (is_row && contract_.options.reduction == Reduction::none && bulk::serves(contract_));
  }

  [[nodiscard]] std::vector<LengthErrors> errors(const std::function<void(double)>& progress) {
    std::vector<LengthErrors> curve;
    const std::uint64_t longest = std::min<std::uint64_t>(request_.longest, sum_ ? most_terms : bulk::most_classes);
    for (std::uint64_t n = 1; n <= longest; n *= 2) {
      LengthErrors at{n, {}};
      const std::uint64_t samples = std::clamp(sampled_elements / n, fewest_samples, most_samples);
      for (std::uint64_t i = 0; i < samples; ++i) {
        if (request_.stop && request_.stop()) return curve;
        if (!(sum_ ? sample_sum(n, at.errors) : sample_row(n, at.errors))) return curve;
        progress(std::log2(static_cast<double>(n)) / std::log2(static_cast<double>(longest)));
      }
      curve.push_back(std::move(at));
    }
    return curve;
  }

  /// The part of sums of growing terms that is correctly rounded.
  [[nodiscard]] std::optional<double> growing() {
    LengthErrors errors;
    for (int i = 0; i < growing_samples && sum_; ++i) {
      const std::optional<TermSum::Sum> sum = sum_->growing(random_);
      if (!sum || !add(*sum, errors.errors)) return std::nullopt;
    }
    if (errors.errors.empty()) return std::nullopt;
    return errors.rounded();
  }
  [[nodiscard]] bool is_sum() const { return sum_.has_value(); }

 private:
  bool add(const TermSum::Sum& sum, std::vector<double>& errors) {
    double computed = 0;
    if (subject_.compute(contract_, sum.batch, std::span(&computed, 1)).kind != Outcome::Kind::computed) return false;
    errors.push_back(signed_error(contract_.format, computed, sum.exact));
    return true;
  }
  bool sample_sum(std::uint64_t n, std::vector<double>& errors) { return add(sum_->of_one_size(n, random_), errors); }

  /// Of a row's results the one in the middle of their errors, which is what they have in common: the sum.
  bool sample_row(std::uint64_t n, std::vector<double>& errors) {
    const Batch batch = row_of(contract_, n, random_);
    std::vector<double> computed(result_size(contract_, batch.shape));
    if (subject_.compute(contract_, batch, computed).kind != Outcome::Kind::computed) return false;
    const std::vector<Expected> exact = expect(contract_, batch);
    std::vector<double> all;
    for (std::size_t i = 0; i < computed.size(); ++i) {
      const long double value =
          exact[i].rounded + std::ldexp(static_cast<long double>(exact[i].offset), exact[i].ulp_exponent);
      all.push_back(signed_error(contract_.format, computed[i], value));
    }
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
    std::nth_element(all.begin(), middle, all.end());
    errors.push_back(*middle);
    return true;
  }

  Subject& subject_;
  Contract contract_;
  const LengthsRequest& request_;
  Random random_;
  std::optional<TermSum> sum_;
};

LengthCurve measured(Subject& subject, const Contract& contract, const LengthsRequest& request,
                     const std::function<void(double)>& progress) {
  LengthCurve found;
  found.function = traits(contract.function).name;
  found.dialect = traits(contract.dialect).name;
  found.format = traits(contract.format).name;
  found.pass = to_string(contract.pass);
  found.options = to_string(contract.options);
  found.same_bits = same_bits(subject, contract, std::min(long_call, request.longest), request.seed);
  Curve curve(subject, contract, request);
  if (!curve.has_lengths()) return found;
  const std::vector<LengthErrors> errors = curve.errors(progress);
  for (const LengthErrors& at : errors) {
    found.points.push_back({at.length, at.errors.size(), at.rms(), at.largest(), at.rounded()});
  }
  found.exponent = exponent_of(errors);
  found.accumulator = accumulator_of(errors, curve.growing(), curve.is_sum());
  return found;
}

/// Contracts without any option but the kind of input and a reduction.
std::vector<Contract> contracts_of(Filter filter) {
  if (filter.formats.empty()) filter.formats = {Format::f32};
  std::vector<Contract> all;
  for (const PlannedContract& planned : plan(filter)) {
    const Contract& contract = planned.contract;
    Options plain;
    plain.from_logits = contract.options.from_logits;
    plain.reduction = contract.options.reduction;
    const bool is_wide = contract.format == Format::f32 || contract.format == Format::f64;
    if (contract.options == plain && is_wide) all.push_back(contract);
  }
  return all;
}

}  // namespace

RunRecord run_lengths(const LengthsRequest& request) {
  const std::vector<Contract> contracts = contracts_of(request.filter);
  std::vector<std::pair<const AuditedSubject*, Contract>> work;
  for (const AuditedSubject& audited : request.subjects) {
    for (const Contract& contract : contracts) {
      if (audited.subject->supports(contract)) work.emplace_back(&audited, contract);
    }
  }
  if (work.empty()) {
    throw BadInput("nothing to measure: no subject given supports any of the contracts asked for in f32 or f64");
  }
  RunRecord record;
  record.tool_version = tool_version();
  record.tool_revision = tool_revision();
  record.seed = request.seed;
  record.machine = this_machine();
  for (const AuditedSubject& audited : request.subjects) {
    record.subjects.push_back({audited.name, audited.subject->version(), audited.subject->origin(), audited.gated});
  }
  for (std::size_t w = 0; w < work.size() && !record.interrupted; ++w) {
    const auto& [audited, contract] = work[w];
    const std::string what = audited->name + ", " + to_string(contract);
    const auto progress = [&, w](double part) {
      const double done = (static_cast<double>(w) + part) / static_cast<double>(work.size());
      if (request.progress) request.progress(done, what);
    };
    progress(0);
    LengthCurve curve = measured(*audited->subject, contract, request, progress);
    record.interrupted = request.stop && request.stop();
    curve.subject = audited->name;
    const bool any = !curve.points.empty() || !curve.same_bits.empty();
    if (any && !record.interrupted) record.lengths.push_back(std::move(curve));
  }
  return record;
}

}  // namespace lossaudit
