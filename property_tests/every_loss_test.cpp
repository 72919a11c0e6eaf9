// Properties of the losses: reductions, weights, smoothing.
#include <algorithm>
#include <cmath>
#include <string_view>

#include "property_tests/common_properties.hpp"
#include "property_tests/relations.hpp"

namespace lossaudit::conform {
namespace {

bool is_loss(const FunctionTraits& function, Format /*format*/) { return function.is_loss; }

/// The function has the options' meaning; without it there is nothing to test.
bool takes(const FunctionTraits& function, std::string_view options) {
  return is_meaningful({function.function, Dialect::exact, Format::f32, Pass::forward, parse_options(options)});
}
bool weighs_classes(const FunctionTraits& function, Format /*format*/) { return takes(function, "class_weights"); }
bool smooths_dense_targets(const FunctionTraits& function, Format /*format*/) {
  return function.target == TargetKind::dense && takes(function, "label_smoothing=0.5");
}
bool is_mean(const Contract& contract) { return contract.options.reduction == Reduction::mean; }
bool is_sum(const Contract& contract) { return contract.options.reduction == Reduction::sum; }

Contract with_reduction(Contract contract, Reduction reduction) {
  contract.options.reduction = reduction;
  return contract;
}

/// No weights: the mean's denominator is the number of kept losses.
bool is_unweighted_mean(const Contract& contract) {
  return is_mean(contract) && !contract.options.sample_weights && !contract.options.class_weights;
}

std::size_t kept_losses(const Contract& contract, const Batch& batch) {
  const auto ignored = contract.options.ignore_index
                           ? std::count(batch.labels.begin(), batch.labels.end(), *contract.options.ignore_index)
                           : 0;
  return unreduced_size(contract, batch.shape) - static_cast<std::size_t>(ignored);
}

void mean_is_sum_over_count(const std::vector<Contract>& contracts) {
  for (const Contract& contract : contracts) {
    const Contract sum_contract = with_reduction(contract, Reduction::sum);
    if (!supports(sum_contract)) continue;
    const auto property = [&](const Batch& batch) -> Complaint {
      const std::size_t count = kept_losses(contract, batch);
      if (count == 0) return {};  // NaN: WithinBudget's matter
      if (contract.pass == Pass::gradient && !has_one_sign(contract, batch)) return {};
      const std::vector<double> means = compute(contract, batch);
      const std::vector<double> sums = compute(sum_contract, batch);
      const auto n = static_cast<long double>(count);
      // One of each, or a gradient of each for every output.
      return first_complaint("result", means.size(), [&](std::size_t i) -> Complaint {
        const double mean = means[i], sum = sums[i];
        if (!std::isfinite(sum)) return {};  // the mean may be finite where the sum is not
        // n mean = sum exactly; each is within its reach. The product and difference in 64 bits are off by 2^-63 of the
        // sum.
        const long double off = std::abs(n * mean - sum);
        const long double allowed = n * reach(contract, mean) + reach(sum_contract, sum) + 0x1p-63L * std::abs(sum);
        if (off <= allowed) return {};
        return "mean " + shown(contract.format, mean) + " x " + std::to_string(count) + " is not the sum " +
               shown(contract.format, sum);
      });
    };
    for_all(contract, drawing(contract, Adventure::finite), property, share_of(contracts.size()));
  }
}

void sum_adds_the_losses(const std::vector<Contract>& contracts) {
  for (const Contract& contract : contracts) {
    const Contract each_contract = with_reduction(contract, Reduction::none);
    if (!supports(each_contract)) continue;
    const auto property = [&](const Batch& batch) -> Complaint {
      if (!has_one_sign(contract, batch)) return {};
      const double sum = compute(contract, batch)[0];
      const std::vector<double> each = compute(each_contract, batch);
      long double added = 0;
      long double allowed = reach(contract, sum);
      for (const double loss : each) {
        added += loss;
        // Adding in 64 bits is off by 2^-64 of the sum so far, at each of the steps.
        allowed += reach(each_contract, loss) + 0x1p-64L * std::abs(added);
      }
      if (!std::isfinite(sum) || !std::isfinite(static_cast<double>(added))) return {};
      if (std::abs(added - sum) <= allowed) return {};
      return "the losses add up to " + shown(contract.format, static_cast<double>(added)) + ", the sum is " +
             shown(contract.format, sum);
    };
    for_all(contract, drawing(contract, Adventure::finite), property, share_of(contracts.size()));
  }
}

/// One row, n times.
Batch repeated(const Batch& row, std::size_t n) {
  Batch out;
  out.shape = {n, row.shape.classes, 1};
  for (std::size_t i = 0; i < n; ++i) {
    out.output.insert(out.output.end(), row.output.begin(), row.output.end());
    out.target.insert(out.target.end(), row.target.begin(), row.target.end());
    out.labels.insert(out.labels.end(), row.labels.begin(), row.labels.end());
  }
  return out;
}

bool is_plain_mean(const Contract& contract) {
  return is_plain(contract) && is_mean(contract) && !contract.options.axis;
}

/// The mean of n equal losses is that loss, so the reference only has to prove one of them.
void long_reductions_within_budget(const std::vector<Contract>& contracts) {
  for (const Contract& contract : contracts) {
    const bool is_elementwise = traits(contract.function).layout == Layout::elementwise;
    const bool is_cheap = is_elementwise || contract.function == Function::mean_squared_error;
    // Where 1 more is lost: 2^8, 2^11, 2^24; and where a count no longer fits f16.
    std::vector<std::size_t> counts = {257, 2049};
    if (contract.dialect == Dialect::exact) counts.push_back(65521);
    if (contract.format == Format::f32 && is_cheap && contract.dialect == Dialect::exact &&
        !contract.options.from_logits) {
      counts.push_back((std::size_t{1} << 24) + 2);
    }
    for (const std::size_t n : counts) {
      Source source(rc::Random(n), 100);
      const bool is_long = n > 65521;
      const Batch one = draw_batch(source, contract, Adventure::tame, Shape{1, is_elementwise || is_long ? 1U : 2U, 1});
      check(contract, repeated(one, n),
            [&](const Batch& batch) { return against_expected(contract, batch, expect(contract, one)); });
    }
  }
}

bool has_sample_weights(const Contract& contract) { return contract.options.sample_weights; }

void sample_weights_of_one_change_nothing(const std::vector<Contract>& contracts) {
  for (const Contract& contract : contracts) {
    Contract plain = contract;
    plain.options.sample_weights = false;
    if (!supports(plain)) continue;
    const auto property = [&](Batch batch) -> Complaint {
      if (!has_one_sign(contract, batch)) return {};
      std::fill(batch.sample_weights.begin(), batch.sample_weights.end(), 1.0);
      const std::vector<double> weighted = compute(contract, batch);
      batch.sample_weights.clear();
      return agree(contract, weighted, plain, compute(plain, batch));
    };
    for_all(contract, drawing_any(contract), property, share_of(contracts.size()));
  }
}

bool has_class_weights(const Contract& contract) { return contract.options.class_weights; }

void class_weights_of_one_change_nothing(const std::vector<Contract>& contracts) {
  for (const Contract& contract : contracts) {
    Contract plain = contract;
    plain.options.class_weights = false;
    if (!supports(plain)) continue;
    const auto property = [&](Batch batch) -> Complaint {
      const std::size_t n = batch.shape.classes;
      if (is_mean(contract)) {
        // The mean's denominator is Σ w t: it is the number of rows only when each row's targets sum to 1.
        for (std::size_t i = 0; i < batch.target.size(); ++i) batch.target[i] = i % n == i / n % n ? 1 : 0;
      }
      if (!has_one_sign(contract, batch)) return {};
      std::fill(batch.class_weights.begin(), batch.class_weights.end(), 1.0);
      const std::vector<double> weighted = compute(contract, batch);
      batch.class_weights.clear();
      return agree(contract, weighted, plain, compute(plain, batch));
    };
    for_all(contract, drawing(contract, Adventure::finite), property, share_of(contracts.size()));
  }
}

/// Most frameworks' means count rows, whatever their weight.
bool weighs_like_repeating(const Contract& contract) {
  const bool weighs_rows = traits(contract.dialect).denominator == Denominator::kept_weight;
  return contract.options.sample_weights && (is_sum(contract) || (is_mean(contract) && weighs_rows));
}

void sample_weight_of_two_is_two_rows(const std::vector<Contract>& contracts) {
  for (const Contract& contract : contracts) {
    Contract plain = contract;
    plain.options.sample_weights = false;
    if (!supports(plain)) continue;
    const auto property = [&](Batch batch) -> Complaint {
      const bool is_elementwise = traits(contract.function).layout == Layout::elementwise;
      const std::size_t width = is_elementwise ? 1 : batch.shape.classes;
      Batch twice = batch;
      twice.sample_weights.clear();
      for (std::size_t i = 0; i < batch.sample_weights.size(); ++i) {
        batch.sample_weights[i] = i % 3 == 0 ? 2 : 1;
        if (i % 3 != 0) continue;
        const auto again = [&](std::vector<double>& to, const std::vector<double>& from) {
          if (from.empty()) return;
          const auto begin = from.begin() + static_cast<std::ptrdiff_t>(i * width);
          to.insert(to.end(), begin, begin + static_cast<std::ptrdiff_t>(width));
        };
        again(twice.output, batch.output);
        again(twice.target, batch.target);
        if (!batch.labels.empty()) twice.labels.push_back(batch.labels[i]);
      }
      twice.shape = is_elementwise ? Shape{1, twice.output.size(), 1} : Shape{twice.output.size() / width, width, 1};
      if (!has_one_sign(contract, batch)) return {};
      return agree(contract, compute(contract, batch), plain, compute(plain, twice));
    };
    for_all(contract, drawing(contract, Adventure::finite), property, share_of(contracts.size()));
  }
}

bool is_unsmoothed_with_dense_targets(const Contract& contract) {
  return is_plain(contract) && traits(contract.function).target == TargetKind::dense;
}

void label_smoothing_is_of_targets(const std::vector<Contract>& contracts) {
  bool any = false;
  for (const Contract& contract : contracts) {
    Contract smoothed = contract;
    smoothed.options.label_smoothing = 0.5;
    if (!supports(smoothed)) continue;
    any = true;
    const bool is_binary = contract.function == Function::binary_crossentropy;
    const double classes = is_binary ? 2 : 4;
    const auto draw = [&](Source& source) {
      const Shape shape = is_binary ? Shape{1, 16, 1} : Shape{4, 4, 1};
      Batch batch = draw_batch(source, contract, Adventure::finite, shape);
      for (double& t : batch.target) t = source.pick(std::vector<double>{0, 1, 0.5, 0.25});
      return batch;
    };
    const auto property = [&](const Batch& batch) -> Complaint {
      Batch by_hand = batch;
      for (double& t : by_hand.target) t = 0.5 * t + 0.5 / classes;  // exact: t has two bits, K is a power of two
      return agree(smoothed, compute(smoothed, batch), contract, compute(contract, by_hand));
    };
    const auto admits = [&](const Batch& batch) {
      return (is_binary || batch.shape.classes == 4) &&
             std::all_of(batch.target.begin(), batch.target.end(),
                         [](double t) { return t >= 0 && t <= 1 && std::trunc(4 * t) == 4 * t; });
    };
    for_all(smoothed, draw, property, share_of(contracts.size()), admits);
  }
  if (!any) GTEST_SKIP() << "not supported: " << to_string(contracts.front()) << " label_smoothing=0.5";
}

}  // namespace

std::vector<CommonProperty> properties_of_losses() {
  return {
      {"MeanIsSumOverCount", is_loss, is_unweighted_mean, mean_is_sum_over_count},
      {"SumAddsTheLosses", is_loss, is_sum, sum_adds_the_losses},
      {"LongReductionsWithinBudget", is_loss, is_plain_mean, long_reductions_within_budget},
      {"SampleWeightsOfOneChangeNothing", is_loss, has_sample_weights, sample_weights_of_one_change_nothing},
      {"ClassWeightsOfOneChangeNothing", weighs_classes, has_class_weights, class_weights_of_one_change_nothing},
      {"SampleWeightOfTwoIsTwoRows", is_loss, weighs_like_repeating, sample_weight_of_two_is_two_rows},
      {"LabelSmoothingIsOfTargets", smooths_dense_targets, is_unsmoothed_with_dense_targets,
       label_smoothing_is_of_targets},
  };
}

}  // namespace lossaudit::conform
