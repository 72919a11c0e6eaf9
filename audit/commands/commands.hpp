// The commands of the program. Each adds its subcommand to the command line; when that is chosen, its callback does the
// work and sets the exit status: 0 conforms, 1 does not, 2 could not run.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace lossaudit {

/// What a command needs of the program around it.
struct Program {
  std::vector<std::string> arguments;  ///< as given, the program's name first
  int status = 0;                      ///< what the program exits with
};

void add_audit(CLI::App& app, Program& program);
void add_bench(CLI::App& app, Program& program);
void add_conform(CLI::App& app, Program& program);
void add_reference(CLI::App& app, Program& program);
void add_report(CLI::App& app, Program& program);
void add_hunt(CLI::App& app, Program& program);
void add_list(CLI::App& app, Program& program);
void add_lengths(CLI::App& app, Program& program);
void add_certify(CLI::App& app, Program& program);
void add_merge(CLI::App& app, Program& program);
void add_vectors(CLI::App& app, Program& program);
void add_judge(CLI::App& app, Program& program);

/// Runs lossaudit-conform, which lies beside this program, in its place. Throws BadInput when it is not there.
[[noreturn]] void exec_conform(const std::vector<std::string>& arguments);

/// Every name of a list, through `parse`; an empty list stays empty.
template <typename Parse>
auto parse_each(const std::vector<std::string>& names, Parse parse) {
  std::vector<decltype(parse(std::string_view()))> values;
  for (const std::string& name : names) values.push_back(parse(name));
  return values;
}

/// An option that takes a comma-separated list, and no further words of the command line.
inline CLI::Option* add_list_option(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                                    const std::string& help) {
  return app.add_option(name, values, help)->delimiter(',')->allow_extra_args(false);
}

}  // namespace lossaudit
