// Subjects that misbehave when they are called: each is one way in which a stranger's code can go wrong.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cfenv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "audit/library_host.hpp"
#include "property_tests/faults/echo.hpp"

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace {

using Contract = lossaudit_contract;
using Tensors = lossaudit_tensors;

/// Results of all these subjects are f64.
double* result(const Tensors* t) { return static_cast<double*>(t->result); }

int give(const Tensors* t, double value) {
  std::fill_n(result(t), t->result_count, value);
  return LOSSAUDIT_OK;
}

/// A number that the compiler cannot see through.
template <typename Value>
Value opaque(Value value) {
  volatile Value hidden = value;
  return hidden;
}

int segfault(const Contract*, const Tensors*) {
  *opaque<volatile int*>(nullptr) = 1;
  return LOSSAUDIT_OK;
}
int abort_(const Contract*, const Tensors*) {
  std::fputs("first line\nassertion failed: \x1b[31mx > 0\n", stderr);
  std::abort();
}
int exit_0(const Contract*, const Tensors*) { std::exit(0); }
int exit_3(const Contract*, const Tensors*) { std::exit(3); }
int hang(const Contract*, const Tensors*) {
  while (true) pause();
}
int spin(const Contract*, const Tensors*) {
  while (opaque(true)) {
  }
  return LOSSAUDIT_OK;
}
int stop(const Contract*, const Tensors*) {
  raise(SIGSTOP);
  return LOSSAUDIT_OK;
}
/// Catches what can be caught, then hangs.
int stubborn(const Contract*, const Tensors*) {
  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_IGN);
  while (true) pause();
}
int sigfpe(const Contract*, const Tensors* t) {
  feenableexcept(FE_DIVBYZERO);
  return give(t, 1 / opaque(0.0));
}
int sigill(const Contract*, const Tensors*) { __builtin_trap(); }
int deep(const Contract* c, const Tensors* t) {
  volatile char space[4096] = {};
  const int below = opaque(true) ? deep(c, t) : 0;
  return below + space[opaque(7)];
}
int status_77(const Contract*, const Tensors*) { return 77; }
int refuses(const Contract*, const Tensors*) { return LOSSAUDIT_UNSUPPORTED; }
int fails(const Contract*, const Tensors*) { return LOSSAUDIT_FAILED; }
int unwritten(const Contract*, const Tensors*) { return LOSSAUDIT_OK; }
int throws(const Contract*, const Tensors*) {
  throw std::runtime_error("no luck\n\x1b[2Jtoday " + std::string(10000, 'y'));
}
int throws_int(const Contract*, const Tensors*) { throw 7; }

int writes_past(const Contract*, const Tensors* t) {
  opaque(result(t))[t->result_count] = 1;
  return give(t, 1);
}
int writes_far_past(const Contract*, const Tensors* t) {
  for (std::size_t i = 0; i < std::size_t{1} << 40; ++i) opaque(result(t))[i] = 1;
  return LOSSAUDIT_OK;
}
int writes_before(const Contract*, const Tensors* t) {
  opaque(result(t))[-1] = 1;
  return give(t, 1);
}
int writes_input(const Contract*, const Tensors* t) {
  *const_cast<double*>(static_cast<const double*>(opaque(t->output))) = 1;
  return give(t, 1);
}
int reads_past(const Contract*, const Tensors* t) {
  return give(t, static_cast<const double*>(opaque(t->output))[t->outer * t->classes * t->inner]);
}

int chatter(const Contract*, const Tensors* t) {
  const std::string line(1023, '#');
  for (int i = 0; i < 100 * 1024; ++i) {
    std::fprintf(stderr, "%s\n", line.c_str());
    if (i % 8 == 0) std::printf("%s\n", line.c_str());
  }
  return give(t, 1);
}
int chatter_for_ever(const Contract*, const Tensors*) {
  while (true) std::fputs("still here\n", stderr);
}
int asks_stdin(const Contract*, const Tensors* t) { return give(t, std::getchar() == EOF ? 1 : 0); }

/// Gives 1/3, tiny / 2 and whether inexact results trap, then spoils the environment for the next.
int environment(const Contract*, const Tensors* t) {
  const double third = opaque(1.0) / opaque(3.0);
  const double subnormal = opaque(2.2250738585072014e-308) / opaque(2.0);
  for (std::size_t i = 0; i < t->result_count; ++i) result(t)[i] = i % 2 == 0 ? third : subnormal;
  std::fesetround(FE_UPWARD);
#if defined(__SSE__)
  _mm_setcsr(_mm_getcsr() | 0x8040);  // flush to zero, and take subnormals for zero
#endif
  return LOSSAUDIT_OK;
}

/// A grandchild that outlives the call and keeps every descriptor open. Results are the numbers of both processes.
int grandchild(const Contract*, const Tensors* t) {
  const pid_t below = fork();
  if (below == 0) {
    std::signal(SIGTERM, SIG_IGN);
    while (true) pause();
  }
  for (std::size_t i = 0; i < t->result_count; ++i) result(t)[i] = i % 2 == 0 ? getpid() : below;
  return LOSSAUDIT_OK;
}
int grandchild_then_crash(const Contract* c, const Tensors* t) {
  grandchild(c, t);
  return segfault(c, t);
}
int crash_later(const Contract*, const Tensors* t) {
  std::thread([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::abort();
  }).detach();
  return give(t, 1);
}

int closes_descriptors(const Contract*, const Tensors* t) {
  for (int fd = 0; fd < 256; ++fd) close(fd);
  return give(t, 1);
}
int writes_descriptors(const Contract*, const Tensors* t) {
  for (int fd = 3; fd < 256; ++fd) [[maybe_unused]] const ssize_t sent = write(fd, "garbage", 7);
  return give(t, 1);
}
/// Says that the call has returned while it has not.
int forges_reply(const Contract*, const Tensors* t) {
  const lossaudit::Reply forged{};
  for (int fd = 3; fd < 256; ++fd) send(fd, &forged, sizeof forged, MSG_NOSIGNAL);
  return give(t, 1);
}
int floods_descriptors(const Contract*, const Tensors* t) {
  const std::vector<char> large(100000, 'x');
  for (int i = 0; i < 1000; ++i) send(3, large.data(), large.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return give(t, 1);
}
/// How many descriptors it was left with, beside the standard ones.
int counts_descriptors(const Contract*, const Tensors* t) {
  int open = 0;
  for (int fd = 3; fd < 1024; ++fd) open += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  return give(t, open);
}
int truncates_memory(const Contract*, const Tensors* t) {
  give(t, 1);
  bool shrunk = false;
  for (int fd = 3; fd < 256; ++fd) shrunk = shrunk || ftruncate(fd, 0) == 0;
  return shrunk ? LOSSAUDIT_FAILED : LOSSAUDIT_OK;
}
int own_pid(const Contract*, const Tensors* t) { return give(t, getpid()); }
int takes_memory(const Contract*, const Tensors* t) {
  for (std::size_t taken = 0; taken < std::size_t{8} << 30; taken += 1 << 20) {
    std::fill_n(opaque(new char[1 << 20]), 1 << 20, 'x');  // NOLINT: kept, and never given back
  }
  return give(t, 1);
}
int fills_a_file(const Contract*, const Tensors* t) {
  std::FILE* file = std::tmpfile();
  const std::vector<char> block(1 << 20, 'x');
  for (int i = 0; i < 1000; ++i) std::fwrite(block.data(), 1, block.size(), file);
  return give(t, 1);
}
int out_of_memory(const Contract*, const Tensors*) { throw std::bad_alloc(); }

constexpr const char* sigmoid_f64[] = {"sigmoid exact f64 forward  # misbehaves", nullptr};

struct Fault {
  const char* name;
  int (*compute)(const Contract*, const Tensors*);
};
constexpr Fault faults[] = {
    {"segfault", segfault},
    {"abort", abort_},
    {"exit_0", exit_0},
    {"exit_3", exit_3},
    {"hang", hang},
    {"spin", spin},
    {"stop", stop},
    {"stubborn", stubborn},
    {"sigfpe", sigfpe},
    {"sigill", sigill},
    {"deep", deep},
    {"status_77", status_77},
    {"refuses", refuses},
    {"fails", fails},
    {"unwritten", unwritten},
    {"throws", throws},
    {"throws_int", throws_int},
    {"writes_past", writes_past},
    {"writes_far_past", writes_far_past},
    {"writes_before", writes_before},
    {"writes_input", writes_input},
    {"reads_past", reads_past},
    {"chatter", chatter},
    {"chatter_for_ever", chatter_for_ever},
    {"asks_stdin", asks_stdin},
    {"environment", environment},
    {"grandchild", grandchild},
    {"grandchild_then_crash", grandchild_then_crash},
    {"crash_later", crash_later},
    {"closes_descriptors", closes_descriptors},
    {"writes_descriptors", writes_descriptors},
    {"forges_reply", forges_reply},
    {"floods_descriptors", floods_descriptors},
    {"counts_descriptors", counts_descriptors},
    {"truncates_memory", truncates_memory},
    {"own_pid", own_pid},
    {"out_of_memory", out_of_memory},
    {"takes_memory", takes_memory},
    {"fills_a_file", fills_a_file},
};
constexpr std::size_t fault_count = std::size(faults);

/// A fault that strikes on every call but the ones whose first input is 0: there the subject gives 1/2.
template <std::size_t index>
int unless_zero(const Contract* c, const Tensors* t) {
  if (*static_cast<const double*>(t->output) == 0) return give(t, 0.5);
  return faults[index].compute(c, t);
}

template <std::size_t... index>
constexpr std::array<lossaudit_subject, fault_count + 2> table_of(std::index_sequence<index...>) {
  return {lossaudit_subject{LOSSAUDIT_ABI_VERSION, faults[index].name, "1", sigmoid_f64, unless_zero<index>}...,
          lossaudit::faults::copy_subject, lossaudit::faults::fingerprint_subject};
}

constexpr auto table = table_of(std::make_index_sequence<fault_count>());

}  // namespace

const lossaudit_subject* lossaudit_subject_at(std::size_t index) {
  return index < table.size() ? &table[index] : nullptr;
}
