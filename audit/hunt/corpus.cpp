#include "audit/hunt/corpus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <system_error>

#include "audit/case.hpp"
#include "audit/hunt/cases.hpp"
#include "audit/json_file.hpp"
#include "audit/text.hpp"

namespace lossaudit {
namespace {

constexpr std::string_view head =
    "# Cases that hunts found, a line each: CONTRACT | CASE. The next hunt with --corpus begins from them.\n";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

void read_line(std::string_view line, Corpus& corpus) {
  const std::size_t bar = line.find('|');
  if (bar == std::string_view::npos) throw BadInput("expected CONTRACT | CASE");
  const Contract contract = parse_contract(trimmed(line.substr(0, bar)));
  const Batch one = parse_case(contract, line.substr(bar + 1), most_corpus_values);
  if (cases_in(contract, one) != 1) throw BadInput("one element or one row a line");
  corpus.add(contract, one);
}

}  // namespace

std::span<const Batch> Corpus::cases(const Contract& contract) const {
  const auto found = known_.find(to_string(contract));
  if (found == known_.end()) return {};
  return found->second.cases;
}

std::size_t Corpus::size() const {
  std::size_t all = 0;
  for (const auto& [contract, known] : known_) all += known.cases.size();
  return all;
}

void Corpus::add(const Contract& contract, const Batch& one) {
  if (one.output.size() > most_corpus_values) return;
  Known& known = known_[to_string(contract)];
  std::string text = to_case_text(contract, one);
  if (std::ranges::find(known.texts, text) != known.texts.end()) return;
  known.cases.push_back(one);
  known.texts.push_back(std::move(text));
  if (known.cases.size() > most_corpus_cases) {
    known.cases.erase(known.cases.begin());
    known.texts.erase(known.texts.begin());
  }
}

std::string Corpus::text() const {
  std::string text(head);
  for (const auto& [contract, known] : known_) {
    for (const std::string& one : known.texts) text += fmt::format("{} | {}\n", contract, one);
  }
  return text;
}

std::string Corpus::digest() const { return fmt::format("{} cases, {:016x}", size(), text_hash(text())); }

Corpus parse_corpus(std::string_view text, const std::string& where) {
  Corpus corpus;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    try {
      read_line(line, corpus);
    } catch (const BadInput& error) {
      throw BadInput(fmt::format("{}:{}: {}: correct the line or remove it", where, number, error.what()));
    }
  }
  return corpus;
}

Corpus load_corpus(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) return {};
  const std::uintmax_t bytes = error ? 0 : std::filesystem::file_size(path, error);
  if (error || bytes > most_corpus_bytes) {
    throw BadInput(fmt::format("{}: cannot be read as a corpus: {}", path.string(),
                               error ? error.message() : "larger than 64 MiB"));
  }
  std::string text(bytes, '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(text.data(), static_cast<std::streamsize>(bytes))) {
    throw BadInput(path.string() + ": cannot be read: name a file that a hunt left, or one that does not exist yet");
  }
  return parse_corpus(text, path.string());
}

void save_corpus(const Corpus& corpus, const std::filesystem::path& path) { save_text(path, corpus.text()); }

}  // namespace lossaudit
