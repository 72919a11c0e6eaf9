// The parts of the table of generators, by the shape of what they make.
#pragma once

#include <vector>

#include "audit/inputs.hpp"

namespace lossaudit {

std::vector<Generator> element_generators();    ///< elementwise functions, a result an element
std::vector<Generator> row_generators();        ///< functions of rows, a result or a row of them a row
std::vector<Generator> reduction_generators();  ///< losses reduced to one result a batch

/// Fills in what goes beside the outputs and targets: sample and class weights, mostly random in [1/4, 4], some 1, some
/// 0; and the incoming gradient of functions that are no losses (a loss's is 1).
void add_weights_and_upstream(const Contract& contract, Batch& batch, Random& random);

/// A target of a binary loss: 0, 1, 1/2, anywhere between, or close to an end.
double binary_target(Format format, Random& random);

}  // namespace lossaudit
