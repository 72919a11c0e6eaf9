// The machine that an audit ran on, and the tool that ran it, for the run record.
#pragma once

#include <map>
#include <string>

namespace lossaudit {

/// "cpu", "cores" (those this process may use), "memory", "os", "compiler", "simd" (the vector extensions that the
/// processor has). What the system does not tell is left out.
std::map<std::string, std::string> this_machine();

/// Now, as "2026-01-31T12:00:00Z".
std::string utc_now();

std::string tool_version();   ///< "0.1.0"
std::string tool_revision();  ///< the git commit it was built from, "+" when files were changed, "unknown" outside git

}  // namespace lossaudit
