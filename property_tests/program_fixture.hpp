// Runs the program as a user does, in a folder of its own.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace lossaudit::program {

namespace fs = std::filesystem;

struct Finished {
  int status;
  std::string out, err;
};

inline std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class Program : public testing::Test {
 protected:
  Program() : folder_(fs::path(testing::TempDir()) / ("lossaudit_program_" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~Program() override { fs::remove_all(folder_); }

  [[nodiscard]] Finished run(const std::string& arguments) const {
    const std::string command = std::string(LOSSAUDIT) + " " + arguments + " >" + (folder_ / "out").string() + " 2>" +
                                (folder_ / "err").string() + " </dev/null";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text_of(folder_ / "out"), text_of(folder_ / "err")};
  }

  void expect_mistake(const std::string& arguments, const std::string& part) const {
    const Finished result = run(arguments);
    EXPECT_EQ(result.status, 2) << arguments;
    EXPECT_EQ(result.out, "") << arguments;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << arguments << ": " << result.err;
    EXPECT_EQ(result.err.substr(0, 11), "lossaudit: ") << arguments;
    EXPECT_NE(result.err.find(part), std::string::npos) << arguments << ": " << result.err;
  }

  fs::path folder_;
};

}  // namespace lossaudit::program
