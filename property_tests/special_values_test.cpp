// The table of special values against the reference, over every function, dialect, pass, format and kind of output; and
// the check of the table itself.
#include "property_tests/special_values.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace lossaudit {
namespace {

/// Every contract without further options that makes sense.
std::vector<Contract> every_contract() {
  std::vector<Contract> contracts;
  for (const FunctionTraits& function : functions()) {
    for (const DialectTraits& dialect : dialects()) {
      for (const FormatTraits& format : format_table) {
        for (const Pass pass : {Pass::forward, Pass::gradient}) {
          for (const bool from_logits : {false, true}) {
            Contract contract{function.function, dialect.dialect, format.format, pass, {}};
            contract.options.from_logits = from_logits;
            if (is_meaningful(contract)) contracts.push_back(contract);
          }
        }
      }
    }
  }
  return contracts;
}

class SpecialValues : public testing::TestWithParam<Format> {};
INSTANTIATE_TEST_SUITE_P(, SpecialValues, testing::Values(Format::f64, Format::f32, Format::f16, Format::bf16),
                         [](const auto& info) { return std::string(traits(info.param).name); });

TEST_P(SpecialValues, AreWhatTheTableSays) {
  for (const Contract& contract : every_contract()) {
    if (contract.format != GetParam()) continue;
    for (const SpecialValue& row : special_values()) {
      if (!holds_for(row, contract)) continue;
      EXPECT_EQ(contradictions(row, contract), "");
    }
  }
}

/// Kinds of what is due, so that a hole of one kind shows.
std::set<std::string> kinds_due(const SpecialValue& row) {
  std::set<std::string> kinds;
  if (row.due.find("nan") != std::string_view::npos) kinds.insert("NaN");
  if (row.due.find('?') != std::string_view::npos) kinds.insert("a limit");
  if (row.due.find("same") != std::string_view::npos) kinds.insert("unchanged elsewhere");
  if (row.due.find_first_of("0123456789") != std::string_view::npos || row.due.find("finite") != std::string_view::npos)
    kinds.insert("a finite number");
  return kinds;
}

/// No contract is a hole: each has its rows, and among them every kind of due word.
TEST(SpecialValueTable, SpeaksAboutEveryContract) {
  for (const Contract& contract : every_contract()) {
    int rows = 0;
    std::map<std::string, int> kinds;
    for (const SpecialValue& row : special_values()) {
      if (!holds_for(row, contract)) continue;
      ++rows;
      for (const std::string& kind : kinds_due(row)) ++kinds[kind];
    }
    EXPECT_GE(rows, traits(contract.function).is_loss ? 12 : 3) << to_string(contract);
    for (const char* kind : {"NaN", "a limit", "unchanged elsewhere", "a finite number"}) {
      EXPECT_GE(kinds[kind], 1) << kind << ": " << to_string(contract);
    }
  }
}

TEST(SpecialValueTable, HasNoRowInVainAndNoneTwice) {
  std::set<std::string> seen;
  const std::vector<Contract> contracts = every_contract();
  for (const SpecialValue& row : special_values()) {
    const std::string key = std::string(row.where) + "|" + std::string(row.options) + "|" + std::string(row.inputs);
    EXPECT_TRUE(seen.insert(key).second) << key;
    bool holds = false;
    for (const Contract& contract : contracts) holds = holds || holds_for(row, contract);
    EXPECT_TRUE(holds) << key << " holds for no contract";
  }
}

/// Words that contradict a due word, each in another way.
std::vector<std::string> wrong_words(const std::string& word) {
  const bool recommended = word.ends_with('?');
  const std::string plain = recommended ? word.substr(0, word.size() - 1) : word;
  const std::string mark = recommended ? "?" : "";
  std::vector<std::string> wrong = {recommended ? plain : plain + "?"};  // required for recommended, and the reverse
  for (const char* other : {"nan", "inf", "-inf", "123.5"}) {
    if (plain != other) wrong.push_back(other + mark);
  }
  // A finite number is not one beyond the range, nor the reverse.
  wrong.push_back((plain == "over" || plain == "-over" ? "finite" : "over") + mark);
  return wrong;
}

std::vector<std::string> words_of(std::string_view due) {
  std::vector<std::string> words(1);
  for (const char c : due) {
    if (c == ',') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

/// The checker checked: with any one due word replaced by a wrong one, the row is contradicted. (`same` may be any value, so
/// that only its mark is certain to be wrong.)
TEST(SpecialValueTable, AWrongWordIsContradicted) {
  const std::vector<Contract> contracts = every_contract();
  for (const SpecialValue& row : special_values()) {
    const Contract* first = nullptr;
    for (const Contract& contract : contracts) {
      if (first == nullptr && holds_for(row, contract)) first = &contract;
    }
    ASSERT_NE(first, nullptr);
    const std::vector<std::string> words = words_of(row.due);
    for (std::size_t i = 0; i < words.size(); ++i) {
      for (const std::string& wrong : wrong_words(words[i])) {
        std::string due;
        for (std::size_t k = 0; k < words.size(); ++k) due += (k == 0 ? "" : ",") + (k == i ? wrong : words[k]);
        SpecialValue mutant = row;
        mutant.due = due;
        EXPECT_NE(contradictions(mutant, *first), "") << row.where << " " << row.inputs << ": " << due;
      }
    }
  }
}

/// "Unchanged elsewhere" is not satisfied by anything: where the special value does change a result, it is told.
TEST(SpecialValueTable, AChangeElsewhereIsContradicted) {
  const SpecialValue mutant{"softmax exact * forward *", "", "output=inf,0.5", "same?,same?", "a mutant"};
  EXPECT_NE(contradictions(mutant, parse_contract("softmax exact f32 forward")), "");
}

}  // namespace
}  // namespace lossaudit
