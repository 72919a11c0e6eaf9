#include "reports/visible.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace lossaudit {
namespace {

using nlohmann::json;

/// Longest text of a field, in characters, and of a replay command: Linux takes no longer argument (MAX_ARG_STRLEN).
constexpr std::size_t longest_text = 2000;
constexpr std::size_t longest_command = 131072;

/// Ranges of code points that control, reorder or do not exist: Unicode 15.0, general categories Cc, Zl and Zp, the
/// property Bidi_Control, zero-width and invisible characters that hide text, and noncharacters.
struct Range {
  char32_t first, last;
};
constexpr std::array<Range, 11> hidden = {{{0x00, 0x1f},
                                           {0x7f, 0x9f},
                                           {0xad, 0xad},
                                           {0x61c, 0x61c},
                                           {0x200b, 0x200f},
                                           {0x2028, 0x202e},
                                           {0x2060, 0x206f},
                                           {0xfdd0, 0xfdef},
                                           {0xfeff, 0xfeff},
                                           {0xfff9, 0xfffb},
                                           {0xe0000, 0xe0fff}}};

bool is_hidden(char32_t c) {
  return (c & 0xfffe) == 0xfffe ||
         std::any_of(hidden.begin(), hidden.end(), [c](const Range& r) { return r.first <= c && c <= r.last; });
}

/// Length of a character by its first byte, in valid UTF-8.
std::size_t length_of(unsigned char first) { return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4; }

char32_t code_point(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  char32_t c = character.size() == 1 ? first : first & (0x7fU >> character.size());
  for (const char next : character.substr(1)) c = c << 6 | (static_cast<unsigned char>(next) & 0x3fU);
  return c;
}

void make_visible(json& value, std::size_t most) {
  if (value.is_string()) {
    value = visible(value.get_ref<const std::string&>(), most);
  } else if (value.is_array()) {
    for (json& item : value) make_visible(item, most);
  } else if (value.is_object()) {
    json members = json::object();
    for (auto& [name, member] : value.items()) {
      make_visible(member, name == "replay" ? longest_command : longest_text);
      members[visible(name, longest_text)] = std::move(member);
    }
    value = std::move(members);
  }
}

}  // namespace

std::string visible(std::string_view text, std::size_t most) {
  // A character has four bytes at most: this holds one more than can be shown, so that the cut is noticed below.
  const std::string valid =
      json::parse(json(text.substr(0, 4 * most + 4)).dump(-1, ' ', false, json::error_handler_t::replace));
  std::string shown;
  std::size_t count = 0;
  for (std::size_t i = 0; i < valid.size(); ++count) {
    if (count == most) return shown + "…";
    const std::string_view character =
        std::string_view(valid).substr(i, length_of(static_cast<unsigned char>(valid[i])));
    const char32_t c = code_point(character);
    if (is_hidden(c)) {
      shown += fmt::format("⟨U+{:04X}⟩", static_cast<std::uint32_t>(c));
    } else {
      shown += character;
    }
    i += character.size();
  }
  return shown;
}

RunRecord visible(const RunRecord& record) {
  json object = to_json(record);
  make_visible(object, longest_text);
  return parse_record(object, "report");
}

}  // namespace lossaudit
