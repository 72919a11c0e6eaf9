// Text from strangers, made fit to print: what a subject says of itself is never trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lossaudit {

/// `text` as one line of printable ASCII: every other byte becomes '?', a run of line breaks and blanks becomes one
/// space, blanks at the ends go. What exceeds `most` characters is cut and ends in "...".
std::string printable(std::string_view text, std::size_t most);

/// The last line of `text` that says anything, made printable; "" when none does.
std::string last_line(std::string_view text, std::size_t most);

/// FNV-1a: the same on every machine. `state`: go on from another text's hash.
std::uint64_t text_hash(std::string_view text, std::uint64_t state = 0xcbf29ce484222325ULL);

}  // namespace lossaudit
