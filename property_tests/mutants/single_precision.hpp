// What anyone would write first: the operations of binary32, each result rounded.
#pragma once

#include <cmath>

#include "property_tests/mutants/number.hpp"

namespace lossaudit::mutants {

inline float f32(Real x) { return static_cast<float>(x); }

}  // namespace lossaudit::mutants
