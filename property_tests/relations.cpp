#include "property_tests/relations.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "audit/case.hpp"

namespace lossaudit::conform {

Contract forward(Function function, Format format, Dialect dialect) {
  return {function, dialect, format, Pass::forward, {}};
}

Contract from_logits(Function function, Format format, Dialect dialect) {
  return with_logits(forward(function, format, dialect), true);
}

Contract with_function(Contract contract, Function function) {
  contract.function = function;
  return contract;
}

Contract with_logits(Contract contract, bool logits) {
  contract.options.from_logits = logits;
  return contract;
}

Batch elements(std::vector<double> values) {
  const std::size_t n = values.size();
  return rows(std::move(values), n);
}

Batch rows(std::vector<double> values, std::size_t classes) {
  Batch batch;
  batch.shape = {values.size() / classes, classes, 1};
  batch.output = std::move(values);
  return batch;
}

std::vector<double> negated(std::vector<double> values) {
  for (double& x : values) x = -x;
  return values;
}

std::optional<double> exact_sum(Format format, double a, double b) {
  const double sum = round_to(format, a + b);
  if (!std::isfinite(sum) || sum_minus(a, b, sum) != 0) return std::nullopt;
  return sum;
}

Draw drawing_shiftable_rows(const Contract& contract) {
  return [format = contract.format](Source& source) {
    const auto classes = static_cast<std::size_t>(source.between(1, 9));
    std::vector<double> values(classes * static_cast<std::size_t>(source.between(1, 8)));
    const double quantum = std::ldexp(1.0, static_cast<int>(source.between(-6, 1)));
    for (double& x : values) x = round_to(format, quantum * static_cast<double>(source.between(-40, 40)));
    return rows(std::move(values), classes);
  };
}

std::vector<Shifted> exact_shifts(Format format, const Batch& batch) {
  std::vector<Shifted> shifts;
  for (const int exponent : {-3, 0, 4, 9, 13, 17, 30, 46}) {
    for (const double sign : {1.0, -1.0}) {
      Shifted shifted{batch, std::vector<double>(batch.shape.rows(), 0.0)};
      bool any = false;
      for (std::size_t row = 0; row < batch.shape.rows(); ++row) {
        const double by = sign * std::ldexp(1.0, exponent);
        std::vector<double> moved;
        for (std::size_t i = 0; i < batch.shape.classes; ++i) {
          const auto sum = exact_sum(format, batch.output[element_index(batch.shape, row, i)], by);
          if (sum) moved.push_back(*sum);
        }
        if (moved.size() < batch.shape.classes) continue;
        any = true;
        shifted.by[row] = by;
        for (std::size_t i = 0; i < moved.size(); ++i) {
          shifted.batch.output[element_index(batch.shape, row, i)] = moved[i];
        }
      }
      if (any) shifts.push_back(std::move(shifted));
    }
  }
  return shifts;
}

void shift_changes_nothing(const Contract& contract) {
  for_all(contract, drawing_shiftable_rows(contract), [&](const Batch& batch) -> Complaint {
    const std::vector<double> before = compute(contract, batch);
    for (const Shifted& shifted : exact_shifts(contract.format, batch)) {
      // One exact result, computed twice.
      const Complaint complaint = agree(contract, before, contract, compute(contract, shifted.batch));
      if (!complaint.empty()) return "shifted to " + to_case_text(contract, shifted.batch) + ": " + complaint;
    }
    return {};
  });
}

void gradient_sums_to_zero(const Contract& contract) {
  for_all(contract, drawing(contract, Adventure::finite), [&](Batch batch) {
    const std::size_t n = batch.shape.classes;
    for (std::size_t i = 0; i < batch.target.size(); ++i) batch.target[i] = i % n == i / n % n ? 1 : 0;
    const std::vector<double> gradient = compute(contract, batch);
    return first_complaint("row", batch.shape.rows(), [&](std::size_t row) -> Complaint {
      long double sum = 0;
      long double allowed = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double g = gradient[element_index(batch.shape, row, i)];
        sum += g;
        allowed += reach(contract, g) + 0x1p-64L;
      }
      if (std::abs(sum) <= allowed) return {};
      return "the gradient sums to " + shown(Format::f64, static_cast<double>(sum));
    });
  });
}

namespace {

/// One-hot targets in place of labels.
Batch one_hot(const Batch& batch) {
  Batch out = batch;
  out.labels.clear();
  out.target.assign(batch.output.size(), 0.0);
  for (std::size_t row = 0; row < batch.shape.rows(); ++row) {
    out.target[element_index(batch.shape, row, static_cast<std::size_t>(batch.labels[row]))] = 1;
  }
  return out;
}

}  // namespace

bool is_same_for_one_hot(const Contract& sparse) {
  const Contract dense = with_function(sparse, Function::categorical_crossentropy);
  const bool divides_by_labels = traits(sparse.dialect).denominator == Denominator::label_weight &&
                                 sparse.options.reduction == Reduction::mean && sparse.options.class_weights;
  return !sparse.options.ignore_index && supports(dense) && !divides_by_labels &&
         std::ranges::equal(path_of(sparse).steps, path_of(dense).steps);
}

void sparse_is_categorical(const Contract& sparse, double share) {
  const Contract dense = with_function(sparse, Function::categorical_crossentropy);
  for_all(
      sparse, drawing(sparse, Adventure::finite),
      [&](const Batch& batch) { return agree(sparse, compute(sparse, batch), dense, compute(dense, one_hot(batch))); },
      share);
}

Clip clip_of(const Contract& contract) {
  if (!path_of(contract).uses_epsilon()) return {};
  const double epsilon = clip_epsilon(contract);
  return {round_to(contract.format, epsilon), round_to(contract.format, 1 - epsilon)};
}

}  // namespace lossaudit::conform
