// Rows worth trying, by kind: what softmax and the losses over classes are given.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "audit/inputs/random.hpp"
#include "reference/contract.hpp"

namespace lossaudit {

/// What a row's numbers mean.
enum class RowSpace : std::uint8_t { logits, probabilities, reals };

/// The space of a contract's rows: `reals` for mean_squared_error.
RowSpace row_space(const Contract& contract);

/// One way to fill a row. `index` counts the rows of a generator, so that a kind can go through its patterns in turn.
struct RowKind {
  std::string_view name;
  std::string_view purpose;
  RowSpace space;
  bool in_losses;    ///< fit for a reduction: the losses of these rows are finite and of one size
  std::size_t most;  ///< the largest class count that it is meant for
  void (*fill)(const Contract& contract, std::size_t index, std::span<double> row, Random& random);
};

/// The table of kinds.
std::span<const RowKind> row_kinds();

/// Fills a dense target for a row of outputs: of categorical losses one-hot, soft, smoothed, two-hot, unnormalised and
/// zero targets in turn; of mean_squared_error numbers near the outputs and far from them.
void fill_target(const Contract& contract, std::size_t index, std::span<const double> output, std::span<double> target,
                 Random& random);

/// A label for a row: every class in turn, and `ignore_index` now and then.
std::int64_t label_for(const Contract& contract, std::size_t index, std::size_t classes, Random& random);

}  // namespace lossaudit
