// lossaudit: the command line.
#include <cstdio>
#include <exception>

#include "audit/commands/commands.hpp"
#include "audit/machine.hpp"
#include "audit/text.hpp"
#include "reference/contract.hpp"

namespace lossaudit {
namespace {

constexpr std::size_t longest_error = 600;

int complain(const std::string& what) {
  std::fprintf(stderr, "lossaudit: %s\n", printable(what, longest_error).c_str());
  return 2;
}

/// CLI11's message, with the nearest command or option of the subcommand that was being read.
std::string explain_parse_error(const CLI::App& app, const CLI::ParseError& error, const Program& program) {
  std::string what = error.what();
  if (program.arguments.size() < 2) return "no command given (lossaudit --help)";
  const std::string& first = program.arguments[1];
  std::vector<std::string> commands;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_name() == first) return what.append(" (lossaudit ").append(first).append(" --help)");
    commands.push_back(command->get_name());
  }
  if (!first.starts_with('-')) {
    std::string nearest;
    for (const std::string& name : nearest_names(first, commands)) {
      nearest.append(nearest.empty() ? "" : ", ").append(name);
    }
    return "unknown command '" + first + "': did you mean " + nearest + "? (lossaudit --help)";
  }
  return "unknown option '" + first + "' (lossaudit --help)";
}

int run(Program& program) {
  // Everything behind the subject is for GoogleTest.
  const std::vector<std::string>& arguments = program.arguments;
  if (arguments.size() > 2 && arguments[1] == "conform" && arguments[2] != "--help" && arguments[2] != "-h") {
    exec_conform({arguments.begin() + 2, arguments.end()});
  }
  CLI::App app("Says how right an implementation of a machine-learning loss is.", "lossaudit");
  app.set_version_flag("--version", "lossaudit " + tool_version() + " (" + tool_revision() + ")");
  app.require_subcommand(1);
  app.footer("Exit status: 0 conforms, 1 does not, 2 could not run.");
  add_audit(app, program);
  add_conform(app, program);
  add_bench(app, program);
  add_hunt(app, program);
  add_reference(app, program);
  add_report(app, program);
  add_list(app, program);
  add_lengths(app, program);
  add_certify(app, program);
  add_merge(app, program);
  add_vectors(app, program);
  add_judge(app, program);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend() - 1));
  } catch (const CLI::Success& asked) {
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    return complain(explain_parse_error(app, error, program));
  }
  return program.status;
}

}  // namespace
}  // namespace lossaudit

int main(int count, char** arguments) {
  try {
    lossaudit::Program program{{arguments, arguments + count}};
    return lossaudit::run(program);
  } catch (const std::exception& error) {
    return lossaudit::complain(error.what());
  }
}
