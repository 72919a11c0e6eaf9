#include <cmath>

#include "audit/inputs.hpp"
#include "audit/inputs/groups.hpp"
#include "audit/inputs/values.hpp"

namespace lossaudit {
namespace {

/// Weights are at least 0, as weights are: a mean over weights of both signs is as ill-conditioned as one likes.
double weight(Format format, Random& random) {
  switch (random.below(8)) {
    case 0:
      return 1;
    case 1:
      return 0;
    default:
      return fit(format, random.uniform(0.25, 4));
  }
}

}  // namespace

bool has_upstream(const Contract& contract) {
  return contract.pass == Pass::gradient && !traits(contract.function).is_loss;
}

void add_weights_and_upstream(const Contract& contract, Batch& batch, Random& random) {
  if (contract.options.class_weights) {
    batch.class_weights.resize(batch.shape.classes);
    for (double& w : batch.class_weights) w = weight(contract.format, random);
  }
  if (contract.options.sample_weights) {
    batch.sample_weights.resize(unreduced_size(contract, batch.shape));
    for (double& w : batch.sample_weights) w = weight(contract.format, random);
  }
  if (has_upstream(contract)) {
    Contract forward = contract;
    forward.pass = Pass::forward;
    batch.upstream.resize(result_size(forward, batch.shape));
    for (double& g : batch.upstream) g = fit(contract.format, random.normal());
  }
}

double binary_target(Format format, Random& random) {
  const double tiny = std::ldexp(1 + random.uniform(), -static_cast<int>(1 + random.below(40)));
  switch (random.below(8)) {
    case 0:
    case 1:
      return 0;
    case 2:
    case 3:
      return 1;
    case 4:
      return 0.5;
    case 5:
      return fit(format, tiny / 2);
    case 6:
      return fit(format, 1 - tiny / 2);
    default:
      return fit(format, random.uniform());
  }
}

}  // namespace lossaudit
