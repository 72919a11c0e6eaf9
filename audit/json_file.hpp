// Files of JSON: read with a limit to their size and depth, written whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace lossaudit {

/// No file of ours is larger than this; load_json() refuses one that is.
inline constexpr std::uintmax_t largest_json_bytes = std::uintmax_t{1} << 27;

/// The JSON in a file of at most largest_json_bytes. Throws BadInput, "PATH: not KIND: …", naming the byte at fault when
/// it is not JSON.
nlohmann::json load_json(const std::filesystem::path& path, const std::string& kind);
/// The same of a text in memory; `where` names it.
nlohmann::json parse_json(std::string_view text, const std::string& where, const std::string& kind);

/// Writes a file beside `path` and renames it, so that `path` is never seen half written. Throws BadInput naming `path`
/// and the system's reason.
void save_text(const std::filesystem::path& path, std::string_view text);

}  // namespace lossaudit
