// Holds the fast kernels against the reference on every instruction set that this machine runs.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "reference/contract.hpp"

namespace lossaudit {

/// Lets every call use one target (fast/targets.hpp) while it lives.
class TargetScope {
 public:
  explicit TargetScope(const std::string& name);
  ~TargetScope();
  TargetScope(const TargetScope&) = delete;
  TargetScope& operator=(const TargetScope&) = delete;
};

/// Every target's results are within the budget of the profile `faithful` and break no required rule; a failure names
/// the worst case and the target. Returns the largest ulp error.
double expect_within_budget(const Contract& contract, const Batch& batch);

/// The same, and that every recommended limit is kept.
double expect_limits(const Contract& contract, const Batch& batch);

/// One row of numbers, rounded to float, as a batch, with a target of the same size or none.
Batch row_batch(std::vector<double> output, std::vector<double> target = {});

/// `count` rows of `classes`, from their elements in order.
Batch rows_batch(std::size_t classes, std::vector<double> output, std::vector<double> target = {});

/// Elements for an elementwise function.
Batch elements_batch(std::vector<double> output, std::vector<double> target = {});

}  // namespace lossaudit
