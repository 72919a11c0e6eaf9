#include "reference/contract.hpp"

#include <cmath>
#include <string>

namespace lossaudit {
namespace {

using enum Function;

/// Why the contract makes no sense, or "".
std::string objection(const Contract& contract) {
  const FunctionTraits& f = traits(contract.function);
  const DialectTraits& d = traits(contract.dialect);
  const Options& o = contract.options;
  const std::string name(f.name);
  const bool weighs_classes = contract.function == categorical_crossentropy ||
                              contract.function == cross_entropy_error || f.target == TargetKind::labels;
  const bool smooths = contract.function == binary_crossentropy || contract.function == categorical_crossentropy ||
                       f.target == TargetKind::labels;
  if (o.from_logits && f.output != Domain::either) return name + " takes no option from_logits";
  const Path& path = path_of(contract);
  if (!path.defined) {
    const bool either = f.output == Domain::either;
    return "dialect " + std::string(d.name) + " does not define " + name +
           (either ? o.from_logits ? " from logits" : " from probabilities" : "") + ": use --dialect exact";
  }
  if (o.axis && f.layout == Layout::elementwise) return name + " is elementwise: it takes no option axis";
  if (o.reduction != Reduction::none && !f.is_loss) return name + " is not a loss: it takes no reduction";
  if (o.sample_weights && !f.is_loss) return name + " is not a loss: it takes no sample_weights";
  if (o.class_weights && !weighs_classes) return name + " takes no class_weights";
  if (o.class_weights && path.slope == Slope::softmax_minus_target) {
    return "dialect " + std::string(d.name) + " takes no class_weights with " + name;
  }
  if (o.label_smoothing != 0 && !smooths) return name + " takes no label_smoothing";
  if (!(o.label_smoothing >= 0 && o.label_smoothing <= 1)) return "label_smoothing must lie in [0, 1]";
  if (o.pos_weight && contract.function != binary_crossentropy) return name + " takes no pos_weight";
  if (o.pos_weight && !std::isfinite(round_to(contract.format, *o.pos_weight))) {
    return "pos_weight must be finite in " + std::string(traits(contract.format).name);
  }
  if (o.pos_weight && path.slope == Slope::bounded_quotient) {
    return "dialect " + std::string(d.name) + " takes no pos_weight from probabilities";
  }
  if (o.ignore_index && f.target != TargetKind::labels) return name + " takes no ignore_index";
  if (o.epsilon && !path.uses_epsilon()) {
    return "dialect " + std::string(d.name) + (o.from_logits ? " with from_logits" : "") +
           " does not clip: it takes no epsilon";
  }
  if (o.epsilon && !(*o.epsilon >= 0 && *o.epsilon < 0.5)) return "epsilon must lie in [0, 0.5)";
  return "";
}

}  // namespace

const Path& path_of(const Contract& contract) {
  const DialectTraits& d = traits(contract.dialect);
  const bool logits = contract.options.from_logits;
  if (contract.function == binary_crossentropy) return logits ? d.binary_logits : d.binary;
  if (contract.function == sparse_categorical_crossentropy) return logits ? d.sparse_logits : d.sparse;
  if (contract.function == categorical_crossentropy) return logits ? d.categorical_logits : d.categorical;
  static constexpr Path plain{.defined = true};
  static constexpr Path undefined;
  return contract.dialect == Dialect::exact ? plain : undefined;
}

double clip_epsilon(const Contract& contract) {
  return contract.options.epsilon.value_or(traits(contract.dialect).epsilon[static_cast<std::size_t>(contract.format)]);
}

bool is_meaningful(const Contract& contract) { return objection(contract).empty(); }

void validate(const Contract& contract) {
  if (const std::string why = objection(contract); !why.empty()) throw BadInput(why);
}

}  // namespace lossaudit
