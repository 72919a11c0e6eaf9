// `lossaudit reference` gives the answer of every known defect from the command line.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "audit/case.hpp"
#include "property_tests/known_defects.hpp"
#include "reference/evaluate.hpp"

namespace lossaudit {
namespace {

/// "--label-smoothing=0.2" of "label_smoothing=0.2".
std::string flag_of(std::string word) {
  const std::size_t end = std::min(word.find('='), word.size());
  std::replace(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(end), '_', '-');
  return " " + shell_quoted("--" + word);
}

/// The command's arguments, made from the words of the row.
std::string arguments_of(const KnownDefect& defect) {
  std::istringstream contract{std::string(defect.contract)};
  std::string function, dialect, format, pass, word;
  contract >> function >> dialect >> format >> pass;
  std::string arguments =
      function + flag_of("dialect=" + dialect) + flag_of("format=" + format) + flag_of("pass=" + pass) + " --json";
  while (contract >> word) {
    // Given by a tensor that comes with the case, or by its shape.
    if (word != "class_weights" && word != "sample_weights" && word != "axis") arguments += flag_of(word);
  }
  std::istringstream inputs{std::string(defect.inputs)};
  while (inputs >> word) {
    arguments += flag_of(word);
    if (word.starts_with("shape=")) arguments += " --axis=1";  // (outer, classes, inner)
  }
  return arguments;
}

/// What `lossaudit reference` prints.
nlohmann::json answer_to(const std::string& arguments) {
  const std::string command = shell_quoted(LOSSAUDIT) + " reference " + arguments + " </dev/null";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string text;
  std::array<char, 4096> part{};
  while (pipe != nullptr) {
    const std::size_t size = std::fread(part.data(), 1, part.size(), pipe.get());
    if (size == 0) break;
    text.append(part.data(), size);
  }
  return nlohmann::json::parse(text, nullptr, false);
}

TEST(KnownDefectCommand, LossauditReferenceGivesEveryAnswer) {
  for (const KnownDefect& defect : known_defects()) {
    const std::string arguments = arguments_of(defect);
    SCOPED_TRACE(std::string(defect.name) + ": lossaudit reference " + arguments);
    const Contract contract = parse_contract(defect.contract);
    const Batch batch = parse_case(contract, defect.inputs);
    const Expected due = expect(contract, batch).at(defect.result);
    const nlohmann::json printed = answer_to(arguments);
    ASSERT_TRUE(printed.is_object());
    EXPECT_EQ(printed.at("contract").get<std::string>(), to_string(contract));
    EXPECT_EQ(printed.at("case").get<std::string>(), to_case_text(contract, batch));
    const nlohmann::json& result = printed.at("results").at(defect.result);
    EXPECT_EQ(result.at("recommended").get<bool>(), due.recommended);
    const std::string exact = result.at("exact").get<std::string>();
    if (due.kind == Expected::Kind::nan) {
      EXPECT_EQ(exact, "nan");
    } else {
      EXPECT_EQ(result.at(std::string(traits(contract.format).name)).at("hex").get<std::string>(),
                to_hex(contract.format, due.rounded));
      // The decimals: those of the exact number, whose distance from the rounded one is known to 2^-20 ulp.
      const double printed_ulps = std::ldexp(std::strtod(exact.c_str(), nullptr), -due.ulp_exponent);
      const double due_ulps = std::ldexp(due.rounded, -due.ulp_exponent) + due.offset;
      EXPECT_NEAR(printed_ulps, due_ulps, 0x1p-20 + std::fabs(due_ulps) * 0x1p-52);
    }
    EXPECT_NE(exact, std::string(defect.returned));
  }
}

}  // namespace
}  // namespace lossaudit
