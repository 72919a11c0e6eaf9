#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "audit/commands/commands.hpp"
#include "reference/contract.hpp"

namespace lossaudit {

void add_conform(CLI::App& app, Program& /*program*/) {
  // For the help alone: with a subject, the program never gets here (main.cpp).
  CLI::App* command = app.add_subcommand("conform", "The property suite against a subject.");
  command->prefix_command();
  command->footer(
      "SUBJECT [GoogleTest flags]: lossaudit conform fast --gtest_list_tests, --gtest_filter=..., --gtest_help");
  command->callback(
      [] { throw BadInput("conform needs a subject: lossaudit conform SUBJECT (lossaudit list subjects)"); });
}

void exec_conform(const std::vector<std::string>& arguments) {
  const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  std::string path = (here / "lossaudit-conform").string();
  std::vector<std::string> copies = arguments;
  std::vector<char*> words = {path.data()};
  for (std::string& word : copies) words.push_back(word.data());
  words.push_back(nullptr);
  execv(path.c_str(), words.data());
  throw BadInput("cannot run " + path + ": " + std::strerror(errno) + "; build the target lossaudit-conform");
}

}  // namespace lossaudit
