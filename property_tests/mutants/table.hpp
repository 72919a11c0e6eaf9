// The table of planted bugs: which they are, what they stand for, and what has to catch them.
//
// A new one is a struct of a few lines beside its kind (elementwise.hpp, rows.hpp, losses.hpp, reductions.hpp,
// everywhere.hpp), with one step of the control replaced, and a row in table.cpp; mutants_test.cpp holds it to that
// row.
#pragma once

#include <cstddef>
#include <span>

#include "audit/subject.h"

namespace lossaudit::mutants {

/// The control with one bug.
struct Mutant {
  const char* name;
  const char* bug;         ///< what is wrong
  const char* stands_for;  ///< where it was seen, or what invites it
  const char* caught_by;   ///< a GoogleTest filter: the conformance tests, each of which fails
  const char* contract;    ///< a contract on which `lossaudit audit` finds it …
  const char* finding;  ///< … as this broken rule of audit/measure.hpp, as "budget", or "" where it has no such input
  int (*compute)(const lossaudit_contract*, const lossaudit_tensors*);
};

std::span<const Mutant> mutants();

/// What subject.h's lossaudit_subject_at() gives: "sound" (the control) first, then the mutants in the table's order.
const lossaudit_subject* subject_at(std::size_t index);

}  // namespace lossaudit::mutants
