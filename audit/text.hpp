// Text from strangers, made fit to print: what a subject says of itself is never trusted.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lossaudit {

/// `text` as one line of printable ASCII: every other byte becomes '?', a run of line breaks and blanks becomes one
/// space, blanks at the ends go. What exceeds `most` characters is cut and ends in "...".
std::string printable(std::string_view text, std::size_t most);

/// The last line of `text` that says anything, made printable; "" when none does.
std::string last_line(std::string_view text, std::size_t most);

}  // namespace lossaudit
