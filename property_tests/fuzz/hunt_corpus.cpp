// A hunt's corpus: what is accepted is written as it can be read again.
#include "audit/hunt/corpus.hpp"
#include "property_tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lossaudit;  // NOLINT(google-build-using-namespace): this function stands outside the namespace
  fuzz::refuses_in_a_line([&] {
    const Corpus corpus = parse_corpus(fuzz::text_of(data, size), "corpus.txt");
    const Corpus again = parse_corpus(corpus.text(), "again");
    fuzz::require(again.text() == corpus.text() && again.size() == corpus.size());
  });
  return 0;
}
