// The instruction sets that the kernels are compiled for and this machine can run.
#pragma once

#include <string>
#include <vector>

namespace lossaudit::fast {

/// Names of the usable targets, best first, as Highway names them: "AVX3", "AVX2", "SSE4", "SCALAR".
std::vector<std::string> targets();

/// Makes every later call use one of targets(), or with "" the best again. Throws std::invalid_argument for another
/// name. For tests and measurements: calls that run meanwhile may use either.
void use_target(const std::string& name);

/// The target that calls use now.
std::string active_target();

}  // namespace lossaudit::fast
