#include "audit/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <system_error>
#include <utility>
#include <vector>

namespace lossaudit {
namespace {

using namespace std::chrono_literals;

/// How often the child is looked at when nothing is heard from it: a grandchild that holds the channel hides its end.
constexpr auto look_again = 20ms;
constexpr std::size_t kept_of_stderr = 4096;
/// How often its use of the machine is looked at; a look takes about a millisecond.
constexpr auto look_at_use = 200ms;
/// A child that closed its stdout has nothing more to tell; it may still be about to end, which says more.
constexpr auto time_to_end = 1s;
/// As much as a pipe may hold without privileges (/proc/sys/fs/pipe-max-size), so that large tensors take few turns.
constexpr int pipe_size = 1 << 20;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

/// Everything that the child must do before it touches a stranger's code. It is left with `descriptors` as 0, 1, 2, …
/// Async-signal-safe up to the memory allocator: the parent may have threads.
void become_child(pid_t parent, std::span<const int> descriptors, const ResourceWatch& watch) {
  // A thread's end is what is told, hence the check for a parent that ended before the call.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  setpgid(0, 0);

  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);

  // First out of the way of the numbers that they are to have.
  constexpr int above = 10;
  std::vector<int> moved;
  for (const int descriptor : descriptors) moved.push_back(fcntl(descriptor, F_DUPFD_CLOEXEC, above));
  const auto count = static_cast<int>(moved.size());
  for (int i = 0; i < count; ++i) dup2(moved[i], i);
  for (int i = STDERR_FILENO + 1; i < count; ++i) fcntl(i, F_SETFD, FD_CLOEXEC);
  closefrom(count);

  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  watch.impose();
  // When memory runs out, the stranger goes first.
  if (const int adjust = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); adjust >= 0) {
    [[maybe_unused]] const ssize_t written = write(adjust, "1000", 4);
    close(adjust);
  }
  // Exit handlers run last in, first out: the library's own, then this one, and never those of the parent.
  on_exit([](int status, void*) { _exit(status); }, nullptr);
}

/// Both ends of a new pipe: the one that is read, then the one that is written.
std::pair<Descriptor, Descriptor> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe2");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

void make_nonblocking(const Descriptor& descriptor) {
  if (fcntl(descriptor.get(), F_SETFL, O_NONBLOCK) != 0) fail("fcntl");
}

/// write() without the SIGPIPE that it raises when nobody reads any more: that is the child's fault, and the disposition
/// of signals is the whole program's business.
ssize_t write_quietly(int descriptor, std::span<const std::byte> bytes) {
  sigset_t broken_pipe, before, pending;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  sigpending(&pending);
  if (sigismember(&pending, SIGPIPE) == 1) return write(descriptor, bytes.data(), bytes.size());  // blocked already
  pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
  const ssize_t written = write(descriptor, bytes.data(), bytes.size());
  const int error = errno;
  constexpr timespec no_time{};
  if (written < 0 && error == EPIPE) sigtimedwait(&broken_pipe, nullptr, &no_time);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return written;
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void Descriptor::reset() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

ChildProcess::ChildProcess(const Descriptor& memory, const ResourceLimits& limits, const std::function<void()>& body)
    : watch_(limits) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) fail("socketpair");
  channel_ = Descriptor(ends[0]);
  const Descriptor far_channel(ends[1]);
  auto [near_stderr, far_stderr] = make_pipe();
  stderr_ = std::move(near_stderr);
  const Descriptor nothing_in(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Descriptor nothing_out(open("/dev/null", O_WRONLY | O_CLOEXEC));
  const std::array<int, 5> descriptors = {nothing_in.get(), nothing_out.get(), far_stderr.get(), far_channel.get(),
                                          memory.get()};
  static_assert(channel_descriptor == 3 && memory_descriptor == 4);
  start(descriptors, body);
}

ChildProcess::ChildProcess(const ResourceLimits& limits, const std::function<void()>& body)
    : watch_(limits), streams_(true) {
  auto [far_stdin, near_stdin] = make_pipe();
  auto [near_stdout, far_stdout] = make_pipe();
  auto [near_stderr, far_stderr] = make_pipe();
  stdin_ = std::move(near_stdin);
  channel_ = std::move(near_stdout);
  stderr_ = std::move(near_stderr);
  for (const Descriptor* stream : {&stdin_, &channel_}) {
    make_nonblocking(*stream);
    fcntl(stream->get(), F_SETPIPE_SZ, pipe_size);  // refused where pipes are short of memory: it works all the same
  }
  const std::array<int, 3> descriptors = {far_stdin.get(), far_stdout.get(), far_stderr.get()};
  start(descriptors, body);
}

void ChildProcess::start(std::span<const int> descriptors, const std::function<void()>& body) {
  make_nonblocking(stderr_);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) {
    become_child(parent, descriptors, watch_);
    try {
      body();
    } catch (...) {
      _exit(1);
    }
    _exit(0);
  }
  setpgid(pid_, pid_);  // whoever of the two comes first
  next_look_ = std::chrono::steady_clock::now() + look_at_use;
}

ChildProcess::~ChildProcess() {
  // The child is not reaped before the group is killed, so the number cannot be another's.
  kill(-pid_, SIGKILL);
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool ChildProcess::send(std::span<const std::byte> message) {
  ssize_t sent = 0;
  do {
    sent = ::send(channel_.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(message.size());
}

ChildProcess::Event ChildProcess::receive(std::span<std::byte> buffer, std::size_t& size, Deadline deadline) {
  std::span<const std::byte> nothing;
  return transfer(nothing, buffer, size, deadline);
}

ChildProcess::Event ChildProcess::transfer(std::span<const std::byte>& unsent, std::span<std::byte> buffer,
                                           std::size_t& size, Deadline deadline) {
  bool over = false;
  while (true) {
    if (streams_ && buffer.empty()) {
      size = 0;
      if (unsent.empty()) return Event::message;
    } else if (channel_open_) {
      const ssize_t got = streams_ ? read(channel_.get(), buffer.data(), buffer.size())
                                   : recv(channel_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT | MSG_TRUNC);
      if (got > 0) {
        drain();
        size = static_cast<std::size_t>(got);
        return Event::message;
      }
      // An empty message is none that we ever send: like an end of file, nothing more is expected of such a child.
      if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        channel_open_ = false;
        if (streams_) deadline = std::min(deadline, std::chrono::steady_clock::now() + time_to_end);
      }
    }
    if (over) {
      drain();
      return Event::ended;
    }
    const Deadline now = std::chrono::steady_clock::now();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
    if (left <= 0ms) return Event::timeout;
    if (now >= next_look_) look();
    if (!unsent.empty()) {
      const ssize_t sent = write_quietly(stdin_.get(), unsent);
      if (sent > 0) unsent = unsent.subspan(static_cast<std::size_t>(sent));
      // Whoever closes its stdin has nothing more to be sent; it may answer, or end.
      if (sent < 0 && errno != EAGAIN && errno != EINTR) unsent = {};
    }

    std::array<pollfd, 3> watched = {pollfd{channel_open_ ? channel_.get() : -1, POLLIN, 0},
                                     pollfd{stderr_open_ ? stderr_.get() : -1, POLLIN, 0},
                                     pollfd{unsent.empty() ? -1 : stdin_.get(), POLLOUT, 0}};
    // A closed channel mostly means that the end is microseconds away.
    const auto wait = std::min<std::chrono::milliseconds>(left, channel_open_ ? look_again : 1ms);
    const int events = poll(watched.data(), watched.size(), static_cast<int>(wait.count()));
    if (events > 0 && watched[1].revents != 0) drain();
    // Its end seen, one more look for a message that it sent before.
    if (events <= 0 || !channel_open_ || (watched[0].revents & POLLHUP) != 0 || watched[0].revents == 0) over = ended();
  }
}

void ChildProcess::dismiss(Deadline deadline) {
  stdin_.reset();
  std::array<std::byte, 4096> ignored;
  std::span<const std::byte> nothing;
  std::size_t size = 0;
  while (std::chrono::steady_clock::now() < deadline && transfer(nothing, ignored, size, deadline) == Event::message) {
  }
}

void ChildProcess::drain() {
  // Bounded, so that a child that never stops writing cannot keep us here.
  std::array<char, 65536> chunk;
  for (int round = 0; round < 16 && stderr_open_; ++round) {
    const ssize_t got = read(stderr_.get(), chunk.data(), chunk.size());
    if (got < 0) return;
    if (got == 0) stderr_open_ = false;
    said_.append(chunk.data(), static_cast<std::size_t>(got));
    if (said_.size() > kept_of_stderr) said_.erase(0, said_.size() - kept_of_stderr);
  }
}

void ChildProcess::look() {
  if (!excess_.empty()) return;
  excess_ = watch_.excess(pid_);
  if (!excess_.empty()) kill(-pid_, SIGKILL);
  next_look_ = std::chrono::steady_clock::now() + look_at_use;
}

std::string ChildProcess::excess() const { return excess_.empty() ? watch_.excess_told_by(end().signal) : excess_; }

bool ChildProcess::ended() const {
  siginfo_t info{};
  const int result = waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  return result != 0 ? errno == ECHILD : info.si_pid == pid_;
}

ChildProcess::End ChildProcess::end() const {
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != pid_) return {};
  return info.si_code == CLD_EXITED ? End{0, info.si_status} : End{info.si_status, 0};
}

std::string ChildProcess::End::text() const {
  const auto named = [](int number) {
    const char* name = sigabbrev_np(number);
    return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(number);
  };
  if (signal != 0) return named(signal);
  // How a shell tells of the signal that ended what it ran.
  const bool shells = status > 128 && status < 128 + NSIG;
  return "exited with status " + std::to_string(status) + (shells ? " (128 + " + named(status - 128) + ")" : "");
}

}  // namespace lossaudit
