// Properties of the functions that work on rows.
#include <algorithm>
#include <array>
#include <numeric>

#include "property_tests/common_properties.hpp"

namespace lossaudit::conform {
namespace {

bool works_on_rows(const FunctionTraits& function, Format /*format*/) { return function.layout != Layout::elementwise; }

/// The batch with class i taken from class order[i].
Batch permuted(const Batch& batch, const std::vector<std::size_t>& order) {
  Batch out = batch;
  const Shape& shape = batch.shape;
  for (std::size_t row = 0; row < shape.rows(); ++row) {
    for (std::size_t i = 0; i < shape.classes; ++i) {
      const std::size_t to = element_index(shape, row, i);
      const std::size_t from = element_index(shape, row, order[i]);
      out.output[to] = batch.output[from];
      if (!batch.target.empty()) out.target[to] = batch.target[from];
      if (batch.upstream.size() == batch.output.size()) out.upstream[to] = batch.upstream[from];
    }
    if (batch.labels.empty()) continue;
    const auto moved = std::find(order.begin(), order.end(), static_cast<std::size_t>(batch.labels[row]));
    if (moved != order.end()) out.labels[row] = moved - order.begin();
  }
  for (std::size_t i = 0; i < batch.class_weights.size(); ++i) out.class_weights[i] = batch.class_weights[order[i]];
  return out;
}

/// Class numbers mean something: an ignored label would have to move too.
bool names_no_class(const Contract& contract) { return !contract.options.ignore_index; }

void permutation_is_followed(const std::vector<Contract>& contracts) {
  for (const Contract& contract : contracts) {
    const auto property = [&](const Batch& batch) -> Complaint {
      if (!has_one_sign(contract, batch)) return {};
      const std::vector<double> before = compute(contract, batch);
      const std::size_t n = batch.shape.classes;
      std::vector<std::size_t> reversed(n);
      std::iota(reversed.rbegin(), reversed.rend(), std::size_t{0});
      std::vector<std::size_t> rotated(n);
      for (std::size_t i = 0; i < n; ++i) rotated[i] = (i + 1) % n;
      for (const auto& order : {reversed, rotated}) {
        std::vector<double> due = before;
        if (gives_rows(contract)) {
          Batch results;
          results.shape = batch.shape;
          results.output = before;
          due = permuted(results, order).output;
        }
        if (Complaint c = agree(contract, due, contract, compute(contract, permuted(batch, order))); !c.empty()) {
          return (order == reversed ? "classes reversed: " : "classes rotated by one: ") + c;
        }
      }
      return {};
    };
    for_all(contract, drawing(contract, Adventure::finite), property, share_of(contracts.size()));
  }
}

bool is_along_another_axis(const Contract& contract) { return contract.options.axis; }

/// The same rows with the classes last.
Batch transposed(const Batch& batch) {
  Batch out = batch;
  out.shape = {batch.shape.rows(), batch.shape.classes, 1};
  for (std::size_t row = 0; row < batch.shape.rows(); ++row) {
    for (std::size_t i = 0; i < batch.shape.classes; ++i) {
      const std::size_t from = element_index(batch.shape, row, i);
      const std::size_t to = element_index(out.shape, row, i);
      out.output[to] = batch.output[from];
      if (!batch.target.empty()) out.target[to] = batch.target[from];
      if (batch.upstream.size() == batch.output.size()) out.upstream[to] = batch.upstream[from];
    }
  }
  return out;
}

void axis_is_a_transpose(const std::vector<Contract>& contracts) {
  for (const Contract& contract : contracts) {
    Contract along_the_last = contract;
    along_the_last.options.axis = false;
    if (!supports(along_the_last)) continue;
    for (const int axis : {0, 1, 2, -1}) {
      constexpr std::array<std::size_t, 3> dimensions = {2, 3, 4};
      const Shape shape = shape_along(dimensions, axis);
      const auto draw = [&](Source& source) { return draw_batch(source, contract, Adventure::finite, shape); };
      const auto property = [&](const Batch& batch) -> Complaint {
        std::vector<double> along_axis = compute(contract, batch);
        if (gives_rows(contract)) {
          Batch results;
          results.shape = batch.shape;
          results.output = along_axis;
          along_axis = transposed(results).output;
        }
        return agree(contract, along_axis, along_the_last, compute(along_the_last, transposed(batch)));
      };
      for_all(contract, draw, property, 0.1);
    }
  }
}

bool is_plain_row(const Contract& contract) {
  return is_plain(contract) && contract.options.reduction == Reduction::none;
}

/// Accumulators stop growing at 257 terms in bf16, 2049 in f16; 65,521 rounds to infinity in f16 (2^24 in f32 is for
/// LongReductionsWithinBudget: a proved row of that length takes minutes).
void long_rows_within_budget(const std::vector<Contract>& contracts) {
  for (const Contract& contract : contracts) {
    for (const std::size_t classes : {257, 2049, 4096, 65521}) {
      const bool is_longest = classes == 65521;
      if (is_longest && (contract.options.axis || contract.dialect != Dialect::exact)) continue;
      const Shape shape = {1, classes, contract.options.axis ? std::size_t{2} : std::size_t{1}};
      Source source(rc::Random(classes), 100);
      Batch batch = draw_batch(source, contract, Adventure::tame, shape);
      for (double& x : batch.output) x = draw_real(source, contract.format, Adventure::tame) / 4;
      if (takes_probabilities(contract)) {
        for (double& x : batch.output) x = draw_probability(source, contract.format, Adventure::tame);
      }
      for (double& x : batch.output) x = round_to(contract.format, x);
      const auto property = [&](const Batch& b) { return against_reference(contract, b); };
      check(contract, batch, property);
      if (is_longest) continue;
      std::fill(batch.output.begin(), batch.output.end(), 0.5);
      check(contract, batch, property);
    }
  }
}

}  // namespace

std::vector<CommonProperty> properties_of_rows() {
  return {
      {"PermutationIsFollowed", works_on_rows, names_no_class, permutation_is_followed},
      {"AxisIsATranspose", works_on_rows, is_along_another_axis, axis_is_a_transpose},
      {"LongRowsWithinBudget", works_on_rows, is_plain_row, long_rows_within_budget},
  };
}

}  // namespace lossaudit::conform
