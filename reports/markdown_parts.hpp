// The parts that report.md is made of, and how text becomes Markdown.
#pragma once

#include <cstddef>
#include <string>

#include "reports/overview.hpp"

namespace lossaudit {

/// A job summary of GitHub's has 1 MiB a step at most; past it nothing is shown at all.
inline constexpr std::size_t most_bytes = 1'000'000;
inline constexpr std::size_t longest_name = 60;
inline constexpr std::size_t longest_line = 1000;

/// `text` as text inside an HTML element, where Markdown has no say.
std::string escaped_html(const std::string& text, std::size_t most = longest_line);
/// `text` as text: whatever Markdown or HTML would act on is escaped.
std::string escaped(const std::string& text, std::size_t most = longest_line);

/// What was tried in full, and what was hunted.
std::string searches_text(const Overview& overview);
/// Time against error, and error against length.
std::string measurements_text(const Overview& overview);

}  // namespace lossaudit
