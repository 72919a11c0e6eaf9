// How far long work is, on stderr, when somebody looks at it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
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
  /// A line of its own.
  void remark(const std::string& text);

  /// Lets a request tell here how far it is, and what it has to remark. This must outlive the run.
  template <class Request>
  void follow(Request& request) {
    request.progress = [this](double done, std::string_view what) { show(done, what); };
    if constexpr (requires { request.remark; }) {
      request.remark = [this](const std::string& text) { remark(text); };
    }
  }

 private:
  using Clock = std::chrono::steady_clock;
  bool visible_;
  bool shown_ = false;
  Clock::time_point start_, last_;
  std::optional<double> begun_;  ///< how far it was when it began: what was done before took none of this time
};

}  // namespace lossaudit
