// lossaudit-conform SUBJECT [GoogleTest flags]: the property suite against one subject.
#include <gtest/gtest.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include "property_tests/common_properties.hpp"
#include "property_tests/reference_subject.hpp"
#include "property_tests/subject_under_test.hpp"

namespace {

using namespace lossaudit;

constexpr const char* usage =
    "usage: lossaudit-conform [SUBJECT] [GoogleTest flags]\n"
    "SUBJECT: fast (default), a bundled adapter, a shared library (PATH or PATH:NAME), or `reference`, the suite's own "
    "control.\n"
    "RC_PARAMS=\"seed=1 max_success=1000\" draws other or more cases (400 a property).\n";

/// RapidCheck takes its seed from the clock unless RC_PARAMS names one: runs are to be the same unless someone asks
/// otherwise. Its 100 cases a property become 400.
void set_case_defaults() {
  const char* given = std::getenv("RC_PARAMS");
  std::string parameters = given == nullptr ? "" : given;
  for (const std::string fallback : {"seed=1", "max_success=400"}) {
    const std::string key = fallback.substr(0, fallback.find('=') + 1);
    if (parameters.find(key) == std::string::npos) parameters += (parameters.empty() ? "" : " ") + fallback;
  }
  setenv("RC_PARAMS", parameters.c_str(), 1);
}

void choose(const std::string& argument) {
  if (argument == "reference" || argument == "reference:wobbly") {
    conform::choose_subject(conform::reference_subject(argument != "reference"), argument);
  } else {
    conform::choose_subject(argument);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    std::string subject = "fast";
    bool has_subject = false;
    for (int i = 1; i < argc; ++i) {
      const std::string argument = argv[i];
      if (argument == "--help" || argument == "-h") std::cout << usage << '\n';
      if (argument.starts_with("-")) continue;
      if (has_subject) {
        throw BadInput(
            subject.insert(0, "one SUBJECT at a time: '").append("' and '").append(argument).append("' given"));
      }
      subject = argument;
      has_subject = true;
    }
    set_case_defaults();
    choose(subject);
    conform::register_common_properties();
    ::testing::InitGoogleTest(&argc, argv);
    for (int i = 1; i < argc; ++i) {
      // What GoogleTest did not take is a typing error, and would otherwise pass as a full run.
      if (std::string(argv[i]).starts_with("-")) {
        throw BadInput("unknown flag '" + std::string(argv[i]) + "': see lossaudit-conform --help");
      }
    }
    return RUN_ALL_TESTS();
  } catch (const std::exception& error) {
    std::cerr << "lossaudit-conform: " << error.what() << '\n';
    return 2;
  }
}
