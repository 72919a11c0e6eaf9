// Text from a run record, made fit to show. A record holds what strangers said of themselves, and may be forged.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "audit/record.hpp"

namespace lossaudit {

/// Valid UTF-8 without anything that acts instead of showing: bytes that are no UTF-8 become U+FFFD; control
/// characters, line breaks, direction marks and noncharacters show as "⟨U+202E⟩"; what exceeds `most` characters is cut
/// and ends in "…".
std::string visible(std::string_view text, std::size_t most);

/// The record with every string made visible, a replay command in full if it can be run at all. Throws BadInput where
/// parse_record() would.
RunRecord visible(const RunRecord& record);

}  // namespace lossaudit
