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
#include <system_error>
#include <utility>

namespace lossaudit {
namespace {

using namespace std::chrono_literals;

/// How often the child is looked at when nothing is heard from it: a grandchild that holds the channel hides its end.
constexpr auto look_again = 20ms;
constexpr std::size_t kept_of_stderr = 4096;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

/// Everything that the child must do before it touches a stranger's code. Async-signal-safe up to the memory allocator:
/// the parent may have threads.
void become_child(pid_t parent, int channel, int memory, int errors) {
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
  const std::array<int, 5> wanted = {open("/dev/null", O_RDONLY | O_CLOEXEC), open("/dev/null", O_WRONLY | O_CLOEXEC),
                                     errors, channel, memory};
  std::array<int, 5> moved{};
  for (std::size_t i = 0; i < wanted.size(); ++i) moved[i] = fcntl(wanted[i], F_DUPFD_CLOEXEC, above);
  for (std::size_t i = 0; i < wanted.size(); ++i) dup2(moved[i], static_cast<int>(i));
  fcntl(ChildProcess::channel_descriptor, F_SETFD, FD_CLOEXEC);
  fcntl(ChildProcess::memory_descriptor, F_SETFD, FD_CLOEXEC);
  closefrom(ChildProcess::memory_descriptor + 1);

  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  // When memory runs out, the stranger goes first.
  if (const int adjust = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); adjust >= 0) {
    [[maybe_unused]] const ssize_t written = write(adjust, "1000", 4);
    close(adjust);
  }
  // Exit handlers run last in, first out: the library's own, then this one, and never those of the parent.
  on_exit([](int status, void*) { _exit(status); }, nullptr);
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

ChildProcess::ChildProcess(const Descriptor& memory, const std::function<void()>& body) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) fail("socketpair");
  channel_ = Descriptor(ends[0]);
  const Descriptor far_channel(ends[1]);
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe2");
  stderr_ = Descriptor(ends[0]);
  const Descriptor far_stderr(ends[1]);
  if (fcntl(stderr_.get(), F_SETFL, O_NONBLOCK) != 0) fail("fcntl");

  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) {
    become_child(parent, far_channel.get(), memory.get(), far_stderr.get());
    try {
      body();
    } catch (...) {
      _exit(1);
    }
    _exit(0);
  }
  setpgid(pid_, pid_);  // whoever of the two comes first
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
  bool over = false;
  while (true) {
    if (channel_open_) {
      const ssize_t got = recv(channel_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT | MSG_TRUNC);
      if (got > 0) {
        drain();
        size = static_cast<std::size_t>(got);
        return Event::message;
      }
      // An empty message is none that we ever send: like an end of file, nothing more is expected of such a child.
      if (got == 0 || (errno != EAGAIN && errno != EINTR)) channel_open_ = false;
    }
    if (over) {
      drain();
      return Event::ended;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left <= 0ms) return Event::timeout;

    std::array<pollfd, 2> watched = {pollfd{channel_open_ ? channel_.get() : -1, POLLIN, 0},
                                     pollfd{stderr_open_ ? stderr_.get() : -1, POLLIN, 0}};
    // A closed channel mostly means that the end is microseconds away.
    const auto wait = std::min<std::chrono::milliseconds>(left, channel_open_ ? look_again : 1ms);
    const int events = poll(watched.data(), watched.size(), static_cast<int>(wait.count()));
    if (events > 0 && watched[1].revents != 0) drain();
    // Its end seen, one more look for a message that it sent before.
    if (events <= 0 || !channel_open_ || (watched[0].revents & POLLHUP) != 0 || watched[0].revents == 0) over = ended();
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
  if (signal == 0) return "exited with status " + std::to_string(status);
  const char* name = sigabbrev_np(signal);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

}  // namespace lossaudit
