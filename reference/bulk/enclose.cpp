#include <algorithm>
#include <cmath>
#include <limits>

#include "reference/bulk.hpp"

namespace lossaudit::bulk {
namespace {

bool is_elementwise(const Contract& contract) { return traits(contract.function).layout == Layout::elementwise; }

/// Whether a unit's results are the elements of a row.
bool gives_rows(const Contract& contract) {
  return !is_elementwise(contract) &&
         (contract.pass == Pass::gradient || traits(contract.function).layout == Layout::row_to_row);
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
      return true;
    case Function::binary_crossentropy:
      break;
    default:
      return false;
  }
  const Path& path = path_of(contract);
  return o.from_logits && path.defined && path.steps.empty() && path.logarithm == Logarithm::plain &&
         path.slope == Slope::derivative;
}

std::size_t units(const Contract& contract, const Shape& shape) {
  return is_elementwise(contract) ? shape.elements() : shape.rows();
}

void enclose(const Contract& contract, const Batch& batch, Lanes lanes, std::size_t first, std::size_t count,
             Enclosures& enclosures) {
  validate(contract, batch);
  const std::size_t each = gives_rows(contract) ? batch.shape.classes : 1;
  enclosures.value.resize(count * each);
  enclosures.low.resize(lanes == Lanes::pair ? count * each : 0);
  enclosures.radius.resize(count * each);
  if (is_elementwise(contract)) {
    Elements elements;
    elements.output = batch.output.data() + first;
    if (!batch.target.empty()) elements.target = batch.target.data() + first;
    if (!batch.upstream.empty()) elements.upstream = batch.upstream.data() + first;
    elements.value = enclosures.value.data();
    if (lanes == Lanes::pair) elements.low = enclosures.low.data();
    elements.radius = enclosures.radius.data();
    return enclose_elements(contract.function, contract.pass, lanes, elements, count);
  }
}

void enclose(const Contract& contract, const Batch& batch, Lanes lanes, Enclosures& enclosures) {
  enclose(contract, batch, lanes, 0, units(contract, batch.shape), enclosures);
}

}  // namespace lossaudit::bulk
