// Defects that real implementations had, as cases that can be replayed against any subject.
//
// Each is public. The right answer is never typed in: the reference computes it. What is typed is what came back then,
// and, where the thread or known literature prints it, the right answer's leading digits as a check on the reference.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "property_tests/property.hpp"

namespace lossaudit {

struct KnownDefect {
  std::string_view name;      ///< of its test: KnownDefects.Replayed/NAME
  std::string_view thread;    ///< where it was reported
  std::string_view check;     ///< the kind of check that sees it
  std::string_view contract;  ///< for parse_contract()
  std::string_view inputs;    ///< for parse_case()
  std::size_t result;         ///< which of the results the answers below are
  std::string_view returned;  ///< what came back then
  std::string_view remark;    ///< how `returned` was found, when the thread does not print it; or ""
  std::string_view right;     ///< the right answer's published digits, or ""
};

/// The table of defects, in the order of the list that they are taken from. A thread with several statements has several
/// rows.
std::span<const KnownDefect> known_defects();

/// What the subject under test does with a defect's contract and case, whose exact results are `expected`. A limit that
/// is only recommended is no reason to complain.
struct Replay {
  conform::Complaint complaint;
  std::optional<double> missed_limit;  ///< what came instead of the row's recommended answer
};
Replay replay(const KnownDefect& defect, const Contract& contract, const Batch& batch,
              const std::vector<Expected>& expected);

}  // namespace lossaudit
