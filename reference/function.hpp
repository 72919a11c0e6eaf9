// The table of functions: what each is called, how its results are laid out, and what it takes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace lossaudit {

enum class Function : std::uint8_t {
  relu,
  sigmoid,
  log_sigmoid,
  softplus,
  logit,
  softmax,
  log_softmax,
  logsumexp,
  binary_crossentropy,
  categorical_crossentropy,
  sparse_categorical_crossentropy,
  mean_squared_error,
  cross_entropy_error,
};

/// How a function's result is laid out over a tensor seen as (outer, classes, inner).
enum class Layout : std::uint8_t {
  elementwise,   ///< one result an element
  row_to_row,    ///< each row (the classes of one outer and inner) gives a row
  row_to_value,  ///< each row gives one value: result is (outer, inner)
};

enum class TargetKind : std::uint8_t { none, dense, labels };

/// What the output argument means.
enum class Domain : std::uint8_t {
  real,         ///< any real number
  probability,  ///< [0, 1]; in dialect `exact` anything outside gives NaN
  either,       ///< a probability, or a logit when from_logits
};

/// One row of the table of functions.
struct FunctionTraits {
  Function function;
  std::string_view name;
  Layout layout;
  TargetKind target;
  Domain output;
  bool is_loss;  ///< takes a reduction and sample weights
  std::string_view formula;
};

/// The table of functions, in the order of the enumeration.
std::span<const FunctionTraits> functions();
const FunctionTraits& traits(Function function);

}  // namespace lossaudit
