#include "audit/commands/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

namespace lossaudit {
namespace {

constexpr std::chrono::milliseconds between_updates{200};
constexpr const char* erase_line = "\r\033[K";

}  // namespace

Progress::Progress() : visible_(isatty(STDERR_FILENO) != 0), start_(Clock::now()), last_(start_) {}

void Progress::show(double done, std::string_view what) {
  const Clock::time_point now = Clock::now();
  if (!begun_) begun_ = done;
  if (!visible_ || now - last_ < between_updates) return;
  last_ = now;
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  std::string left;
  if (const double here = done - *begun_; here > 0.01 && done < 1) {
    const auto seconds = std::lround(elapsed * (1 - done) / here);
    left = fmt::format(", {}:{:02} left", seconds / 60, seconds % 60);
  }
  fmt::print(stderr, "{}{:3.0f} %  {}{}", erase_line, 100 * done, what.substr(0, 60), left);
  std::fflush(stderr);
  shown_ = true;
}

void Progress::clear() {
  if (shown_) fmt::print(stderr, "{}", erase_line);
  shown_ = false;
}

void Progress::remark(const std::string& text) {
  clear();
  fmt::print(stderr, "lossaudit: {}\n", text);
}

}  // namespace lossaudit
