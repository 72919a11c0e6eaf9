#include "reports/report.hpp"

#include <cstdio>
#include <memory>

#include "audit/commands/commands.hpp"
#include "audit/record.hpp"

namespace lossaudit {

void add_report(CLI::App& app, Program& /*program*/) {
  struct Arguments {
    std::vector<std::string> records;
    std::string directory;
  };
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("report", "The report again, from run records.");
  command->add_option("RUN.json", arguments->records, "Run records, as lossaudit audit -o DIR leaves them")->required();
  command->add_option("-o", arguments->directory, "Folder for index.html, report.md and junit.xml")
      ->option_text("DIR")
      ->required();
  command->callback([arguments] {
    std::vector<RunRecord> records;
    for (const std::string& path : arguments->records) records.push_back(load_record(path));
    write_report(records, arguments->directory);
    std::printf("report: %s/index.html\n", arguments->directory.c_str());
  });
}

}  // namespace lossaudit
