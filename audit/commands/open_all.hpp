// The subjects that a command line names.
#pragma once

#include <string>
#include <vector>

#include "audit/auditor.hpp"

namespace lossaudit {

/// The subjects of every argument, under names of their own. Throws BadInput.
std::vector<AuditedSubject> open_all(const std::vector<std::string>& arguments);

}  // namespace lossaudit
