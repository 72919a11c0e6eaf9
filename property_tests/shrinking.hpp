// What a failing case is made simpler by, until it is short in hex.
#pragma once

#include <vector>

#include "reference/contract.hpp"

namespace lossaudit::conform {

/// Strictly simpler values that a failing one may shrink to, simplest first: 0, 1, then fewer significant bits and
/// exponents nearer to 0. A value is never simpler than itself, however often the relation is followed.
std::vector<double> simpler_values(Format format, double value);

/// Simpler batches: fewer rows, fewer classes, inner 1, then simpler values.
std::vector<Batch> simpler_batches(const Contract& contract, const Batch& batch);

}  // namespace lossaudit::conform
