#include <algorithm>
#include <cmath>
#include <limits>

#include "reference/bulk.hpp"
#include "reference/problem.hpp"

namespace lossaudit::bulk {
namespace {

bool is_elementwise(const Contract& contract) { return traits(contract.function).layout == Layout::elementwise; }

/// Whether a unit's results are the elements of a row.
bool gives_rows(const Contract& contract) {
  return !is_elementwise(contract) &&
         (contract.pass == Pass::gradient || traits(contract.function).layout == Layout::row_to_row);
}

/// Whether a binary loss is the plain formula of clipped probabilities.
bool only_clips(const Contract& contract) {
  const Path& path = path_of(contract);
  return contract.function == Function::binary_crossentropy && path.steps.size() == 1 && path.clips();
}

}  // namespace

bool serves(const Contract& contract) {
  const Options& o = contract.options;
  if (o.reduction != Reduction::none || o.label_smoothing != 0 || o.pos_weight || o.class_weights || o.sample_weights) {
    return false;
  }
  switch (contract.function) {
    case Function::sigmoid:
    case Function::log_sigmoid:
    case Function::softplus:
    case Function::logit:
    case Function::softmax:
    case Function::log_softmax:
    case Function::logsumexp:
      return true;
    case Function::binary_crossentropy:
    case Function::categorical_crossentropy:
    case Function::sparse_categorical_crossentropy:
      break;
    default:
      return false;
  }
  const Path& path = path_of(contract);
  // A target of 0 beside a logit of -inf is for the formulas of the dialect that loses it.
  if (contract.function == Function::categorical_crossentropy && path.zero_times_infinity_is_nan) return false;
  if (!path.defined || path.logarithm != Logarithm::plain || path.slope != Slope::derivative) return false;
  return path.steps.empty() ? o.from_logits || contract.function == Function::binary_crossentropy
                            : only_clips(contract);
}

std::size_t units(const Contract& contract, const Shape& shape) {
  return is_elementwise(contract) ? shape.elements() : shape.rows();
}

namespace {

/// A row of a tensor, contiguous: in place, or copied to `copy`.
const double* contiguous(const Shape& shape, const std::vector<double>& tensor, std::size_t row,
                         std::vector<double>& copy) {
  if (tensor.empty()) return nullptr;
  if (shape.inner == 1) return tensor.data() + row * shape.classes;
  copy.resize(shape.classes);
  for (std::size_t i = 0; i < shape.classes; ++i) copy[i] = tensor[element_index(shape, row, i)];
  return copy.data();
}

void enclose_rows(const Contract& contract, const Batch& batch, Lanes lanes, std::size_t first, std::size_t count,
                  Enclosures& enclosures) {
  const Shape& shape = batch.shape;
  const std::size_t each = gives_rows(contract) ? shape.classes : 1;
  const bool upstream_rows = traits(contract.function).layout == Layout::row_to_row;
  std::vector<double> output;
  std::vector<double> target;
  std::vector<double> upstream;
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t r = first + k;
    Row row;
    row.value = enclosures.value.data() + k * each;
    if (lanes == Lanes::pair) row.low = enclosures.low.data() + k * each;
    row.radius = enclosures.radius.data() + k * each;
    if (!batch.labels.empty()) row.label = batch.labels[r];
    const bool ignored = contract.options.ignore_index && row.label == *contract.options.ignore_index;
    const bool is_class = row.label >= 0 && static_cast<std::uint64_t>(row.label) < shape.classes;
    if (ignored || !is_class || shape.classes > most_classes) {
      std::fill_n(row.radius, each, std::numeric_limits<double>::infinity());
      continue;
    }
    row.output = contiguous(shape, batch.output, r, output);
    row.target = contiguous(shape, batch.target, r, target);
    if (upstream_rows) {
      row.upstream = contiguous(shape, batch.upstream, r, upstream);
    } else if (!batch.upstream.empty()) {
      row.upstream = &batch.upstream[r];
    }
    enclose_row(contract.function, contract.pass, lanes, row, shape.classes);
  }
}

}  // namespace

void enclose(const Contract& contract, const Batch& batch, Lanes lanes, std::size_t first, std::size_t count,
             Enclosures& enclosures) {
  validate(contract, batch);
  const std::size_t each = gives_rows(contract) ? batch.shape.classes : 1;
  enclosures.value.resize(count * each);
  enclosures.low.resize(lanes == Lanes::pair ? count * each : 0);
  enclosures.radius.resize(count * each);
  if (!is_elementwise(contract)) return enclose_rows(contract, batch, lanes, first, count, enclosures);
  Elements elements;
  elements.output = batch.output.data() + first;
  if (!batch.target.empty()) elements.target = batch.target.data() + first;
  if (!batch.upstream.empty()) elements.upstream = batch.upstream.data() + first;
  elements.value = enclosures.value.data();
  if (lanes == Lanes::pair) elements.low = enclosures.low.data();
  elements.radius = enclosures.radius.data();
  elements.from_logits = contract.options.from_logits;
  if (only_clips(contract)) {
    const Problem problem(contract, batch);
    elements.clips = true;
    elements.clip_low = problem.clip_low;
    elements.clip_high = problem.clip_high;
  }
  enclose_elements(contract.function, contract.pass, lanes, elements, count);
}

void enclose(const Contract& contract, const Batch& batch, Lanes lanes, Enclosures& enclosures) {
  enclose(contract, batch, lanes, 0, units(contract, batch.shape), enclosures);
}

}  // namespace lossaudit::bulk
