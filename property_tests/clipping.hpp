// Epsilon clipping, the same for every loss that takes probabilities.
#pragma once

#include "property_tests/relations.hpp"

namespace lossaudit::conform {

/// o ∈ {0, smallest, ε ± 1 ulp, 1 − ε ± 1 ulp, 1} against the reference: dialect `exact`, and the dialects that clip at
/// their own ε and at others (1e-9 and 1e-15 round away beside 1 in f32; 1e-3 does not even in bf16).
void clips_at_epsilon(Function function, Format format);

}  // namespace lossaudit::conform
