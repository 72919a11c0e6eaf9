#include "audit/commands/interrupt.hpp"

#include <csignal>
#include <initializer_list>

namespace lossaudit {
namespace {

volatile std::sig_atomic_t asked = 0;

}  // namespace

void stop_when_asked() {
  struct sigaction action {};
  action.sa_handler = [](int) { asked = 1; };
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

bool asked_to_stop() { return asked != 0; }

}  // namespace lossaudit
