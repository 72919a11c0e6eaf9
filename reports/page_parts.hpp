// The files that index.html is made of, embedded when the library is built (embed.cmake).
#pragma once

#include <string_view>

namespace lossaudit {

/// A file's text and the SHA-256 of it in lower-case hex.
struct PagePart {
  std::string_view text;
  std::string_view sha256;
};

extern const PagePart page_html;  ///< the frame, with a {{place}} for each of the others and for the data
extern const PagePart page_css;   ///< styles
extern const PagePart page_js;    ///< the scripts of reports/page, joined: they build the page from the data
extern const PagePart chart_js;   ///< Chart.js as published

}  // namespace lossaudit
