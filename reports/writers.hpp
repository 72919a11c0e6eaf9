// The three reports as text.
#pragma once

#include <string>

#include "reports/overview.hpp"

namespace lossaudit {

/// One HTML file with its styles, scripts and data inside it. Nothing in it is loaded from elsewhere, and its content
/// security policy lets nothing be.
std::string page_report(const Overview& overview);

/// GitHub-flavoured Markdown, below the 1 MiB that a job summary may have.
std::string markdown_report(const Overview& overview);

/// JUnit's XML: a testsuite a subject, a testcase a contract. What makes an audit fail fails here and nothing else
/// does: a recommended rule is text, and a subject that is not gated is skipped with its finding as the message.
std::string junit_report(const Overview& overview);

}  // namespace lossaudit
