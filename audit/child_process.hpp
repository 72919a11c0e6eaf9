// A forked child that a stranger's code runs in, and the parent's hold on it.
//
// The child has its own process group, no descriptors but those below, default signal dispositions, no core file, and
// dies with the thread that started it (Linux PR_SET_PDEATHSIG). Of its stderr the last few kilobytes are kept. It
// cannot make the parent wait beyond a deadline, whatever it or its own children do.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "audit/resource_watch.hpp"

namespace lossaudit {

/// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  void reset();

 private:
  int fd_ = -1;
};

class ChildProcess {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// The descriptors of a child that speaks in messages: stdin and stdout are /dev/null (what it writes there is
  /// dropped), stderr is a pipe to the parent, then these two.
  static constexpr int channel_descriptor = 3;  ///< messages, both ways
  static constexpr int memory_descriptor = 4;   ///< `memory` as given to the constructor

  /// Forks. The child runs `body` and exits; nothing of the parent's (destructors, exit handlers, buffered output) runs
  /// in it. While something is waited for from it, it is stopped when it exceeds its limits. Throws std::system_error
  /// when the system has no more processes or descriptors.
  ChildProcess(const Descriptor& memory, const ResourceLimits& limits, const std::function<void()>& body);
  /// The same for a child that speaks in streams: stdin, stdout and stderr are pipes to the parent, and there is nothing
  /// else. `body` may become another program (execvp).
  ChildProcess(const ResourceLimits& limits, const std::function<void()>& body);
  /// Kills what is left of the child's group and reaps the child.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Sends one message; false when the child no longer takes any.
  bool send(std::span<const std::byte> message);

  enum class Event { message, ended, timeout };
  /// Waits for the child's next message, its end, or the deadline. `size` is the message's true size, which may exceed
  /// the buffer: then the rest is lost.
  Event receive(std::span<std::byte> buffer, std::size_t& size, Deadline deadline);

  /// Streams: writes what the child takes of `unsent`, shortening it, until something of its stdout has come (Event::message;
  /// `size` bytes of it are in the buffer), it ended, or the deadline. A child that has closed its stdout is only waited
  /// for a second. With an empty buffer, until all is sent (Event::message).
  Event transfer(std::span<const std::byte>& unsent, std::span<std::byte> buffer, std::size_t& size, Deadline deadline);
  /// Streams: the child may still write to its stdout.
  [[nodiscard]] bool is_open() const { return channel_open_; }
  /// Streams: ends the child's stdin and waits for it to leave of its own will, no longer than the deadline.
  void dismiss(Deadline deadline);

  /// Has it ended? Does not wait.
  [[nodiscard]] bool ended() const;
  /// How it ended, once it has.
  struct End {
    int signal = 0;  ///< 0: it exited
    int status = 0;
    [[nodiscard]] std::string text() const;  ///< "SIGSEGV", "exited with status 3"
  };
  [[nodiscard]] End end() const;
  /// The limit that it exceeded, if that is why it ended: "took …", "wrote …"; or "".
  [[nodiscard]] std::string excess() const;

  /// What it last wrote to stderr, at most a few kilobytes; not to be trusted.
  [[nodiscard]] std::string_view said() const { return said_; }
  void forget_said() { said_.clear(); }

 private:
  void start(std::span<const int> descriptors, const std::function<void()>& body);
  void drain();
  void look();

  ResourceWatch watch_;
  Deadline next_look_;
  std::string excess_;  ///< why we killed it
  pid_t pid_ = -1;
  Descriptor channel_;  ///< the messages' socket, or the stream that is the child's stdout
  Descriptor stdin_;    ///< of streams
  Descriptor stderr_;
  bool streams_ = false, channel_open_ = true, stderr_open_ = true;
  std::string said_;
};

}  // namespace lossaudit
