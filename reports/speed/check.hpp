// A time says nothing of a wrong result.
#pragma once

#include <vector>

#include "adapters/kernel.hpp"

namespace lossaudit::speed {

/// Computes every task at a small shape with every library. Throws BadInput naming the first whose result is not that of
/// the first library to three digits; how right they are beyond is the audit's matter.
void check_results(const std::vector<adapters::KernelLibrary>& libraries);

}  // namespace lossaudit::speed
