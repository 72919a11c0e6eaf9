#include "audit/conclude_all.hpp"

#include <set>
#include <tuple>
#include <utility>

#include "audit/case.hpp"

namespace lossaudit {
namespace {

using Kind = std::tuple<Function, Dialect, Format, Pass>;
Kind kind_of(const Contract& c) { return {c.function, c.dialect, c.format, c.pass}; }

/// Asked for, or supported by any subject: who asks for a dialect is told who does not speak it; nobody else wants to
/// read that of all ten.
std::set<Dialect> spoken(const AuditRequest& request, const Schedule& schedule, const Trials& trials) {
  std::set<Dialect> spoken(request.filter.dialects.begin(), request.filter.dialects.end());
  for (std::size_t p = 0; p < schedule.contracts().size(); ++p) {
    for (std::size_t s = 0; s < request.subjects.size(); ++s) {
      if (trials.at(p, s) != nullptr) spoken.insert(schedule.contracts()[p].contract.dialect);
    }
  }
  return spoken;
}

/// A function that the subject does not declare with any options, once for all of them.
Accuracy unsupported(const AuditRequest& request, Contract contract) {
  contract.options = {};
  Accuracy accuracy = Accumulator(contract, budget(*request.profile, contract)).accuracy();
  accuracy.evidence = "observed";
  accuracy.verdict = "unsupported";
  accuracy.detail = "not declared";
  return accuracy;
}

}  // namespace

Concluded conclude_all(const AuditRequest& request, const Schedule& schedule, const Trials& trials,
                       const std::function<bool()>& may_reduce) {
  Concluded concluded;
  const std::vector<PlannedContract>& contracts = schedule.contracts();
  const std::set<Dialect> dialects = spoken(request, schedule, trials);
  for (std::size_t s = 0; s < request.subjects.size(); ++s) {
    const AuditedSubject& audited = request.subjects[s];
    const Conclusion conclusion{*audited.subject,       "lossaudit audit " + shell_quoted(audited.argument),
                                request.profile->name,  request.seed,
                                request.case_directory, may_reduce,
                                request.hunt.only,      request.hunt.found};
    const auto add = [&](Accuracy&& accuracy) {
      accuracy.subject = audited.name;
      concluded.accuracy.push_back(std::move(accuracy));
    };
    std::set<Kind> supported, told;
    std::set<Function> untried;
    for (std::size_t p = 0; p < contracts.size(); ++p) {
      if (trials.at(p, s) == nullptr) continue;
      supported.insert(kind_of(contracts[p].contract));
      if (schedule.is_due(p) && !trials.at(p, s)->tried()) untried.insert(contracts[p].contract.function);
    }
    for (std::size_t p = 0; p < contracts.size(); ++p) {
      const Contract& contract = contracts[p].contract;
      if (const Trial* const trial = trials.at(p, s)) {
        concluded.untried += schedule.is_due(p) && !trial->tried() ? 1 : 0;
        if (!trial->tried()) continue;
        if (request.progress) {
          request.progress(static_cast<double>(s * contracts.size() + p) /
                               static_cast<double>(request.subjects.size() * contracts.size()),
                           "reducing findings");
        }
        const Exhibits exhibits = exhibits_of(*trial, conclusion);
        add(accuracy_of(*trial, exhibits, request.seed));
        if (request.shard) concluded.parts[audited.name].emplace(to_string(contract), TrialPart{*trial, exhibits});
        continue;
      }
      // What stands alone in the record as unsupported would pass for all that there is to the function.
      const bool of_interest = dialects.contains(contract.dialect) && !supported.contains(kind_of(contract)) &&
                               !untried.contains(contract.function);
      if (of_interest && told.insert(kind_of(contract)).second) add(unsupported(request, contract));
    }
  }
  return concluded;
}

}  // namespace lossaudit
