// Cases that stand in lists rather than being drawn: special values and their combinations, tails, probabilities out of
// the domain.
#pragma once

#include <vector>

#include "reference/contract.hpp"

namespace lossaudit::conform {

/// A batch of these rows (all of one length; length 1 for elementwise functions), each with every target of a short
/// list: 0, 1, 1/2 and so on for elementwise losses, one-hot and soft ones for rows, each label for sparse ones.
/// Weights run through 1, 2, 1/2.
Batch batch_of_rows(const Contract& contract, const std::vector<std::vector<double>>& rows);

/// All combinations of special values of the output argument in rows of one, two and three.
std::vector<Batch> special_cases(const Contract& contract);

/// Along grids far out: where results are small or large, near 1/2 and near 1, and confident rows.
std::vector<Batch> tail_cases(const Contract& contract);

/// One value just or far outside [0, 1], alone and in a row of probabilities.
std::vector<Batch> outside_cases(const Contract& contract);

/// More rows (or elements) than an index of 10 bits counts, no two alike for a long stretch; values in [0, 1].
Batch many_rows(const Contract& contract);

/// o ∈ {0, smallest, ε ± 1 ulp, 1 − ε ± 1 ulp, 1} for this ε.
std::vector<double> around_epsilon(Format format, double epsilon);

}  // namespace lossaudit::conform
