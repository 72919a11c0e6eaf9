// One case again: what `lossaudit audit SUBJECT --contract … --case …` does.
#pragma once

#include <string>
#include <vector>

#include "audit/auditor.hpp"

namespace lossaudit {

/// Puts the case to every subject and prints what each computed, the exact results, the errors and the broken rules.
/// `case_text` may be
/// "@FILE". Returns whether nothing was found on the gated subjects. Throws BadInput on nonsense, and when no subject
/// supports the contract.
bool replay_case(const std::vector<AuditedSubject>& subjects, const Profile& profile, const std::string& contract_text,
                 const std::string& case_text);

}  // namespace lossaudit
