// The cases that hunts begin from, as a file holds them.
#include <gtest/gtest.h>

#include <string>

#include "audit/case.hpp"
#include "audit/hunt/corpus.hpp"

namespace lossaudit {
namespace {

std::string why_refused(const std::string& text) {
  try {
    parse_corpus(text, "corpus.txt");
  } catch (const BadInput& error) {
    return error.what();
  }
  return "";
}

TEST(HuntCorpus, ADamagedOneIsRefusedInALine) {
  const std::string good = "# known\n\n softmax exact f32 forward | output=0x1p+0,0x0p+0 \r\n";
  EXPECT_EQ(why_refused(good), "");
  EXPECT_EQ(parse_corpus(good + good, "twice").size(), 1U);
  for (const char* line : {"softmax exact f32 forward", "softmax exact f99 forward | output=1", "| output=1",
                           "softmax exact f32 forward | ", "softmax exact f32 forward | output=one",
                           "softmax exact f32 forward | output=1*2000000", "sigmoid exact f64 forward | output=1,2",
                           "softmax exact f32 forward | shape=2x2x1 output=1,2,3,4",
                           "sparse_categorical_crossentropy exact f32 forward from_logits | output=1,2",
                           "softmax exact f32 forward | output=1,2 \x1b[31m|\x01"}) {
    const std::string why = why_refused(good + line);
    EXPECT_TRUE(why.starts_with("corpus.txt:4: ")) << line << ": " << why;
    EXPECT_EQ(why.find_first_of("\n\x1b\x01"), std::string::npos) << line;
  }
  EXPECT_THROW(load_corpus(testing::TempDir()), BadInput) << "a folder";
}

TEST(HuntCorpus, ForgetsTheOldest) {
  const Contract contract = parse_contract("log_softmax exact f32 forward");
  Corpus corpus;
  for (std::size_t i = 0; i < most_corpus_cases + 3; ++i) {
    corpus.add(contract, parse_case(contract, "output=0," + std::to_string(i)));
  }
  ASSERT_EQ(corpus.cases(contract).size(), most_corpus_cases);
  EXPECT_EQ(corpus.cases(contract)[0].output[1], 3);
  EXPECT_EQ(parse_corpus(corpus.text(), "again").digest(), corpus.digest());
}

}  // namespace
}  // namespace lossaudit
