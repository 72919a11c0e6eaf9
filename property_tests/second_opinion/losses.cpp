#include <algorithm>
#include <cmath>

#include "property_tests/second_opinion/formulas.hpp"

namespace lossaudit::second_opinion {

bool any_nan(const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); });
}

bool any_infinite(const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(), [](double v) { return std::isinf(v); });
}

namespace {

/// Its derivatives are those of each square alone, so that a NaN elsewhere in the row does not reach them.
Dual squares(const Contract& contract, const Item& item, Fault fault) {
  const std::size_t n = item.output.size();
  const Dual count(Value(fault == Fault::squares_summed ? 1.0 : static_cast<double>(n)));
  Dual sum;
  for (std::size_t i = 0; i < n; ++i) {
    const Dual difference = Dual(Value(item.target[i])) - variable(item.output[i], 0, directions(contract, 1));
    const Dual share = difference * difference / count;
    sum.value = sum.value + share.value;
    sum.slopes.push_back(share.slope(0));
  }
  return sum;
}

std::size_t position(const Shape& shape, std::size_t row, std::size_t i) {
  return ((row / shape.inner) * shape.classes + i) * shape.inner + row % shape.inner;
}

/// The tensors cut into losses, in the order of the unreduced results.
std::vector<Item> items(const Contract& contract, const Batch& batch) {
  const Shape& shape = batch.shape;
  std::vector<Item> result;
  if (contract.function == Function::binary_crossentropy) {
    for (std::size_t i = 0; i < shape.elements(); ++i) result.push_back({{batch.output[i]}, {batch.target[i]}});
  } else {
    for (std::size_t row = 0; row < shape.outer * shape.inner; ++row) {
      Item item;
      for (std::size_t i = 0; i < shape.classes; ++i) {
        item.output.push_back(batch.output[position(shape, row, i)]);
        if (batch.labels.empty()) item.target.push_back(batch.target[position(shape, row, i)]);
      }
      if (!batch.labels.empty()) {
        const std::int64_t label = batch.labels[row];
        item.kept = contract.options.ignore_index != label;
        item.label_is_class = label >= 0 && label < static_cast<std::int64_t>(shape.classes);
        item.target.assign(shape.classes, 0.0);
        if (item.label_is_class) {
          item.label = static_cast<std::size_t>(label);
          item.target[item.label] = 1;
        }
      }
      result.push_back(std::move(item));
    }
  }
  for (std::size_t r = 0; r < batch.sample_weights.size(); ++r) result[r].sample_weight = batch.sample_weights[r];
  return result;
}

Dual one_loss(const Contract& contract, const Batch& batch, const Item& item, Fault fault) {
  switch (contract.function) {
    case Function::binary_crossentropy:
      return binary(contract, item, fault);
    case Function::mean_squared_error:
      return squares(contract, item, fault);
    default:
      return categorical(contract, batch, item, fault);
  }
}

/// What a mean divides by; 1 for the other reductions.
Value divisor_of(const Contract& contract, const Batch& batch, const std::vector<Item>& all, Fault fault) {
  if (contract.options.reduction != Reduction::mean) return Value(1.0);
  if (fault == Fault::gradient_of_sum && contract.pass == Pass::gradient) return Value(1.0);
  Value divisor;
  for (const Item& item : all) {
    if (fault == Fault::mean_over_all_rows) {
      divisor = divisor + Value(1.0);
    } else if (item.kept) {
      divisor = divisor + counted(contract, batch, item, fault);
    }
  }
  return divisor;
}

}  // namespace

std::vector<Opinion> loss(const Contract& contract, const Batch& batch, Fault fault) {
  const std::vector<Item> all = items(contract, batch);
  const Value divisor = divisor_of(contract, batch, all, fault);
  const bool is_reduced = contract.options.reduction != Reduction::none;
  const bool is_gradient = contract.pass == Pass::gradient;
  std::vector<Opinion> results(is_gradient ? batch.shape.elements() : is_reduced ? 1 : all.size());
  for (std::size_t r = 0; r < all.size(); ++r) {
    const Item& item = all[r];
    const bool pulls = item.kept || (is_gradient && fault == Fault::ignored_rows_pull);
    const Dual one = pulls ? one_loss(contract, batch, item, fault) : Dual();
    const bool infinite_input = item.kept && (any_infinite(item.output) || any_infinite(item.target) ||
                                              std::isinf(item.sample_weight) || any_infinite(batch.class_weights));
    const Value weight(pulls ? item.sample_weight : 1);
    if (!is_gradient) {
      Opinion& result = results[is_reduced ? 0 : r];
      result.value = result.value + term(weight, one.value);
      result.infinite_input |= infinite_input;
      continue;
    }
    const bool ones = batch.upstream.empty() || fault == Fault::incoming_gradient_of_ones;
    const Value incoming(ones || !pulls ? 1.0 : batch.upstream[is_reduced ? 0 : r]);
    const Value factor = fault == Fault::gradient_without_weights ? incoming : incoming * weight;
    for (std::size_t i = 0; i < item.output.size(); ++i) {
      const std::size_t at = contract.function == Function::binary_crossentropy ? r : position(batch.shape, r, i);
      results[at] = {term(factor, one.slope(i)) / divisor, infinite_input};
    }
  }
  if (!is_gradient && is_reduced) results[0].value = results[0].value / divisor;
  return results;
}

std::vector<Opinion> opine(const Contract& contract, const Batch& batch, Fault fault) {
  if (traits(contract.function).is_loss) return loss(contract, batch, fault);
  const Shape& shape = batch.shape;
  const bool is_gradient = contract.pass == Pass::gradient;
  const auto incoming = [&](std::size_t at) {
    return Value(batch.upstream.empty() || fault == Fault::incoming_gradient_of_ones ? 1.0 : batch.upstream[at]);
  };
  std::vector<Opinion> opinions;
  if (traits(contract.function).layout == Layout::elementwise) {
    for (std::size_t i = 0; i < batch.output.size(); ++i) {
      const Dual y = elementwise(contract, batch.output[i], fault);
      opinions.push_back({is_gradient ? term(incoming(i), y.slope(0)) : y.value, std::isinf(batch.output[i])});
    }
    return opinions;
  }
  const bool to_value = traits(contract.function).layout == Layout::row_to_value;
  opinions.resize(to_value && !is_gradient ? shape.outer * shape.inner : shape.elements());
  for (std::size_t r = 0; r < shape.outer * shape.inner; ++r) {
    std::vector<double> row;
    for (std::size_t i = 0; i < shape.classes; ++i) row.push_back(batch.output[position(shape, r, i)]);
    const std::vector<Dual> values = row_function(contract, row, fault);
    const bool infinite_input = any_infinite(row);
    for (std::size_t i = 0; i < (is_gradient ? row.size() : values.size()); ++i) {
      const std::size_t at = to_value && !is_gradient ? r : position(shape, r, i);
      opinions[at].infinite_input = infinite_input;
      if (!is_gradient) {
        opinions[at].value = values[i].value;
        continue;
      }
      for (std::size_t k = 0; k < values.size(); ++k) {
        const Value g = incoming(to_value ? r : position(shape, r, k));
        if (fault == Fault::incoming_gradient_not_centred && contract.function == Function::softmax) {
          if (k == i) opinions[at].value = g * values[k].value;
        } else {
          opinions[at].value = opinions[at].value + term(g, values[k].slope(i));
        }
      }
    }
  }
  return opinions;
}

}  // namespace lossaudit::second_opinion
