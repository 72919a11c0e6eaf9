// What is to be computed: function + dialect + options + format + pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "reference/dialect.hpp"
#include "reference/format.hpp"
#include "reference/function.hpp"

namespace lossaudit {

/// A user's mistake: what() is one line that names the remedy. Programs print it and leave with status 2.
struct BadInput : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class Pass : std::uint8_t { forward, gradient };
enum class Reduction : std::uint8_t { none, sum, mean };

/// Options beside the tensors. Scalars are rounded to the contract's format before use, as a framework would hold them.
struct Options {
  bool from_logits = false;
  bool axis = false;  ///< the classes are not the last dimension (inner > 1 occurs)
  Reduction reduction = Reduction::none;
  std::optional<double> epsilon;  ///< instead of the dialect's own
  double label_smoothing = 0;
  std::optional<double> pos_weight;
  std::optional<std::int64_t> ignore_index;
  bool class_weights = false;   ///< a weight a class comes with the batch
  bool sample_weights = false;  ///< a weight a loss value (before reduction) comes with the batch
  bool operator==(const Options&) const = default;
};

struct Contract {
  Function function = Function::sigmoid;
  Dialect dialect = Dialect::exact;
  Format format = Format::f32;
  Pass pass = Pass::forward;
  Options options;
  bool operator==(const Contract&) const = default;
};

/// Canonical text, e.g. "binary_crossentropy keras1 f32 forward from_logits reduction=mean": function, dialect, format,
/// pass, then the options that are not at their default, in a fixed order.
std::string to_string(const Contract& contract);
/// The options' part alone ("" when all are at their defaults).
std::string to_string(const Options& options);
/// The inverse of to_string(Contract). Throws BadInput naming the word at fault and the nearest known names.
Contract parse_contract(std::string_view text);
/// The inverse of to_string(Options).
Options parse_options(std::string_view text);

std::string_view to_string(Pass pass);
std::string_view to_string(Reduction reduction);

/// Lookups by name; throw BadInput: "unknown function 'sigmod': did you mean sigmoid, logit? (lossaudit list
/// functions)".
Function parse_function(std::string_view name);
Dialect parse_dialect(std::string_view name);
Format parse_format(std::string_view name);
Pass parse_pass(std::string_view name);
Reduction parse_reduction(std::string_view name);

/// Up to `most` known names nearest to `name` by edit distance, nearest first.
std::vector<std::string> nearest_names(std::string_view name, std::span<const std::string> known, std::size_t most = 3);

/// Throws BadInput when the options make no sense together or for this function (pos_weight on softmax, …), or the
/// dialect does not define the function. `is_meaningful` is the same question without the exception.
void validate(const Contract& contract);
bool is_meaningful(const Contract& contract);

/// How the contract's dialect computes its cross-entropy; the dialect's others where it is none.
const Path& path_of(const Contract& contract);

/// The ε that the contract's dialect clips at, before it is rounded to the format: the option, or the dialect's own. 0:
/// none.
double clip_epsilon(const Contract& contract);

/// A tensor seen from its class axis. Elementwise functions only look at the product.
struct Shape {
  std::size_t outer = 1;
  std::size_t classes = 1;
  std::size_t inner = 1;
  [[nodiscard]] std::size_t elements() const { return outer * classes * inner; }
  [[nodiscard]] std::size_t rows() const { return outer * inner; }
  bool operator==(const Shape&) const = default;
};

/// The view of a tensor of these dimensions along `axis`; throws BadInput naming axis and rank unless axis is −1 or one
/// of 0 … rank−1.
Shape shape_along(std::span<const std::size_t> dimensions, int axis);

/// Number of losses before reduction (= results when reduction is none), and of results.
std::size_t unreduced_size(const Contract& contract, const Shape& shape);
std::size_t result_size(const Contract& contract, const Shape& shape);

/// One set of inputs, or many laid out as tensors. Values are exact values of the contract's format.
struct Batch {
  Shape shape;
  std::vector<double> output;          ///< (outer, classes, inner)
  std::vector<double> target;          ///< the same shape; empty unless TargetKind::dense
  std::vector<std::int64_t> labels;    ///< (outer, inner); empty unless TargetKind::labels
  std::vector<double> class_weights;   ///< (classes), or empty
  std::vector<double> sample_weights;  ///< one an unreduced loss, or empty
  std::vector<double> upstream;        ///< incoming gradient, of the result's shape; empty: all ones (losses)
  std::string origin;                  ///< what made it: of a generator, "NAME/ROUND/INDEX"
};

/// Throws BadInput when a tensor's size does not fit the contract and shape.
void validate(const Contract& contract, const Batch& batch);

/// Index of element (row, i) in the (outer, classes, inner) layout; rows are numbered outer-major.
inline std::size_t element_index(const Shape& shape, std::size_t row, std::size_t i) {
  return ((row / shape.inner) * shape.classes + i) * shape.inner + row % shape.inner;
}

}  // namespace lossaudit
