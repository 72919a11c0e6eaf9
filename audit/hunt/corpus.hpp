// Known bad cases, kept from hunt to hunt in a file that people may read, edit and put together:
//
//   # comment
//   log_softmax exact f32 forward | output=0x1.4p+4,0x0p+0
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference/contract.hpp"

namespace lossaudit {

/// Cases by contract, each of them one element, one row, or one reduction's batch.
class Corpus {
 public:
  /// The cases of a contract, those that were added last at the end.
  [[nodiscard]] std::span<const Batch> cases(const Contract& contract) const;
  [[nodiscard]] std::size_t size() const;
  /// Adds a case unless it is there. Of a contract's cases the oldest go where there are more than most_corpus_cases; one
  /// too large is not taken.
  void add(const Contract& contract, const Batch& one);
  /// Two corpora with the same digest have the same cases in the same order.
  [[nodiscard]] std::string digest() const;
  /// The file's text.
  [[nodiscard]] std::string text() const;

 private:
  struct Known {
    std::vector<Batch> cases;
    std::vector<std::string> texts;
  };
  std::map<std::string, Known> known_;  ///< by the contract's text
};

inline constexpr std::size_t most_corpus_cases = 64;
inline constexpr std::size_t most_corpus_values = std::size_t{1} << 20;  ///< outputs of one case
inline constexpr std::size_t most_corpus_bytes = std::size_t{1} << 26;

/// Reads a corpus's text; it may come from anywhere. Throws BadInput in one line, "`where`:12: …", on nonsense, on a case
/// of several elements or rows, and on one too large.
Corpus parse_corpus(std::string_view text, const std::string& where);
/// The same of a file; one that does not exist is empty.
Corpus load_corpus(const std::filesystem::path& path);
/// Throws BadInput naming the path.
void save_corpus(const Corpus& corpus, const std::filesystem::path& path);

}  // namespace lossaudit
