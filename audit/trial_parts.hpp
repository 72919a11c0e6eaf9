// What some parts of a divided audit know of its trials, so that parts can be put together.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "audit/record.hpp"
#include "audit/trial.hpp"

namespace lossaudit {

/// One subject under one contract, as far as some parts tried it.
struct TrialPart {
  Trial trial;
  Exhibits exhibits;
};
/// By the subject's name and the contract's text.
using TrialParts = std::map<std::string, std::map<std::string, TrialPart>>;
nlohmann::json to_json(const TrialParts& parts);

/// The parts in a record. Throws BadInput, naming it by `where`, when they are damaged, of subjects that the record does
/// not have, or of contracts that nobody plans.
TrialParts parts_of(const RunRecord& record, const std::string& where,
                    const std::function<bool(const std::string& contract)>& is_planned);

/// Adds what other parts of the same audit saw. In whatever order they are added, the same comes of it.
void add(TrialParts& mine, const TrialParts& more);

}  // namespace lossaudit
