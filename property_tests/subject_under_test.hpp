// The subject that the suite runs against, chosen once on the command line.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "audit/subject.hpp"
#include "reference/contract.hpp"

namespace lossaudit::conform {

/// Opens what a SUBJECT argument names and keeps it for the life of the program. Throws BadInput when nothing has that
/// name, when it names several subjects, or when the subject supports no contract of this suite.
void choose_subject(const std::string& argument);

/// Takes a subject that is already open (the suite's own tests do).
void choose_subject(std::unique_ptr<Subject> subject, const std::string& argument);

/// The SUBJECT argument, for commands that show a failure again.
const std::string& subject_argument();

/// The formats in which the subject supports anything: each has its own instance of every test.
std::vector<Format> supported_formats();

/// The contract is meaningful and the subject supports it.
bool supports(const Contract& contract);

/// The contracts of a function, format and pass that the subject supports: dialects × from_logits × reductions, each
/// option on its own and all together.
std::vector<Contract> supported_contracts(Function function, Format format, Pass pass = Pass::forward);

/// What the subject did instead of computing: one line and the command that shows it again.
struct SubjectFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// Past its time limit. A contract that hung is not asked again, so that a hang costs its time limit once.
struct SubjectHung : SubjectFailure {
  using SubjectFailure::SubjectFailure;
};

/// The subject's results on a batch; throws SubjectFailure when it crashed, hung, failed or took its declaration back.
std::vector<double> compute(const Contract& contract, const Batch& batch);

/// A line with the command that measures one case alone; "" when it is too long for a terminal, and the test's own
/// command has to do.
std::string alone(const Contract& contract, const Batch& batch);

/// The largest ulp error that the profile `faithful` allows the contract.
double budget_ulps(const Contract& contract);

}  // namespace lossaudit::conform
