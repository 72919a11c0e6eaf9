#include "audit/text.hpp"

namespace lossaudit {
namespace {

constexpr std::string_view blanks = " \t\r\n";

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
  std::string line;
  bool gap = false;
  for (const char c : text) {
    if (blanks.find(c) != std::string_view::npos) {
      gap = !line.empty();
      continue;
    }
    if (gap) line += ' ';
    gap = false;
    line += c > ' ' && c < '\x7f' ? c : '?';
    if (line.size() > most) break;
  }
  if (line.size() > most) line.replace(most - 3, std::string::npos, "...");
  return line;
}

std::string last_line(std::string_view text, std::size_t most) {
  const std::size_t end = text.find_last_not_of(blanks);
  if (end == std::string_view::npos) return "";
  text = text.substr(0, end + 1);
  return printable(text.substr(text.find_last_of("\r\n") + 1), most);
}

std::uint64_t text_hash(std::string_view text, std::uint64_t state) {
  for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return state;
}

}  // namespace lossaudit
