// From logits = from the probabilities softmax(x), for the losses over classes.
#pragma once

#include "property_tests/relations.hpp"

namespace lossaudit::conform {

/// categorical or sparse, on hard targets, in each dialect. The exact softmax(x) lies within the budget of the computed
/// s, class by class. The loss ln Σs − ln s_label falls with s_label and rises with every other class, so it is
/// enclosed by its values at two corners of that box. Rows that a clip touches are left out.
void from_logits_is_of_softmax(Function function, Format format);

}  // namespace lossaudit::conform
