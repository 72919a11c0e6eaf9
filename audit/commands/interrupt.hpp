// Long work that may be stopped: the first Ctrl-C, or a job's end, lets it conclude what it has done; the second ends the
// program.
#pragma once

namespace lossaudit {

/// From now on SIGINT and SIGTERM are taken note of, once each.
void stop_when_asked();
/// Has either come?
bool asked_to_stop();

}  // namespace lossaudit
