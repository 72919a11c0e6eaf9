// Reports: what people and CI read, made from run records alone.
#pragma once

#include <filesystem>
#include <vector>

#include "audit/record.hpp"

namespace lossaudit {

/// Writes `index.html` (one file, opens offline), `report.md` (fits a CI job summary) and `junit.xml` into `directory`,
/// which is made if need be; each file is written beside its place and renamed. Nothing in a record is trusted: text is
/// cut, cleaned and escaped. Throws BadInput when the directory cannot be written, or when a record has no place in a
/// report (an unknown verdict).
void write_report(const RunRecord& record, const std::filesystem::path& directory);

/// Several records on one page, in their order.
void write_report(const std::vector<RunRecord>& records, const std::filesystem::path& directory);

}  // namespace lossaudit
