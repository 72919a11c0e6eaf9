// Part of the conformance suite: the defects that other implementations had, replayed against the subject.
#include "property_tests/known_defects.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "audit/case.hpp"
#include "property_tests/property.hpp"

namespace lossaudit {

void PrintTo(const KnownDefect& defect, std::ostream* out) { *out << defect.thread; }

namespace {

using KnownDefects = ::testing::TestWithParam<KnownDefect>;

INSTANTIATE_TEST_SUITE_P(, KnownDefects, ::testing::ValuesIn(known_defects().begin(), known_defects().end()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(KnownDefects, Replayed) {
  const KnownDefect& defect = GetParam();
  SCOPED_TRACE("as in " + std::string(defect.thread));
  const Contract contract = parse_contract(defect.contract);
  NEEDS(contract);
  conform::check(contract, parse_case(contract, defect.inputs), [&](const Batch& batch) {
    const Replay replayed = replay(defect, contract, batch, expect(contract, batch));
    // As LimitsAtInfinity does: recorded, never failed.
    if (replayed.missed_limit) {
      RecordProperty("first_limit_missed", conform::shown(contract.format, *replayed.missed_limit));
    }
    return replayed.complaint;
  });
}

}  // namespace
}  // namespace lossaudit
