// The file of expected findings: what it accepts it reads again alike, and applying it leaves a record that can be read.
#include "audit/expected_findings.hpp"

#include <nlohmann/json.hpp>

#include "property_tests/fuzz/fuzz.hpp"

namespace {

lossaudit::RunRecord record_with_findings() {
  using namespace lossaudit;  // NOLINT(google-build-using-namespace): as in the function below
  RunRecord record;
  record.subjects = {{"plain", "1", "plain.so", true}};
  for (const char* verdict : {"exceeds", "crashed", "hung", "conforms"}) {
    Accuracy accuracy;
    accuracy.subject = "plain";
    accuracy.function = "sigmoid";
    accuracy.dialect = "exact";
    accuracy.format = "f32";
    accuracy.pass = "forward";
    accuracy.verdict = verdict;
    accuracy.max_ulp = 2.1e6;
    accuracy.budget_ulp = 4;
    accuracy.rules.push_back({"number_due", 3, true, {}});
    record.accuracy.push_back(accuracy);
  }
  return record;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lossaudit;  // NOLINT(google-build-using-namespace): this function stands outside the namespace
  fuzz::refuses_in_a_line([&] {
    const std::vector<ExpectedFinding> findings = parse_expected_findings(fuzz::text_of(data, size), "known.txt");
    for (const ExpectedFinding& finding : findings) {
      fuzz::require(!finding.subject.empty() && !finding.reason.empty() && finding.line > 0);
      const std::vector<ExpectedFinding> again =
          parse_expected_findings(finding.text + " | " + finding.reason, "again");
      fuzz::require(again.size() == 1 && again[0].subject == finding.subject && again[0].contract == finding.contract &&
                    again[0].options == finding.options && again[0].kind == finding.kind &&
                    again[0].bound == finding.bound && again[0].rule == finding.rule &&
                    again[0].reason == finding.reason);
    }
    RunRecord record = record_with_findings();
    fuzz::require(apply_expected_findings(findings, "known.txt", record) <= findings.size());
    fuzz::require(record.no_longer_occurs.size() <= findings.size());
    parse_record(to_json(record), "record");
  });
  return 0;
}
