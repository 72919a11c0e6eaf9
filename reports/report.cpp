#include "reports/report.hpp"

#include "reference/contract.hpp"
#include "reports/writers.hpp"

namespace lossaudit {

void write_report(const RunRecord& record, const std::filesystem::path& directory) {
  write_report(std::vector<RunRecord>{record}, directory);
}

void write_report(const std::vector<RunRecord>& records, const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error)
    throw BadInput(directory.string() + ": cannot be made: " + error.message() + ": name another folder with -o");
  const Overview overview(records);
  save_text(directory / "index.html", page_report(overview));
  save_text(directory / "report.md", markdown_report(overview));
  save_text(directory / "junit.xml", junit_report(overview));
}

}  // namespace lossaudit
