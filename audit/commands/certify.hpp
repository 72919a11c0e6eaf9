// What certificates hold, as `lossaudit certify` and `lossaudit merge` print it.
#pragma once

#include "audit/certificate.hpp"

namespace lossaudit {

/// Prints the table of claims. Is none broken?
bool print(const Certificate& certificate);

}  // namespace lossaudit
