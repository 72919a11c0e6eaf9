// How far long work is, on stderr, when somebody looks at it.
#pragma once

#include <chrono>
#include <string_view>

namespace lossaudit {

/// A line that is written over again and again: percentage, what is being done, time left. Silent when stderr is no
/// terminal.
class Progress {
 public:
  Progress();
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` in [0, 1]; the line changes a few times a second at most.
  void show(double done, std::string_view what);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  bool visible_;
  bool shown_ = false;
  Clock::time_point start_, last_;
};

}  // namespace lossaudit
